//! The two ways into the database: [`Db::read`] and [`Db::write`].

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::connection::{AnsiTransactionManager, TransactionManager};

use super::{
    Conn, DatabaseUrl, StoreError,
    changes::{self, Listener, Maker},
    connect,
    lane::Lane,
    migrations,
};
use crate::model::Change;

type Transactions = <Conn as diesel::Connection>::TransactionManager;

/// How long a request waits for the database, for its turn and for the answer together.
const PATIENCE: Duration = Duration::from_secs(4);

/// The database.
#[derive(Clone)]
pub struct Db {
    url: DatabaseUrl,
    connections: u32,
    generation: Arc<AtomicU64>,
    lane: Arc<Mutex<Arc<Lane>>>,
    listener: Option<Arc<Listener>>,
}

impl Db {
    /// Up to `connections` to the database at `url`. Connects when first used.
    #[must_use]
    pub fn new(url: DatabaseUrl, connections: u32) -> Self {
        Self::with(url, connections, Arc::default(), None)
    }

    fn with(url: DatabaseUrl, connections: u32, generation: Arc<AtomicU64>, listener: Option<Arc<Listener>>) -> Self {
        let lane = Arc::new(Mutex::new(Arc::new(Lane::new(&url, connections, Arc::clone(&generation)))));
        Self { url, connections, generation, lane, listener }
    }

    /// Tells `tell` of what changes: of what [`Db::write`] changes before that is answered, of the rest when
    /// [`Db::look_for_changes`] finds it. Nothing is told before the first look. It must be quick.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&[Change], Maker) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(Listener::new(tell))), ..self }
    }

    /// The same database through a connection of its own, which no crowd of requests holds up. When that is found dead, so
    /// are the others that are as old.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self::with(self.url.clone(), 1, Arc::clone(&self.generation), self.listener.clone())
    }

    /// The lane in use: another one when the database has gone silent on the last.
    fn lane(&self) -> Arc<Lane> {
        let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        if lane.is_silent() {
            log::warn!("the database does not answer; what waits for it is left behind, and new connections are made");
            *lane = Arc::new(Lane::new(&self.url, self.connections, Arc::clone(&self.generation)));
        }
        Arc::clone(&lane)
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
        let lane = self.lane();
        let work = async {
            let slot = lane.read_slot().await?;
            lane.run(slot, queries).await
        };
        in_time(work).await
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
        let lane = self.lane();
        let work = async {
            let slot = lane.write_slot().await?;
            let waiting = Waiting::default();
            let is_abandoned = Arc::clone(&waiting.is_over);
            let listener = self.listener.clone();
            lane.run(slot, move |conn| in_transaction(conn, &is_abandoned, listener.as_deref(), queries)).await
        };
        in_time(work).await
    }

    /// Looks for changes that other processes made, and tells of them.
    pub async fn look_for_changes(&self) -> Result<(), StoreError> {
        let Some(listener) = self.listener.clone() else { return Ok(()) };
        self.read(move |conn| listener.look(conn)).await
    }

    /// Deletes what is known of changes that everyone has heard of.
    pub async fn forget_changes(&self) -> Result<(), StoreError> {
        self.write(changes::delete_old).await
    }

    /// Applies the migrations that are missing, and says which those were. Several nodes may do so at once.
    ///
    /// # Errors
    /// When the database can't be reached or a migration fails.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrations::run(&mut self.connect()?)
    }

    /// The migrations that are missing.
    pub fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrations::pending(&mut self.connect()?)
    }

    /// A connection of its own, outside of the pool: tells why when there is none.
    fn connect(&self) -> Result<Conn, StoreError> {
        connect::connect(&self.url).map_err(|error| StoreError::Unavailable(error.to_string()))
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

/// BEGIN IMMEDIATE on SQLite: a deferred transaction that reads before it writes fails as soon as another one wrote.
fn in_transaction<T, E: From<StoreError>>(
    conn: &mut Conn,
    is_abandoned: &AtomicBool,
    listener: Option<&Listener>,
    queries: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let mark = listener.and_then(Listener::mark);
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
    .map_err(StoreError::from)?;
    let outcome = queries(conn).and_then(|value| {
        if is_abandoned.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("nobody waits for the answer any more".to_owned()).into());
        }
        Ok((value, Listener::gather(conn, mark)?))
    });
    match outcome {
        Ok((value, changes)) => {
            Transactions::commit_transaction(conn).map_err(StoreError::from)?;
            if let Some(listener) = listener {
                listener.tell(changes, Maker::Us);
            }
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = Transactions::rollback_transaction(conn) {
                log::warn!("a transaction could not be rolled back: {rollback}");
            }
            Err(error)
        }
    }
}

/// Held while someone waits for an answer; dropped with the waiting future.
#[derive(Default)]
struct Waiting {
    is_over: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

async fn in_time<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(E::from(StoreError::Unavailable(format!("no answer within {PATIENCE:?}")))),
    }
}
