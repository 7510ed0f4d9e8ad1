//! Shared by the benchmarks: the gateway in a separate process, cheap clients, and statistics.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The gateway on a database in a temporary folder, or on the servers in its configuration.
pub struct Gateway {
    child: Child,
    pub address: SocketAddr,
    _folder: Option<TempDir>,
}

impl Gateway {
    pub fn start(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        diglot(folder.path(), settings, &["migrate"]);
        diglot(folder.path(), settings, &["app", "create", "default"]);
        let mut child = command(folder.path(), settings, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("listening on")).unwrap();
        let address = line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        Self { child, address, _folder: Some(folder) }
    }

    /// The resident set size.
    pub fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The CPU time since its start.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn command(folder: &Path, settings: &[(&str, &str)], args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diglot"));
    command
        .current_dir(folder)
        .env_clear()
        .envs([
            ("DIGLOT_LISTEN", "127.0.0.1:0"),
            ("DIGLOT_WEB_LISTEN", ""),
            ("DIGLOT_OPS_LISTEN", ""),
            ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef"),
            ("DIGLOT_LOG", "warn,diglot::cli=info"),
            ("DIGLOT_SOCKETS_PER_SOURCE", "100000"),
        ])
        .envs(settings.iter().copied())
        .args(args);
    command
}

fn diglot(folder: &Path, settings: &[(&str, &str)], args: &[&str]) {
    let output = command(folder, settings, args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || error.contains("already"), "{args:?}: {error}");
}

/// A connection that sends one request at a time.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    /// Sends a request and returns the body of the answer, which must be a success.
    pub async fn send(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.unwrap();
        let mut filled = 0;
        loop {
            filled += match self.stream.read(&mut self.buffer[filled..]).await.unwrap() {
                0 => panic!("closed"),
                length => length,
            };
            let Some(head) = self.buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            let name = "content-length: ";
            let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name)?.parse().ok());
            let end = head + 4 + length.unwrap_or(0);
            while filled < end {
                filled += self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            }
            return &self.buffer[head + 4..end];
        }
    }
}

pub fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, "")
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{text}\r\n{body}").into_bytes()
}

async fn post(connection: &mut Connection, path: &str, body: &Value) -> Value {
    let headers = [("app_id", "default"), ("content-type", "application/json")];
    let answer = connection.send(&request("POST", path, &headers, &body.to_string())).await;
    serde_json::from_slice(answer).unwrap()
}

/// The ids and tokens of new users.
pub async fn users(address: SocketAddr, count: usize) -> Vec<(i64, String)> {
    let mut connection = Connection::open(address).await;
    let run = std::process::id();
    let mut users = Vec::new();
    for number in 0..count {
        let (name, password) = (format!("bench_{run}_{number}"), "correct horse");
        post(&mut connection, "/user/register/v2", &json!({"username": name, "password": password})).await;
        let login = post(&mut connection, "/token/user", &json!({"name": name, "password": password})).await;
        let data = &login["data"];
        users.push((data["user_id"].as_i64().unwrap(), data["token"].as_str().unwrap().to_owned()));
    }
    users
}

/// The throughput and latencies of a load test.
pub struct Load {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// Sends `requests` in turn over `connections` concurrent connections.
pub async fn load(address: SocketAddr, requests: &[Vec<u8>], connections: usize, duration: Duration) -> Load {
    let started = Instant::now();
    let clients = (0..connections).map(|number| async move {
        let mut connection = Connection::open(address).await;
        let mut times = Vec::new();
        for request in requests.iter().cycle().skip(number) {
            let sent = Instant::now();
            if sent.duration_since(started) > duration {
                break;
            }
            connection.send(request).await;
            times.push(sent.elapsed());
        }
        times
    });
    let mut times: Vec<Duration> = futures_util::future::join_all(clients).await.into_iter().flatten().collect();
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    Load { per_second: times.len() as f64 / started.elapsed().as_secs_f64(), p50: at(0.5), p99: at(0.99) }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
