//! What a node costs per request, as a multiple of the floor: bare actix and prost in a process of its own. Run by
//! `scripts/bench`, which says how.
//!
//! The load comes from another process, which checks every answer. All take turns in a random order, since machines are
//! noisy: only ratios within a round mean something, and of these the processor time per request of the server process
//! does not depend on the load generator.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark is not part of the gateway"
)]

mod contestant;
mod database;
mod nodes;
mod paths;
mod report;
mod sizes;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::HashMap, env, net::SocketAddr, path::PathBuf, thread};

use contestant::{Contestant, Measured, floor_file, measure};
use database::Database;
use paths::{Floor, PATHS, shuffle};
use support::{
    client::Running,
    dependencies, exchange, floor,
    gateway::{Settings, get},
    process::Server,
};
use tempfile::TempDir;

/// How much is measured.
struct Effort {
    accounts: usize,
    rounds: usize,
    seconds: f64,
    connections: &'static [usize],
}

const FULL: Effort = Effort { accounts: 100_000, rounds: 5, seconds: 2.0, connections: &[32, 256] };
const QUICK: Effort = Effort { accounts: 20_000, rounds: 3, seconds: 1.0, connections: &[32] };

/// What is measured in a round.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The floor, in one encoding.
    Floor(Floor),
    /// A contestant's path, both by number.
    Path(usize, usize),
}

/// All measurements of a subject with a number of connections, one a round.
pub type Results = HashMap<(Subject, usize), Vec<Measured>>;

/// The floor, running.
struct RunningFloor {
    process: Server,
    address: SocketAddr,
    protobuf: PathBuf,
    json: PathBuf,
    _folder: TempDir,
}

impl RunningFloor {
    /// With the bodies that the contestant answers.
    fn start(contestant: &Contestant) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = contestant.material.tokens[0].as_str();
        let headers = [("token", token)];
        let info = exchange::request("GET", "/v1/user/info", &headers, b"");
        let (protobuf, json) = (get(contestant.gateway.app, &info), get(contestant.gateway.web, &info));
        let (process, address) = floor::start(folder.path(), &protobuf);
        Self {
            process,
            address,
            protobuf: floor_file(folder.path(), "protobuf", &headers, &protobuf),
            json: floor_file(folder.path(), "json", &headers, &json),
            _folder: folder,
        }
    }

    fn measure(&self, encoding: Floor, connections: usize, seconds: f64) -> Measured {
        let file = match encoding {
            Floor::Protobuf => &self.protobuf,
            Floor::Json => &self.json,
        };
        measure(|| Running::start(self.address, connections, seconds, file), || self.process.cpu())
    }
}

/// The names of the contestants and the settings of their nodes.
fn settings(database: Option<&Database>, redis: Option<&String>) -> Vec<(&'static str, Settings)> {
    let mut all = vec![("SQLite + memory", Vec::new())];
    if let (Some(database), Some(redis)) = (database, redis) {
        let prefix = format!("diglot-bench-{}", std::process::id());
        let settings =
            vec![("DATABASE_URL", database.url()), ("REDIS_URL", redis.clone()), ("DIGLOT_REDIS_PREFIX", prefix)];
        all.push(("PostgreSQL + Redis", settings));
    }
    all
}

/// Everything measured, in turns.
fn run(effort: &Effort, contestants: &mut [Contestant]) -> Results {
    let floor = RunningFloor::start(&contestants[0]);
    let mut turns: Vec<(Subject, usize)> = Vec::new();
    for &connections in effort.connections {
        turns.extend([Floor::Protobuf, Floor::Json].map(|encoding| (Subject::Floor(encoding), connections)));
        for contestant in 0..contestants.len() {
            turns.extend((0..PATHS.len()).map(|path| (Subject::Path(contestant, path), connections)));
        }
    }
    let mut results = Results::new();
    for round in 1..=effort.rounds {
        eprintln!("round {round} of {}", effort.rounds);
        shuffle(&mut turns);
        for &(subject, connections) in &turns {
            let measured = match subject {
                Subject::Floor(encoding) => floor.measure(encoding, connections, effort.seconds),
                Subject::Path(contestant, path) => contestants[contestant].measure(path, connections, effort.seconds),
            };
            results.entry((subject, connections)).or_default().push(measured);
        }
    }
    results
}

fn main() {
    support::play_role();
    if env::args().any(|arg| arg == "sizes") {
        return sizes::run();
    }
    let is_quick = env::args().any(|arg| arg == "quick");
    let effort = if is_quick { QUICK } else { FULL };
    let [postgres, redis] = ["DIGLOT_TEST_DATABASE_URL", "DIGLOT_TEST_REDIS_URL"].map(|name| env::var(name).ok());
    let database = postgres.filter(|_| redis.is_some()).map(|server| Database::create(&server));
    let settings = settings(database.as_ref(), redis.as_ref());
    if env::args().any(|arg| arg == "nodes") {
        let (Some(database), Some(redis)) = (&database, &redis) else {
            panic!("several nodes need PostgreSQL and Redis")
        };
        return nodes::run(&settings[1].1, database, redis);
    }
    let mut contestants: Vec<Contestant> =
        settings.iter().map(|(name, settings)| Contestant::prepare(name, settings, effort.accounts)).collect();
    let results = run(&effort, &mut contestants);
    let cores = thread::available_parallelism().unwrap().get();
    let bare = bare(&contestants, database.as_ref(), redis.as_ref(), effort.accounts, cores);
    let logins: Vec<_> = contestants.iter().map(|contestant| contestant.measure_logins(4.0)).collect();
    let report =
        report::Report { effort: &effort, results: &results, contestants: &contestants, bare: &bare, logins: &logins };
    print!("{}", report.text());
    if !is_quick {
        std::fs::write("docs/benchmarks.md", report.document()).unwrap();
    }
}

/// The rates of the dependencies alone.
fn bare(
    contestants: &[Contestant],
    database: Option<&Database>,
    redis: Option<&String>,
    accounts: usize,
    cores: usize,
) -> Vec<(&'static str, f64)> {
    let last = accounts.to_string();
    let sqlite = contestants[0].sqlite_file();
    let mut bare = vec![
        ("bcrypt at cost 10, on all cores", dependencies::measure("bcrypt", "", &cores.to_string())),
        (
            "a row of SQLite by primary key, through diesel, two threads",
            dependencies::measure("sqlite", sqlite.to_str().unwrap(), &last),
        ),
    ];
    if let Some(database) = database {
        let name = "a row of PostgreSQL by primary key, through diesel, eight connections";
        bare.push((name, dependencies::measure("postgres", &database.url(), &last)));
    }
    if let Some(redis) = redis {
        bare.push(("a GET of Redis, 32 in flight on one connection", dependencies::measure("redis", redis, &last)));
    }
    bare
}
