//! The same operations on databases of different sizes (SQLite): a large one, and a node whose cache holds almost
//! nothing, so that it reads each account from the database.

use crate::{
    Measured,
    contestant::Contestant,
    paths::{PATHS, shuffle},
    support::median,
};

const FEW: usize = 100_000;
const MANY: usize = 1_000_000;
const ROUNDS: usize = 3;
const SECONDS: f64 = 2.0;
const CONNECTIONS: usize = 32;

pub fn run() {
    let small_cache = || vec![("DIGLOT_CACHE_MIB", "1".to_owned())];
    let mut contestants = [
        Contestant::prepare("100,000 accounts", &Vec::new(), FEW),
        Contestant::prepare("1,000,000 accounts", &Vec::new(), MANY),
        Contestant::prepare("100,000 accounts, hardly a cache", &small_cache(), FEW),
        Contestant::prepare("1,000,000 accounts, hardly a cache", &small_cache(), MANY),
    ];
    let mut results: Vec<Vec<Vec<Measured>>> = vec![vec![Vec::new(); contestants.len()]; PATHS.len()];
    let mut turns: Vec<(usize, usize)> =
        (0..PATHS.len()).flat_map(|path| (0..contestants.len()).map(move |number| (path, number))).collect();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        shuffle(&mut turns);
        for &(path, number) in &turns {
            results[path][number].push(contestants[number].measure(path, CONNECTIONS, SECONDS));
        }
    }
    println!(
        "| requests/s with | 100,000 accounts | 1,000,000 | share | 100,000, hardly a cache | 1,000,000 | share |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (path, of_path) in PATHS.iter().zip(&results) {
        let [few, many, uncached_few, uncached_many] = [0, 1, 2, 3].map(|number| &of_path[number]);
        println!("| {} | {} | {} |", path.name, compared(few, many), compared(uncached_few, uncached_many));
    }
    for contestant in &contestants {
        println!(
            "{}: {:.0} MiB after the load, import {:.0}/s",
            contestant.name,
            contestant.gateway.process.rss_mib(),
            contestant.imported_per_second
        );
    }
}

/// Both rates, and the second as a share of the first: the median of the rounds.
fn compared(first: &[Measured], second: &[Measured]) -> String {
    let rate = |rounds: &[Measured]| median(rounds.iter().map(|measured| measured.load.per_second).collect());
    let shares = first.iter().zip(second).map(|(first, second)| second.load.per_second / first.load.per_second);
    format!("{:.0} | {:.0} | {:.2}", rate(first), rate(second), median(shares.collect()))
}
