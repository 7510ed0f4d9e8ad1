//! The results as a table for the terminal and for `docs/benchmarks.md`.

use std::{fmt::Write as _, process::Command};

use crate::{
    Effort, Results, Subject,
    contestant::{Contestant, Logins, Measured},
    paths::{Floor, PATHS},
    support::median,
};

pub struct Report<'a> {
    pub effort: &'a Effort,
    pub results: &'a Results,
    pub contestants: &'a [Contestant],
    pub bare: &'a [(&'static str, f64)],
    /// Of each contestant.
    pub logins: &'a [Logins],
}

impl Report<'_> {
    /// The document: what was measured where and how, then the results.
    pub fn document(&self) -> String {
        let machine = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = machine.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("unknown");
        let cores = machine.lines().filter(|line| line.starts_with("processor\t")).count();
        format!(
            "# Benchmarks\n\n\
            Written by `scripts/bench`; [performance.md](performance.md) says what was found and changed.\n\n\
            - Date: {}. Commit: {}.\n\
            - Machine: {model}, {cores} cores, shared by the servers, their databases and the load generator. {}.\n\
            - {} accounts, {} rounds of {} s each, after 0.5 s of warm-up, in a random order. Default settings of a node, its \
            log in a file. Every answer is checked.\n\
            - The floor is actix with prost, or with serde_json, in a process of its own: it sends the body of `GET \
            /v1/user/info` and nothing else.\n\
            - \"Random of all\" begins without a cache, which has most of the accounts after the first rounds.\n\n{}",
            output("date", &["-u", "+%Y-%m-%d"]),
            output("git", &["rev-parse", "--short", "HEAD"]),
            output("rustc", &["--version"]),
            self.effort.accounts,
            self.effort.rounds,
            self.effort.seconds,
            self.text()
        )
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for &connections in self.effort.connections {
            writeln!(text, "## {connections} connections\n").unwrap();
            self.table(&mut text, connections);
        }
        self.logins(&mut text);
        self.memory(&mut text);
        text
    }

    /// Shares and multiples are medians of the rounds, each relative to the floor in the same round.
    fn table(&self, text: &mut String, connections: usize) {
        text.push_str("| | share of the floor's rate | multiple of its processor time | requests/s | CPU µs | p50 ms | p99 ms | goal |\n");
        text.push_str("|---|---|---|---|---|---|---|---|\n");
        for (name, encoding) in [("the floor, protobuf", Floor::Protobuf), ("the floor, JSON", Floor::Json)] {
            let floor = &self.results[&(Subject::Floor(encoding), connections)];
            writeln!(text, "| {name} | 1 | 1 | {} | |", absolute(floor)).unwrap();
        }
        for (number, contestant) in self.contestants.iter().enumerate() {
            for (path_number, path) in PATHS.iter().enumerate() {
                let floor = &self.results[&(Subject::Floor(path.floor), connections)];
                let own = &self.results[&(Subject::Path(number, path_number), connections)];
                let ratios = |of: fn(&Measured) -> f64| {
                    median(own.iter().zip(floor).map(|(own, floor)| of(own) / of(floor)).collect())
                };
                writeln!(
                    text,
                    "| {}: {} | {:.2} | {:.1} × | {} | {} |",
                    contestant.name,
                    path.name,
                    ratios(|measured| measured.load.per_second),
                    ratios(|measured| measured.cpu_us),
                    absolute(own),
                    path.goals[number]
                )
                .unwrap();
            }
        }
        text.push('\n');
    }

    fn logins(&self, text: &mut String) {
        text.push_str("## Logins and imports\n\n| | |\n|---|---|\n");
        for (name, rate) in self.bare {
            writeln!(text, "| {name} | {rate:.0}/s |").unwrap();
        }
        for (contestant, Logins { alone, beside, reads_p99_ms: p99 }) in self.contestants.iter().zip(self.logins) {
            let share = alone / self.bare[0].1;
            writeln!(
                text,
                "| {}: logins | {alone:.1}/s, {share:.2} of bcrypt alone; beside saturated reads {beside:.1}/s, whose p99 is {p99:.1} ms |",
                contestant.name
            )
            .unwrap();
            writeln!(
                text,
                "| {}: import of hashed accounts | {:.0}/s |",
                contestant.name, contestant.imported_per_second
            )
            .unwrap();
        }
        text.push('\n');
    }

    fn memory(&self, text: &mut String) {
        text.push_str("## Memory and start\n\n| | idle | after the load | start until ready |\n|---|---|---|---|\n");
        for contestant in self.contestants {
            writeln!(
                text,
                "| {} | {:.0} MiB | {:.0} MiB | {} ms |",
                contestant.name,
                contestant.idle_mib,
                contestant.gateway.process.rss_mib(),
                contestant.gateway.start_took.as_millis()
            )
            .unwrap();
        }
    }
}

/// Medians of the rounds.
fn absolute(rounds: &[Measured]) -> String {
    let of = |value: fn(&Measured) -> f64| median(rounds.iter().map(value).collect());
    format!(
        "{:.0} | {:.1} | {:.2} | {:.2}",
        of(|measured| measured.load.per_second),
        of(|measured| measured.cpu_us),
        of(|measured| measured.load.p50_ms),
        of(|measured| measured.load.p99_ms)
    )
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
