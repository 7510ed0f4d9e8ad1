//! Nodes of the gateway with accounts, as an operator would run them: default settings, and the log in a file.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{exchange, process::Server};

pub const PASSWORD: &str = "correct horse battery";
pub const TENANT: &str = "default";
const LOG: &str = "diglot.log";

/// The settings of a node beside the addresses that it listens on.
pub type Settings = Vec<(&'static str, String)>;

/// An account. Its display name is its login name in other words ([`Account::shown_name`]).
pub struct Account {
    pub id: i64,
    pub username: String,
}

impl Account {
    /// What the display name begins with, also after a change.
    pub fn shown_name(&self) -> String {
        self.username.replace("bench_", "Bench ")
    }
}

pub struct Gateway {
    pub process: Server,
    pub app: SocketAddr,
    pub web: SocketAddr,
    /// From its start until it was ready.
    pub start_took: Duration,
}

impl Gateway {
    pub fn start(folder: &Path, settings: &Settings) -> Self {
        let started = Instant::now();
        let log = File::create(folder.join(LOG)).unwrap();
        let child = command(folder, settings, &["serve"]).stderr(log).spawn().unwrap();
        let process = Server(child);
        let text = loop {
            let text = fs::read_to_string(folder.join(LOG)).unwrap();
            if text.contains("ready: ") {
                break text;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{text}");
            thread::sleep(Duration::from_millis(1));
        };
        let start_took = started.elapsed();
        let address = |name: &str| {
            let line = text.lines().find(|line| line.ends_with(&format!("({name})"))).expect(name);
            line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
        };
        Self { process, app: address("app"), web: address("web"), start_took }
    }

    /// The data of an answer of the admin API.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Value {
        let headers = [&[("app_id", TENANT), ("content-type", "application/json")], headers].concat();
        let answer = get(self.app, &exchange::request(method, path, &headers, body.to_string().as_bytes()));
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["code"], 200, "{answer}");
        answer["data"].take()
    }

    /// Logs accounts in and returns their tokens.
    pub fn log_in(&self, accounts: &[Account]) -> Vec<String> {
        let token = |account: &Account| {
            let body = json!({"name": account.username, "password": PASSWORD});
            self.call("POST", "/token/user", &[], &body)["token"].as_str().unwrap().to_owned()
        };
        accounts.iter().map(token).collect()
    }
}

/// Sends a request on a connection of its own and returns the body of the answer.
pub fn get(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    stream.write_all(&[&request[..end], b"\r\nconnection: close", &request[end..]].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

fn command(folder: &Path, settings: &Settings, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diglot"));
    command
        .current_dir(folder)
        .env_clear()
        .envs([
            ("DIGLOT_LISTEN", "127.0.0.1:0"),
            ("DIGLOT_WEB_LISTEN", "127.0.0.1:0"),
            ("DIGLOT_OPS_LISTEN", "127.0.0.1:0"),
            ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef"),
        ])
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .args(args)
        .stdin(Stdio::null());
    command
}

fn run(folder: &Path, settings: &Settings, args: &[&str]) -> Output {
    let output = command(folder, settings, args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Creates the database and an app with `count` accounts; returns how many were imported per second.
pub fn create(folder: &Path, settings: &Settings, count: usize) -> f64 {
    run(folder, settings, &["migrate"]);
    run(folder, settings, &["app", "create", TENANT]);
    let hash = bcrypt::hash(PASSWORD, 10).unwrap();
    let mut file = "username,nickname,password_hash\n".to_owned();
    for number in 0..count {
        writeln!(file, "bench_{number:07},Bench {number:07},{hash}").unwrap();
    }
    fs::write(folder.join("accounts.csv"), file).unwrap();
    let started = Instant::now();
    run(folder, settings, &["user", "import", "--app", TENANT, "accounts.csv"]);
    count as f64 / started.elapsed().as_secs_f64()
}

/// All accounts of the app.
pub fn accounts(folder: &Path, settings: &Settings) -> Vec<Account> {
    let output = run(folder, settings, &["user", "export", "--app", TENANT]);
    let records = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let account = |line: &[u8]| {
        let record: Value = serde_json::from_slice(line).unwrap();
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        Account { id: record["user_id"].as_i64().unwrap(), username: text("username") }
    };
    records.map(account).collect()
}

/// A token of an operator.
pub fn admin_token(folder: &Path, settings: &Settings) -> String {
    let output = run(folder, settings, &["admin-token", "create", "--app", TENANT, "--name", "bench", "--json"]);
    let created: Value = serde_json::from_slice(&output.stdout).unwrap();
    created["token"].as_str().unwrap().to_owned()
}
