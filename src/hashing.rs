//! Threads for bcrypt alone, so that logins slow down nothing else.
//!
//! They run at a lower priority than the rest of the process, and their queue is bounded: a crowd of logins gets a
//! quick refusal and not a long wait (docs/adr/0005-hashing-threads.md).

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

type Job = Box<dyn FnOnce() + Send>;

/// The threads and their queue.
#[derive(Clone)]
pub struct Hashing {
    queue: mpsc::Sender<Job>,
}

/// The work was not done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// The queue is full.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The threads are gone, or one of them died at this work.
    #[error("the hashing threads are gone")]
    Gone,
}

impl Hashing {
    /// How many jobs may wait for each thread: at cost 10 the last one waits for about half a second.
    const QUEUE_PER_THREAD: usize = 8;
    const NICENESS: i32 = 10;

    /// Starts `threads` of them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(threads: NonZeroUsize) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>(threads.get() * Self::QUEUE_PER_THREAD);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("hashing-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// Runs `job` there, or refuses at once when the queue is full.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, HashingError> {
        let (job, answer) = package(job);
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => HashingError::Busy,
            TrySendError::Closed(_) => HashingError::Gone,
        })?;
        answer.await.map_err(|_gone| HashingError::Gone)
    }

    /// Runs `job` there, waiting for room in the queue: for work that an admin sends in bulk.
    ///
    /// # Errors
    /// [`HashingError::Gone`].
    pub async fn run_in_turn<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (job, answer) = package(job);
        self.queue.send(job).await.map_err(|_gone| HashingError::Gone)?;
        answer.await.map_err(|_gone| HashingError::Gone)
    }
}

fn package<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> (Job, oneshot::Receiver<T>) {
    let (send, receive) = oneshot::channel();
    let job = Box::new(move || {
        // Nobody waits any more when the client has gone.
        if !send.is_closed() {
            drop(send.send(job()));
        }
    });
    (job, receive)
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    if let Err(error) = rustix::process::nice(Hashing::NICENESS) {
        log::warn!("password hashing runs at normal priority: {error}");
    }
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match job {
            // A thread that died would be missed for ever; its waiter sees the answer's channel closed.
            Some(job) => drop(panic::catch_unwind(AssertUnwindSafe(job))),
            None => return,
        }
    }
}
