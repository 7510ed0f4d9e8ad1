//! The development mode in a separate process.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::signal;

/// `diglot serve --dev` in a folder of its own.
pub struct Dev {
    child: Child,
    /// What it printed.
    pub lines: Vec<String>,
    folder: TempDir,
}

impl Dev {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_diglot"));
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0"]);
        command.args(["--ops-listen", ""]).current_dir(folder.path()).env_clear();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // The last request ends with this line.
        let mut is_last = false;
        let lines = lines.take_while(|line| !std::mem::replace(&mut is_last, line.contains("user_id: 1"))).collect();
        Self { child, lines, folder }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What was printed after `label`.
    pub fn printed(&self, label: &str) -> String {
        self.lines.iter().find_map(|line| line.split_once(label)).expect(label).1.trim().to_owned()
    }

    /// What was logged after `label`, last and up to a space; waits for it.
    pub fn logged(&self, label: &str) -> String {
        self.found_in_log(label, |lines| {
            let (_, found) = lines.rsplit_once(label)?;
            Some(found.split([' ', '\n']).next().unwrap().to_owned())
        })
    }

    /// The address of the listener `app` or `web`.
    pub fn address(&self, listener: &str) -> String {
        let label = format!("({listener})");
        self.found_in_log(&label, |lines| {
            let line = lines.lines().find(|line| line.contains(&label))?;
            Some(line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned())
        })
    }

    /// What `find` finds in the complete lines of the log. Waits until it does, since lines are
    /// written in the background.
    fn found_in_log(&self, wanted: &str, find: impl Fn(&str) -> Option<String>) -> String {
        let started = Instant::now();
        loop {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
            let complete = log.rsplit_once('\n').map_or("", |(lines, _)| lines);
            if let Some(found) = find(complete) {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{wanted} is not in {log}");
            thread::yield_now();
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        signal(self.child.id(), "TERM");
        self.child.wait().unwrap();
    }
}
