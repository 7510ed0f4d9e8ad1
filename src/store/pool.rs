//! The connection pool: threads that take jobs from a bounded queue and run each on a connection from r2d2.
//!
//! libpq blocks its thread for ever if a server stops answering without closing the connection. The whole pool is then
//! abandoned ([`super::db`]); its threads end when their connections do.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError, Weak, atomic::AtomicU64},
    thread,
    time::Duration,
};

use diesel::ConnectionError;
use tokio::sync::mpsc;

use super::{
    Conn, DatabaseUrl, StoreError,
    connect::{self, Manager},
    statement_times::StatementTimes,
};
use crate::metrics::Counter;

/// How long a thread waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A server that has not answered a statement after this time is considered silent: it would have cancelled the
/// statement itself after [`connect::STATEMENT_TIMEOUT_MS`]. Measured per statement, so that a transaction of many slow
/// statements is not mistaken for silence.
const SILENCE: Duration = Duration::from_millis(connect::STATEMENT_TIMEOUT_MS + 500);

/// The queue's capacity per thread. While it is full, callers wait to enqueue.
const QUEUE_PER_THREAD: usize = 64;

/// A job for a thread of the pool. It receives a connection, or the error of opening one.
pub(super) type Job = Box<dyn FnOnce(Result<&mut Conn, StoreError>) + Send>;

/// A pool of database connections, with its threads.
pub(super) struct ConnectionPool {
    queue: mpsc::Sender<Job>,
    statements: Arc<StatementTimes>,
    /// Shared with each thread, so that the end of an abandoned pool can be observed.
    alive: Arc<()>,
}

/// Logs connection errors at debug level only: r2d2 retries, and the job that waits for a connection gets the error
/// too.
#[derive(Debug)]
struct LogAtDebug;

impl r2d2::HandleError<ConnectionError> for LogAtDebug {
    fn handle_error(&self, error: ConnectionError) {
        log::debug!("no connection to the database: {error}");
    }
}

impl ConnectionPool {
    /// Starts a pool of up to `connections` to the database at `url`, with one thread each. Connects on first use.
    ///
    /// `generation` is incremented whenever a connection is found dead, in this or another pool of the same database.
    /// Connections of an earlier generation are replaced. `failures` counts jobs that get no connection.
    pub(super) fn start(
        url: &DatabaseUrl,
        connections: u32,
        generation: Arc<AtomicU64>,
        failures: Option<&Counter>,
    ) -> io::Result<Self> {
        let statements = Arc::<StatementTimes>::default();
        let manager = Manager::new(url.clone(), generation, Arc::clone(&statements));
        let connections_pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            .connection_timeout(CONNECT_TIMEOUT)
            .error_handler(Box::new(LogAtDebug))
            .build_unchecked(manager);
        let width = usize::try_from(connections).unwrap_or(1).max(1);
        let (queue, jobs) = mpsc::channel(width * QUEUE_PER_THREAD);
        let (jobs, alive) = (Arc::new(Mutex::new(jobs)), Arc::new(()));
        for number in 0..width {
            let (pool, jobs, alive) = (connections_pool.clone(), Arc::clone(&jobs), Arc::clone(&alive));
            let failures = failures.cloned();
            let work = move || {
                work(&pool, &jobs, failures.as_ref());
                drop(alive);
            };
            thread::Builder::new().name(format!("database-{number}")).spawn(work)?;
        }
        Ok(Self { queue, statements, alive })
    }

    /// Queues a job; waits while the queue is full.
    pub(super) async fn submit(&self, job: Job) -> Result<(), StoreError> {
        self.queue.send(job).await.map_err(|_closed| StoreError::unavailable("its threads are gone"))
    }

    /// Whether a statement has been unanswered for longer than [`SILENCE`].
    pub(super) fn is_silent(&self) -> bool {
        self.statements.oldest().is_some_and(|age| age > SILENCE)
    }

    /// A reference that is alive as long as the pool or any of its threads.
    pub(super) fn lifetime(&self) -> Weak<()> {
        Arc::downgrade(&self.alive)
    }
}

fn work(pool: &r2d2::Pool<Manager>, jobs: &Mutex<mpsc::Receiver<Job>>, failures: Option<&Counter>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        match pool.get() {
            Ok(mut pooled) => {
                let outcome = panic::catch_unwind(AssertUnwindSafe(|| job(Ok(&mut pooled.conn))));
                if outcome.is_err() {
                    // The connection's state is unknown. The caller gets an error, since the answer's channel is
                    // closed.
                    pooled.is_broken = true;
                }
            }
            Err(error) => {
                if let Some(failures) = failures {
                    failures.inc();
                }
                job(Err(StoreError::unavailable(error)));
            }
        }
    }
}
