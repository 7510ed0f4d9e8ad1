//! A thread pool for bcrypt only, so that logins don't slow down other requests; and another one for images.
//!
//! The threads run at a lower priority than the rest of the process, and their queue is bounded: under a burst of
//! logins the excess is refused at once instead of waiting for long (docs/adr/0005-hashing-threads.md).

use std::{
    num::NonZeroUsize,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::{logging, metrics};

type Job = Box<dyn FnOnce() + Send>;

/// The handle of the pool: its job queue.
#[derive(Clone)]
pub struct Hashing {
    queue: mpsc::Sender<Job>,
    metrics: Option<metrics::Hashing>,
}

/// A job was not completed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// The queue is full.
    #[error("too many jobs are waiting")]
    Busy,
    /// The threads have stopped, or the job panicked.
    #[error("the threads are gone")]
    Gone,
}

impl Hashing {
    /// How many jobs may be queued for each thread: at cost 10 the last one waits for about half a second.
    const QUEUE_PER_THREAD: usize = 8;
    #[cfg(target_os = "linux")]
    const NICENESS: i32 = 10;

    /// Starts a pool of `threads`.
    ///
    /// # Errors
    /// When the operating system can't create a thread.
    pub fn start(threads: NonZeroUsize) -> std::io::Result<Self> {
        Self::start_named("hashing", threads)
    }

    /// Starts a pool of `threads` of that name, for other work of that kind.
    ///
    /// # Errors
    /// When the operating system can't create a thread.
    pub fn start_named(name: &str, threads: NonZeroUsize) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>(threads.get() * Self::QUEUE_PER_THREAD);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, metrics: None })
    }

    /// Records the jobs in `metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: metrics::Hashing) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Runs `job` in the pool, or refuses it at once if the queue is full.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, HashingError> {
        let (job, answer) = self.package(job);
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => {
                if let Some(metrics) = &self.metrics {
                    metrics.refused.inc();
                }
                HashingError::Busy
            }
            TrySendError::Closed(_) => HashingError::Gone,
        })?;
        answer.await.map_err(|_gone| HashingError::Gone)
    }

    /// Runs `job` in the pool and waits for space in the queue if it is full: for bulk operations of admins.
    ///
    /// # Errors
    /// [`HashingError::Gone`].
    pub async fn run_in_turn<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (job, answer) = self.package(job);
        self.queue.send(job).await.map_err(|_gone| HashingError::Gone)?;
        answer.await.map_err(|_gone| HashingError::Gone)
    }

    fn package<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> (Job, oneshot::Receiver<T>) {
        let (send, receive) = oneshot::channel();
        let job = logging::carry_over(job);
        let queued = self.metrics.as_ref().map(|metrics| metrics.queue.enter());
        let job = Box::new(move || {
            // Skip the job if its client has disconnected and nobody waits for the result.
            if !send.is_closed() {
                let _running = queued.map(metrics::Queued::begin);
                drop(send.send(job()));
            }
        });
        (job, receive)
    }
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    lower_priority();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match job {
            // A panic must not end the thread, which is never replaced; the caller sees the result's channel closed.
            Some(job) => drop(panic::catch_unwind(AssertUnwindSafe(job))),
            None => return,
        }
    }
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    if let Err(error) = rustix::process::nice(Hashing::NICENESS) {
        log::warn!("hashing and images run at normal priority: {error}");
    }
}

/// POSIX has one priority for the whole process: lowering it here would slow down everything. Only Linux has one for
/// each thread.
#[cfg(not(target_os = "linux"))]
const fn lower_priority() {}
