//! A node in a separate process.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use diglot::config::Flags;
use serde_json::Value;

use super::{
    Shell,
    log::{are_logs_searched, write_log},
    servers::signal,
};

/// A node that listens on loopback.
pub struct Node {
    child: Child,
    /// The address of its app face.
    pub address: String,
    /// The time from its start until it listened.
    pub started_in: Duration,
    log: Arc<Mutex<Vec<String>>>,
}

impl Node {
    /// Starts a node on the database and the state in `environment`.
    pub fn start(environment: &Flags) -> Self {
        let mut environment = environment.clone();
        if are_logs_searched() {
            environment.entry("DIGLOT_LOG").or_insert_with(|| "trace".to_owned());
        }
        Self::run(Command::new(env!("CARGO_BIN_EXE_diglot")).arg("serve"), &environment)
    }

    /// Starts a node in the folder of `shell`, with more arguments.
    pub fn in_folder(shell: &Shell, args: &[&str], environment: &Flags) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diglot"));
        Self::run(command.arg("serve").args(args).current_dir(shell.path()), environment)
    }

    /// Starts a node by another command.
    pub fn run(command: &mut Command, environment: &Flags) -> Self {
        let started = Instant::now();
        let anywhere = [("DIGLOT_LISTEN", "127.0.0.1:0"), ("DIGLOT_WEB_LISTEN", ""), ("DIGLOT_OPS_LISTEN", "")];
        let mut child = command
            .env_clear()
            .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")])
            .envs(anywhere)
            .envs(environment)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("listening on")).unwrap();
        let address = line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        // Keep reading, because the node would block once the pipe is full.
        thread::spawn(move || {
            lines.for_each(|line| {
                write_log(&line);
                kept.lock().unwrap().push(line);
            });
        });
        Self { child, address, started_in: started.elapsed(), log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) {
        signal(self.child.id(), "TERM");
        assert!(self.child.wait().unwrap().success(), "{:?}", self.log.lock().unwrap());
    }

    /// A line of its log that contains this text; waits for it.
    pub fn logged(&self, text: &str) -> String {
        let started = Instant::now();
        loop {
            if let Some(line) = self.log.lock().unwrap().iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{text} is not in {:?}", self.log.lock().unwrap());
            thread::yield_now();
        }
    }

    /// Its log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have exited already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An HTTP client for a thread.
pub fn agent() -> ureq::Agent {
    let patience = Some(Duration::from_secs(20));
    ureq::Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(patience).build().into()
}

/// The status and JSON of an answer; `None` without an answer.
pub fn post(agent: &ureq::Agent, url: &str, headers: &[(&str, &str)], body: &Value) -> Option<(u16, Value)> {
    let request = headers.iter().fold(agent.post(url), |request, (name, value)| request.header(*name, *value));
    let mut answer = request.header("accept", "application/json").send(body.to_string()).ok()?;
    let json = answer.body_mut().read_to_string().ok().and_then(|text| serde_json::from_str(&text).ok());
    Some((answer.status().as_u16(), json.unwrap_or(Value::Null)))
}
