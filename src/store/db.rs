//! The two ways into the database: [`Db::read`] and [`Db::write`].

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    Conn, DatabaseUrl, StoreError,
    changes::{self, Poll, Watermark},
    connect, migrations,
    pool::ConnectionPool,
    transaction::{self, OnCommit, Waiting},
    writer::Writer,
};
use crate::model::FeedEntry;

/// A request waits at most this long for the database: in the queue and for the answer together.
const TIMEOUT: Duration = Duration::from_secs(4);

/// At most this many pools are abandoned to a silent server at a time: each keeps its threads and connections until the
/// server goes on, or TCP gives up.
const MAX_ABANDONED: usize = 2;

/// The database.
#[derive(Clone)]
pub struct Db {
    url: DatabaseUrl,
    connections: u32,
    generation: Arc<AtomicU64>,
    on_commit: Option<OnCommit>,
    open: Arc<Mutex<Open>>,
}

/// What is opened when it is first used.
#[derive(Default)]
struct Open {
    pool: Option<Arc<ConnectionPool>>,
    abandoned: Vec<Weak<()>>,
    writer: Option<Arc<Writer>>,
}

impl Db {
    /// Up to `connections` to the database at `url`. Connects when first used.
    #[must_use]
    pub fn new(url: DatabaseUrl, connections: u32) -> Self {
        Self { url, connections, generation: Arc::default(), on_commit: None, open: Arc::default() }
    }

    /// Calls `on_commit` with the changes of every write, after its commit and before its answer. It must be quick.
    #[must_use]
    pub fn with_on_commit(self, on_commit: impl Fn(&[FeedEntry]) + Send + Sync + 'static) -> Self {
        Self { on_commit: Some(Arc::new(on_commit)), ..self }
    }

    /// The same database through a connection of its own, for monitoring: no crowd of requests delays it. When it finds its
    /// connection dead, all others that are as old become suspect.
    #[must_use]
    pub fn monitoring(&self) -> Self {
        Self { connections: 1, open: Arc::default(), ..self.clone() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool in use: a new one when the server has gone silent on the last.
    fn pool(&self) -> Result<Arc<ConnectionPool>, StoreError> {
        let mut open = self.open();
        if let Some(pool) = &open.pool {
            if !pool.is_silent() {
                return Ok(Arc::clone(pool));
            }
            let lifetime = pool.lifetime();
            open.abandoned.retain(|pool| pool.strong_count() > 0);
            if open.abandoned.len() >= MAX_ABANDONED {
                return Err(StoreError::unavailable("it does not answer on any connection"));
            }
            log::warn!("the database does not answer; its connections are abandoned, and new ones are made");
            open.abandoned.push(lifetime);
            // Connections of other pools that are as old are silent too.
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        let pool = ConnectionPool::start(&self.url, self.connections, Arc::clone(&self.generation));
        Ok(Arc::clone(open.pool.insert(Arc::new(pool.map_err(no_threads)?))))
    }

    /// The one writer of an embedded database.
    fn writer(&self) -> Result<Arc<Writer>, StoreError> {
        let mut open = self.open();
        if let Some(writer) = &open.writer {
            return Ok(Arc::clone(writer));
        }
        let writer = Writer::start(&self.url, self.on_commit.clone()).map_err(no_threads)?;
        Ok(Arc::clone(open.writer.insert(Arc::new(writer))))
    }

    /// Runs queries that change nothing.
    ///
    /// # Errors
    /// What `queries` returns, or [`StoreError::Unavailable`] when the database can't be reached in time.
    pub async fn read<T, E>(&self, queries: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let pool = self.pool()?;
        let (answer, answered) = oneshot::channel();
        let job = move |conn: Result<&mut Conn, StoreError>| {
            // Nobody waits any more when the client has gone.
            if !answer.is_closed() {
                answer.send(conn.map_err(E::from).and_then(queries)).ok();
            }
        };
        in_time(async { pool.submit(Box::new(job)).await }, answered).await
    }

    /// Runs queries in one transaction: all of them are kept, or none when they return an error or when the caller
    /// has stopped waiting before the commit.
    ///
    /// # Errors
    /// What `queries` returns, or [`StoreError::Unavailable`] when the database can't be reached in time.
    pub async fn write<T, E>(&self, queries: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let waiting = Waiting::default();
        let (write, answered) = transaction::pending(queries, &waiting);
        if self.url.is_embedded() {
            let writer = self.writer()?;
            return in_time(async { writer.submit(write).await }, answered).await;
        }
        let (pool, on_commit) = (self.pool()?, self.on_commit.clone());
        let job = move |conn: Result<&mut Conn, StoreError>| match conn {
            Ok(conn) => transaction::run_alone(conn, write, on_commit.as_ref()),
            Err(error) => write.answer(Some(error)),
        };
        in_time(async { pool.submit(Box::new(job)).await }, answered).await
    }

    /// Where a reader of the change feed starts that has cached nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_start(&self) -> Result<Watermark, StoreError> {
        self.read(changes::start).await
    }

    /// What changed since `watermark`, whoever changed it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn poll_feed(&self, watermark: Watermark) -> Result<Poll, StoreError> {
        self.read(move |conn| changes::poll(conn, watermark)).await
    }

    /// Deletes what stands in the feed before `watermark`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trim_feed(&self, watermark: Watermark) -> Result<(), StoreError> {
        self.write(move |conn| changes::delete_before(conn, watermark)).await
    }

    /// Applies the migrations that are missing, and says which those were. Several nodes may do so at once.
    ///
    /// # Errors
    /// When the database can't be reached or a migration fails.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrations::run(&mut self.connect()?)
    }

    /// The migrations that are missing.
    ///
    /// # Errors
    /// When the database can't be reached.
    pub fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrations::pending(&mut self.connect()?)
    }

    /// A connection outside of the pool, which tells why there is none.
    fn connect(&self) -> Result<Conn, StoreError> {
        connect::connect(&self.url).map_err(StoreError::unavailable)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|conn| {
            use diesel::RunQueryDsl as _;
            diesel::sql_query("SELECT 1").execute(conn)?;
            Ok(())
        })
        .await
    }
}

fn no_threads(error: io::Error) -> StoreError {
    StoreError::unavailable(error)
}

/// What is answered, unless it takes longer than [`TIMEOUT`].
async fn in_time<T, E: From<StoreError>>(
    submitted: impl Future<Output = Result<(), StoreError>>,
    answered: oneshot::Receiver<Result<T, E>>,
) -> Result<T, E> {
    let work = async {
        submitted.await?;
        answered.await.unwrap_or_else(|_gone| Err(StoreError::unavailable("the work was given up").into()))
    };
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(result) => result,
        Err(_) => Err(E::from(StoreError::unavailable(format!("no answer within {TIMEOUT:?}")))),
    }
}
