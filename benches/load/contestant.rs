//! A node on one pair of dependencies, with its accounts and the requests for it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{
    paths::{LOGGED_IN, Material, PATHS, logins},
    support::{
        client::{Load, Running},
        exchange,
        gateway::{self, Gateway, Settings},
    },
};

/// Requests are about as many accounts at most.
const MAX_ACCOUNTS: usize = 100_000;

/// What one measurement found.
#[derive(Clone, Copy)]
pub struct Measured {
    pub load: Load,
    /// Processor time of the server process per request, in microseconds.
    pub cpu_us: f64,
}

/// Logins per second.
pub struct Logins {
    pub alone: f64,
    /// Beside reads that keep the node busy.
    pub beside: f64,
    /// The 99th percentile of these reads.
    pub reads_p99_ms: f64,
}

pub struct Contestant {
    pub name: &'static str,
    pub gateway: Gateway,
    pub material: Material,
    pub imported_per_second: f64,
    pub idle_mib: f64,
    folder: TempDir,
}

impl Contestant {
    pub fn prepare(name: &'static str, settings: &Settings, accounts: usize) -> Self {
        eprintln!("{name}: importing {accounts} accounts");
        let folder = tempfile::tempdir().unwrap();
        let imported_per_second = gateway::create(folder.path(), settings, accounts);
        let admin_token = gateway::admin_token(folder.path(), settings);
        let mut accounts = gateway::accounts(folder.path(), settings);
        // Of a large database, accounts from all over it.
        let one_of = accounts.len().div_ceil(MAX_ACCOUNTS);
        accounts = accounts.into_iter().step_by(one_of).collect();
        let gateway = Gateway::start(folder.path(), settings);
        let idle_mib = gateway.process.rss_mib();
        let tokens = gateway.log_in(&accounts[..LOGGED_IN]);
        let material = Material { accounts, tokens, admin_token, round: 0 };
        let contestant = Self { name, gateway, material, imported_per_second, idle_mib, folder };
        for (number, path) in PATHS.iter().enumerate() {
            exchange::write(&contestant.file(number), (path.exchanges)(&contestant.material));
        }
        exchange::write(&contestant.logins(), logins(&contestant.material));
        contestant
    }

    /// The database, if it is an SQLite file.
    pub fn sqlite_file(&self) -> PathBuf {
        self.folder.path().join("diglot.db")
    }

    fn file(&self, path: usize) -> PathBuf {
        self.folder.path().join(format!("path-{path}"))
    }

    fn logins(&self) -> PathBuf {
        self.folder.path().join("logins")
    }

    /// Loads the node with one of [`PATHS`].
    pub fn measure(&mut self, number: usize, connections: usize, seconds: f64) -> Measured {
        let file = self.next_round(number);
        let address = if PATHS[number].is_web { self.gateway.web } else { self.gateway.app };
        let cpu = || self.gateway.process.cpu();
        measure(|| Running::start(address, connections, seconds, &file), cpu)
    }

    /// The exchanges of one of [`PATHS`], whose changes are different ones each time.
    pub fn next_round(&mut self, number: usize) -> PathBuf {
        let (file, path) = (self.file(number), &PATHS[number]);
        if path.is_write {
            self.material.round += 1;
            exchange::write(&file, (path.exchanges)(&self.material));
        }
        file
    }

    /// Measures logins alone, then beside reads.
    pub fn measure_logins(&self, seconds: f64) -> Logins {
        // The queue has room for these twice: what an ended load generator has sent is still in it.
        let connections = 4;
        let alone = Running::start(self.gateway.app, connections, seconds, &self.logins()).finish();
        let reads = Running::start(self.gateway.app, 32, seconds + 1.5, &self.file(0));
        let beside = Running::start(self.gateway.app, connections, seconds, &self.logins()).finish();
        Logins { alone: alone.per_second, beside: beside.per_second, reads_p99_ms: reads.finish().p99_ms }
    }
}

/// Runs a load, and takes the processor time of the server while it counts.
pub fn measure(start: impl FnOnce() -> Running, cpu: impl Fn() -> std::time::Duration) -> Measured {
    let running = start();
    let before = cpu();
    let load = running.finish();
    let spent = cpu().checked_sub(before).unwrap();
    Measured { load, cpu_us: spent.as_secs_f64() * 1e6 / load.requests as f64 }
}

/// The floor's exchanges: `path` with the body that it was started with.
pub fn floor_file(folder: &Path, path: &str, headers: &[(&str, &str)], body: &[u8]) -> PathBuf {
    let file = folder.join(format!("floor-{path}"));
    let request = exchange::request("GET", &format!("/{path}"), headers, b"");
    exchange::write(&file, [exchange::Exchange::new(request, &[body])]);
    file
}
