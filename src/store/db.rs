//! Access to the database, through [`Db::read`] and [`Db::write`].

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    Conn, DatabaseUrl, QueriesError, StoreError,
    changes::{self, Poll, Watermark},
    connect, migrations,
    pool::ConnectionPool,
    queries::{self, Failure, Outcome},
    transaction::{self, Begin, OnCommit, Pending, Waiting},
    turns::Turns,
    writer::Writer,
};
use crate::{
    logging,
    metrics::{self, Queue, Queued},
    model::{FeedEntry, UserId},
    time_limit,
};

/// How often a write is tried again that the database refused.
const RETRIES: u32 = 3;

/// No try begins after this time, so that a lock that stays costs its waiters two tries.
const RETRY_TIME: Duration = Duration::from_millis(1500);

/// The pause before the first retry. It grows with each, so that transactions that were in conflict meet less often.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// Maximum number of abandoned pools. Each keeps its threads and connections until the server answers again or TCP
/// times out.
const MAX_ABANDONED: usize = 2;

/// The database.
#[derive(Clone)]
pub struct Db {
    pub(super) url: DatabaseUrl,
    pub(super) is_pooled: bool,
    connections: u32,
    generation: Arc<AtomicU64>,
    pub(super) on_commit: Option<OnCommit>,
    open: Arc<Mutex<Open>>,
    /// An embedded database has one writer, which waits for no row.
    turns: Option<Turns>,
    metrics: Option<metrics::Database>,
}

/// The resources that are opened on first use.
#[derive(Default)]
struct Open {
    pool: Option<Arc<ConnectionPool>>,
    abandoned: Vec<Weak<()>>,
    writer: Option<Arc<Writer>>,
}

impl Db {
    /// The database at `url`, with up to `connections`. Connects on first use.
    #[must_use]
    pub fn new(url: DatabaseUrl, connections: u32) -> Self {
        let turns = (!url.is_embedded()).then(|| Turns::new(connections / 4));
        Self {
            is_pooled: url.is_pooled(),
            url,
            connections,
            generation: Arc::default(),
            on_commit: None,
            open: Arc::default(),
            turns,
            metrics: None,
        }
    }

    /// Calls `on_commit` with the feed entries of every write, between its commit and its answer. It must be quick.
    #[must_use]
    pub fn with_on_commit(self, on_commit: impl Fn(&[FeedEntry]) + Send + Sync + 'static) -> Self {
        Self { on_commit: Some(Arc::new(on_commit)), ..self }
    }

