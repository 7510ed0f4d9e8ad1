//! One, two and four nodes on one PostgreSQL and one Redis: what each request costs the nodes and the servers, and what
//! the nodes cost them without requests.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    contestant::Contestant,
    database::Database,
    paths::PATHS,
    support::{
        client::Running,
        gateway::{Gateway, Settings},
        process::cpu_of_all,
    },
};
use tempfile::TempDir;

const ACCOUNTS: usize = 100_000;
const SECONDS: f64 = 5.0;
const IDLE: Duration = Duration::from_secs(20);

/// Over all nodes together.
const CONNECTIONS: usize = 32;

/// Numbers in [`PATHS`].
const MEASURED: [usize; 3] = [0, 3, 6];

pub fn run(settings: &Settings, database: &Database, redis: &str) {
    let mut first = Contestant::prepare("PostgreSQL + Redis", settings, ACCOUNTS);
    let mut others: Vec<(Gateway, TempDir)> = Vec::new();
    let mut table = String::new();
    let mut idle_table = String::new();
    for count in [1, 2, 4] {
        while others.len() + 1 < count {
            let folder = tempfile::tempdir().unwrap();
            others.push((Gateway::start(folder.path(), settings), folder));
        }
        let files = MEASURED.map(|number| (number, first.next_round(number)));
        let nodes: Vec<&Gateway> = [&first.gateway].into_iter().chain(others.iter().map(|(node, _)| node)).collect();
        for (number, file) in files {
            table.push_str(&under_load(&nodes, PATHS[number].name, &file));
        }
        idle_table.push_str(&idle(&nodes, database, redis));
    }
    println!(
        "| | nodes | requests/s | CPU of the nodes | of PostgreSQL | of Redis |\n|---|---|---|---|---|---|\n{table}\n\
         Without requests, per second:\n\n\
         | nodes | CPU of a node | CPU of PostgreSQL | transactions/s | connections | CPU of Redis | commands/s |\n\
         |---|---|---|---|---|---|---|\n{idle_table}"
    );
}

/// Loads all nodes at once, and returns a row of the table.
fn under_load(nodes: &[&Gateway], name: &str, file: &Path) -> String {
    let count = nodes.len();
    let begun: Vec<Running> = thread::scope(|scope| {
        let start = |node: &&Gateway| {
            let address = node.app;
            scope.spawn(move || Running::start(address, CONNECTIONS / count, SECONDS, file))
        };
        let starting: Vec<_> = nodes.iter().map(start).collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let before = Spent::until_now(nodes);
    let loads: Vec<_> = begun.into_iter().map(Running::finish).collect();
    let spent = Spent::until_now(nodes).since(&before);
    let requests: u64 = loads.iter().map(|load| load.requests).sum();
    let rate: f64 = loads.iter().map(|load| load.per_second).sum();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
    format!(
        "| {name} | {count} | {rate:.0} | {:.0} µs | {:.0} µs | {:.0} µs |\n",
        each(spent.nodes),
        each(spent.postgres),
        each(spent.redis)
    )
}

/// Processor time.
struct Spent {
    nodes: Duration,
    postgres: Duration,
    redis: Duration,
}

impl Spent {
    fn until_now(nodes: &[&Gateway]) -> Self {
        Self {
            nodes: nodes.iter().map(|node| node.process.cpu()).sum(),
            postgres: cpu_of_all("postgres"),
            redis: cpu_of_all("redis-server"),
        }
    }

    /// Saturating, since a process of PostgreSQL that ends takes its time with it.
    fn since(&self, before: &Self) -> Self {
        Self {
            nodes: self.nodes.saturating_sub(before.nodes),
            postgres: self.postgres.saturating_sub(before.postgres),
            redis: self.redis.saturating_sub(before.redis),
        }
    }
}

fn idle(nodes: &[&Gateway], database: &Database, redis: &str) -> String {
    let commands = || {
        let mut connection = redis::Client::open(redis).unwrap().get_connection().unwrap();
        let info: redis::InfoDict = redis::cmd("INFO").query(&mut connection).unwrap();
        info.get::<u64>("total_commands_processed").unwrap()
    };
    // PostgreSQL's counters are up to ten seconds late.
    thread::sleep(Duration::from_secs(12));
    let (transactions, commands_before) = (database.transactions(), commands());
    let (before, started) = (Spent::until_now(nodes), Instant::now());
    thread::sleep(IDLE);
    let spent = Spent::until_now(nodes).since(&before);
    let seconds = started.elapsed().as_secs_f64();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0 / seconds;
    format!(
        "| {} | {:.1} ms | {:.1} ms | {:.0} | {} | {:.1} ms | {:.0} |\n",
        nodes.len(),
        ms(spent.nodes) / nodes.len() as f64,
        ms(spent.postgres),
        (database.transactions() - transactions) as f64 / seconds,
        database.connections(),
        ms(spent.redis),
        (commands() - commands_before) as f64 / seconds
    )
}
