//! Shared by the benchmarks: the processes that they start (gateways, the floor, load generators) and statistics.
//!
//! A benchmark starts its own executable again for the floor and for each load generator, so that the processor time of
//! each is its own; [`play_role`] is where such a process begins.

pub mod client;
pub mod dependencies;
pub mod exchange;
pub mod floor;
pub mod gateway;
pub mod process;

use std::env;

/// Runs the part that this process was started for, and ends it; returns in the process that `cargo bench` starts.
pub fn play_role() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", folder] => floor::serve(folder.as_ref()),
        ["client", address, connections, seconds, file] => client::run(&client::Plan {
            address: address.parse().unwrap(),
            connections: connections.parse().unwrap(),
            seconds: seconds.parse().unwrap(),
            exchanges: exchange::read(file.as_ref()),
        }),
        ["bare", dependency, url, key] => dependencies::run(dependency, url, key),
        _ => return,
    }
    std::process::exit(0);
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