    /// Records what is done in `metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: metrics::Database) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// The same database through a connection of its own, for monitoring, which a burst of requests can't delay. If it
    /// finds its connection dead, the request pool replaces all connections of that generation too.
    #[must_use]
    pub fn monitoring(&self) -> Self {
        let metrics = self.metrics.clone().map(|all| metrics::Database { requests: all.monitoring.clone(), ..all });
        Self { connections: 1, open: Arc::default(), metrics, ..self.clone() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current pool. If it is silent, it is abandoned for a new one.
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
            // Connections of the same generation in other pools are silent too.
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        let failures = self.metrics.as_ref().map(|metrics| &metrics.connection_failures);
        let pool = ConnectionPool::start(&self.url, self.connections, Arc::clone(&self.generation), failures);
        Ok(Arc::clone(open.pool.insert(Arc::new(pool.map_err(StoreError::unavailable)?))))
    }

    /// The writer of an embedded database.
    fn writer(&self) -> Result<Arc<Writer>, StoreError> {
        let mut open = self.open();
        if let Some(writer) = &open.writer {
            return Ok(Arc::clone(writer));
        }
        let writer = Writer::start(&self.url, self.on_commit.clone()).map_err(StoreError::unavailable)?;
        Ok(Arc::clone(open.writer.insert(Arc::new(writer))))
    }

    /// Runs read-only queries.
    ///
    /// # Errors
    /// The error of `queries`, or [`StoreError::Unavailable`] if the database does not answer in time.
    pub async fn read<T, E>(&self, queries: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: QueriesError,
    {
        let (outcome, queries) = Outcome::of_read(queries);
        // Boxed, since most requests need no query: their futures would have room for one.
        outcome.take(Box::pin(self.run_read(queries)).await)
    }

    async fn run_read(&self, queries: queries::Read) -> Result<(), Failure> {
        let is_pooled = self.is_pooled;
        let run = move |conn: &mut Conn| {
            if is_pooled { transaction::read(conn, Begin { account: None, is_pooled }, queries) } else { queries(conn) }
        };
        self.in_time(self.on_connection(run)).await
    }

    /// Runs `work` on a connection of the pool, unless the caller has stopped waiting by then.
    pub(super) async fn on_connection<T, E>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (queued, request) = (self.queued(|metrics| &metrics.requests), logging::current_request());
        let job = move |conn: Result<&mut Conn, StoreError>| {
            let _running = queued.map(Queued::begin);
            if !answer.is_closed() {
                let outcome = logging::on_this_thread(request, || conn.map_err(E::from).and_then(work));
                answer.send(outcome).ok();
            }
        };
        self.pool()?.submit(Box::new(job)).await?;
        outcome(answered).await
    }

    /// Runs queries in one transaction. It is rolled back if they return an error, or if the caller stops waiting
    /// before the commit. PostgreSQL may refuse it because of other transactions; then it is tried again.
    ///
    /// # Errors
    /// The error of `queries`, or [`StoreError::Unavailable`] if the database does not answer in time.
    pub async fn write<T, E>(
        &self,
        queries: impl FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: QueriesError,
    {
        self.write_to(None, queries).await
    }

    /// As [`Db::write`], with a lock on the row of `account`, if it is known, before the queries. Only a few of those run
    /// at once.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn write_to<T, E>(
        &self,
        account: Option<UserId>,
        queries: impl FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: QueriesError,
    {
        let (outcome, queries) = Outcome::of_write(queries);
        // Boxed as in `read`.
        outcome.take(Box::pin(self.run_write(account, queries)).await)
    }

    async fn run_write(&self, account: Option<UserId>, queries: queries::Write) -> Result<(), Failure> {
        self.in_time(async {
            let _turn = match (&self.turns, account) {
                (Some(turns), Some(account)) => Some(turns.wait(account).await),
                _ => None,
            };
            self.with_retries(|| self.write_once(account, Arc::clone(&queries))).await
        })
        .await
    }

    /// Tries a write again if PostgreSQL refuses it because of other transactions.
    pub(super) async fn with_retries<T, E: QueriesError>(&self, write: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
        // An embedded database has one writer, so nothing is in conflict.
        let retries = if self.url.is_embedded() { 0 } else { RETRIES };
        let began = Instant::now();
        for pause in (1..=retries).map(|retry| RETRY_PAUSE * retry) {
            match write().await {
                Err(error) if error.is_refused() && began.elapsed() < RETRY_TIME => {
                    if let Some(metrics) = &self.metrics {
                        metrics.retries.inc();
                    }
                    tokio::time::sleep(pause).await;
                }
                outcome => return outcome,
            }
        }
        write().await
    }

    async fn write_once(&self, account: Option<UserId>, queries: queries::Write) -> Result<(), Failure> {
        let waiting = Waiting::default();
        if self.url.is_embedded() {
            let queued = self.queued(|metrics| &metrics.writer);
            let (write, answered) = Pending::new(queries, &waiting, queued);
            self.writer()?.submit(write).await?;
            return outcome(answered).await;
        }
        let (write, answered) = Pending::new(queries, &waiting, None);
        let (queued, on_commit) = (self.queued(|metrics| &metrics.requests), self.on_commit.clone());
        let (beginning, request) = (Begin { account, is_pooled: self.is_pooled }, logging::current_request());
        let job = move |conn: Result<&mut Conn, StoreError>| {
            let _running = queued.map(Queued::begin);
            logging::on_this_thread(request, || match conn {
                Ok(conn) => transaction::run_alone(conn, beginning, write, on_commit.as_ref()),
                Err(error) => write.answer(Some(error)),
            });
        };
        self.pool()?.submit(Box::new(job)).await?;
        outcome(answered).await
    }

    /// A job that waits in that queue from now on.
    fn queued(&self, queue: impl FnOnce(&metrics::Database) -> &Queue) -> Option<Queued> {
        self.metrics.as_ref().map(|metrics| queue(metrics).enter())
    }

    /// Waits for the outcome of `work` as long as the request may.
    pub(super) async fn in_time<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match time_limit::in_time(work).await {
            Some(outcome) => outcome,
            None => {
                if let Some(metrics) = &self.metrics {
                    metrics.timeouts.inc();
                }
                Err(E::from(StoreError::unavailable("no answer in time")))
            }
        }
    }

    /// The watermark at which a reader of the change feed starts, with an empty cache.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_start(&self) -> Result<Watermark, StoreError> {
        self.read(changes::start).await
    }

    /// Reads the entries of the change feed since `watermark`, of all nodes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn poll_feed(&self, watermark: Watermark) -> Result<Poll, StoreError> {
        self.read(move |conn| changes::poll(conn, &watermark)).await
    }

    /// Deletes the entries of the change feed before `watermark`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trim_feed(&self, watermark: &Watermark) -> Result<(), StoreError> {
        const AT_ONCE: i64 = 5000;
        loop {
            let boundary = watermark.clone();
            let deleted = self.write(move |conn| changes::delete_before(conn, &boundary, AT_ONCE)).await?;
            if i64::try_from(deleted).unwrap_or(i64::MAX) < AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Applies the pending migrations and returns their names. Safe to run on several nodes at once.
    ///
    /// # Errors
    /// If the database is unavailable or a migration fails.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrations::run(&mut self.connect()?)
    }

    /// The names of the pending migrations.
    ///
    /// # Errors
    /// If the database is unavailable.
    pub fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrations::pending(&mut self.connect()?)
    }

    /// A connection outside the pool, whose error says why it could not be opened.
    fn connect(&self) -> Result<Conn, StoreError> {
        connect::connect(&self.url).map_err(StoreError::unavailable)
    }

    /// Checks that the database accepts writes, with an update that matches no row.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        self.write(|conn| {
            use diesel::RunQueryDsl as _;
            diesel::sql_query("UPDATE apps SET created_at_ms = created_at_ms WHERE id = ''").execute(conn)?;
            Ok(())
        })
        .await
    }
}

/// The outcome of queries that are queued.
async fn outcome<T, E: From<StoreError>>(answered: oneshot::Receiver<Result<T, E>>) -> Result<T, E> {
    answered.await.unwrap_or_else(|_gone| Err(StoreError::Unfinished.into()))
}
