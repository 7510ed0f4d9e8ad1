//! A queue of jobs: how many wait, how many run, and how long they waited.

use std::time::Instant;

use prometheus::{Histogram, IntGauge};

/// The metrics of a queue of jobs.
#[derive(Clone)]
pub struct Queue {
    waiting: IntGauge,
    running: IntGauge,
    wait: Histogram,
}

/// A job that waits, until it begins or is dropped.
pub struct Queued {
    queue: Queue,
    since: Instant,
}

/// A job that runs, until it is dropped.
pub struct Running(IntGauge);

impl Queue {
    pub(super) const fn new(waiting: IntGauge, running: IntGauge, wait: Histogram) -> Self {
        Self { waiting, running, wait }
    }

    /// A job that waits from now on.
    #[must_use]
    pub fn enter(&self) -> Queued {
        self.waiting.inc();
        Queued { queue: self.clone(), since: Instant::now() }
    }
}

impl Queued {
    /// The job runs from now on.
    #[must_use]
    pub fn begin(self) -> Running {
        self.queue.wait.observe(self.since.elapsed().as_secs_f64());
        self.queue.running.inc();
        Running(self.queue.running.clone())
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.queue.waiting.dec();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}
