//! Processes: starting them, and what the kernel knows about them.

use std::{
    env, fs,
    process::{Child, Command},
    time::Duration,
};

/// This executable again, in another role.
pub fn own(args: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(args);
    command
}

/// A process that ends with the benchmark.
pub struct Server(pub Child);

impl Server {
    /// The processor time since its start.
    pub fn cpu(&self) -> Duration {
        cpu(self.0.id()).unwrap()
    }

    /// The memory in use, in MiB.
    pub fn rss_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn cpu(id: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The command, in brackets, may have spaces.
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The processor time of all processes of a program, such as `postgres` or `redis-server`.
pub fn cpu_of_all(program: &str) -> Duration {
    let ids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == program))
        .filter_map(cpu)
        .sum()
}
