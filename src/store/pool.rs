//! The connection pool: threads behind a bounded queue, each of which takes a connection from r2d2 for its job.
//!
//! libpq waits without end for a server that has gone silent without closing its connections, and with it the thread.
//! Such a pool is abandoned as a whole ([`super::db`]): its threads end when their connections do.

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

/// A thread waits this long for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A server cancels a statement itself after [`connect::STATEMENT_TIMEOUT_MS`]; one that has not answered by then is
/// silent. This is judged per statement: a transaction of many slow statements is no silence.
const SILENCE: Duration = Duration::from_millis(connect::STATEMENT_TIMEOUT_MS + 500);

/// Jobs that may wait for each thread before callers wait outside the queue.
const QUEUE_PER_THREAD: usize = 64;

/// Work for a thread of the pool: gets a connection, or the reason why there is none.
pub(super) type Job = Box<dyn FnOnce(Result<&mut Conn, StoreError>) + Send>;

/// Connections to a database, and the threads that use them.
pub(super) struct ConnectionPool {
    queue: mpsc::Sender<Job>,
    statements: Arc<StatementTimes>,
    /// Also held by each thread, so that an abandoned pool can be seen to end.
    alive: Arc<()>,
}

/// r2d2 tries to connect again and again; whoever waits for a connection learns why there is none.
#[derive(Debug)]
struct LogAtDebug;

impl r2d2::HandleError<ConnectionError> for LogAtDebug {
    fn handle_error(&self, error: ConnectionError) {
        log::debug!("no connection to the database: {error}");
    }
}

impl ConnectionPool {
    /// Starts a pool of `connections` to the database at `url`, one thread each. Connects when first used.
    ///
    /// `generation` counts the connections that were found dead, in this pool or in another to the same database: one dead
    /// connection makes all suspect that are as old.
    pub(super) fn start(url: &DatabaseUrl, connections: u32, generation: Arc<AtomicU64>) -> io::Result<Self> {
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
            let work = move || {
                work(&pool, &jobs);
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

    /// Whether a statement has been without an answer for longer than the server may take.
    pub(super) fn is_silent(&self) -> bool {
        self.statements.oldest().is_some_and(|age| age > SILENCE)
    }

    /// Lives for as long as the pool and its threads do.
    pub(super) fn lifetime(&self) -> Weak<()> {
        Arc::downgrade(&self.alive)
    }
}

fn work(pool: &r2d2::Pool<Manager>, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        match pool.get() {
            Ok(mut pooled) => {
                let outcome = panic::catch_unwind(AssertUnwindSafe(|| job(Ok(&mut pooled.conn))));
                if outcome.is_err() {
                    // Nobody knows what state the connection is in. Whoever waits sees that the answer never comes.
                    pooled.is_broken = true;
                }
            }
            Err(error) => job(Err(StoreError::unavailable(error))),
        }
    }
}
