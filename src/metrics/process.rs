//! The process: what Prometheus's own clients report under the same names. Only Linux tells.

use std::fs;

use prometheus::{Counter, Gauge, IntGauge};

use super::{MetricsError, define::Definer, set};

/// The metrics of the process.
pub(super) struct Process {
    cpu: Counter,
    resident_bytes: IntGauge,
    virtual_bytes: IntGauge,
    threads: IntGauge,
    open_files: IntGauge,
    max_files: IntGauge,
    started: Gauge,
}

/// What `/proc/self/stat` says, in its units.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_ticks: f64,
    threads: i64,
    start_ticks: f64,
    virtual_bytes: i64,
    resident_pages: i64,
}

impl Process {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        Ok(Self {
            cpu: define.float_counter("process_cpu_seconds_total", "Processor time of the process, in seconds.")?,
            resident_bytes: define.gauge("process_resident_memory_bytes", "Resident memory, in bytes.")?,
            virtual_bytes: define.gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.")?,
            threads: define.gauge("process_threads", "Threads of the process.")?,
            open_files: define.gauge("process_open_fds", "Open files, connections included.")?,
            max_files: define.gauge("process_max_fds", "Maximum number of open files.")?,
            started: define
                .float_gauge("process_start_time_seconds", "Start of the process, in seconds since the Unix epoch.")?,
        })
    }

    /// Reads the state of the process. What can't be read keeps its last value.
    pub(super) fn update(&self) {
        if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::parse(&text)) {
            self.update_from(&stat);
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            // One of them is this listing.
            set(&self.open_files, files.count().saturating_sub(1));
        }
        let max_files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        set(&self.max_files, max_files.unwrap_or(u64::MAX));
    }

    fn update_from(&self, stat: &Stat) {
        let ticks_per_sec = rustix::param::clock_ticks_per_second();
        let page_bytes = i64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let ticks_per_sec = u32::try_from(ticks_per_sec).map_or(100.0, f64::from);
        let cpu_secs = stat.cpu_ticks / ticks_per_sec;
        self.cpu.inc_by((cpu_secs - self.cpu.get()).max(0.0));
        self.resident_bytes.set(stat.resident_pages.saturating_mul(page_bytes));
        self.virtual_bytes.set(stat.virtual_bytes);
        self.threads.set(stat.threads);
        if let Some(booted_at_secs) = booted_at_secs() {
            self.started.set(f64::from(booted_at_secs) + stat.start_ticks / ticks_per_sec);
        }
    }
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name of the program is in parentheses and may contain anything.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // In the manual (proc_pid_stat) the field after the name is number 3.
        let field = |number: usize| fields.get(number.checked_sub(3)?).copied();
        let ticks = |number| field(number)?.parse::<f64>().ok();
        Some(Self {
            cpu_ticks: ticks(14)? + ticks(15)?,
            threads: field(20)?.parse().ok()?,
            start_ticks: ticks(22)?,
            virtual_bytes: field(23)?.parse().ok()?,
            resident_pages: field(24)?.parse().ok()?,
        })
    }
}

/// When the system was started, in seconds since the Unix epoch.
fn booted_at_secs() -> Option<u32> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let text = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 30 12 5 6 20 0 9 0 4242 1000000 250 184 0 0";
        let stat =
            Stat { cpu_ticks: 42.0, threads: 9, start_ticks: 4242.0, virtual_bytes: 1_000_000, resident_pages: 250 };
        assert_eq!(Stat::parse(text), Some(stat));
        assert_eq!(Stat::parse("7 (a"), None);
    }
}
