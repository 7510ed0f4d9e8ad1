//! The two ways into the database: [`Db::read`] and [`Db::write`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Conn, DatabaseUrl, StoreError,
    connect::{self, Manager},
    migrations,
};

type Transactions = <Conn as diesel::Connection>::TransactionManager;

/// How long a request waits for the database, for its turn and for the answer together.
const PATIENCE: Duration = Duration::from_secs(4);

/// The database: a pool of connections, and slots as many as these, so that waiting for one holds no thread.
#[derive(Clone)]
pub struct Db {
    url: DatabaseUrl,
    pool: r2d2::Pool<Manager>,
    generation: Arc<AtomicU64>,
    slots: Arc<Semaphore>,
    /// SQLite has one writer at a time: the others wait here and not in its busy handler.
    writers: Arc<Semaphore>,
}

impl Db {
    /// A pool of `connections` to the database at `url`. Connects when first used.
    #[must_use]
    pub fn new(url: DatabaseUrl, connections: u32) -> Self {
        let (manager, generation) = Manager::new(url.clone());
        let width = usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            .connection_timeout(PATIENCE)
            .build_unchecked(manager);
        let writers = if url.is_embedded() { 1 } else { width };
        Self {
            url,
            pool,
            generation,
            slots: Arc::new(Semaphore::new(width)),
            writers: Arc::new(Semaphore::new(writers)),
        }
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
        let work = async {
            let slot = take(&self.slots).await?;
            self.run(slot, queries).await
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
        let work = async {
            let turn = take(&self.writers).await?;
            let slot = take(&self.slots).await?;
            let waiting = Waiting::default();
            let is_abandoned = Arc::clone(&waiting.is_over);
            self.run((turn, slot), move |conn| in_transaction(conn, &is_abandoned, queries)).await
        };
        in_time(work).await
    }

    /// Runs `queries` on a thread made for waiting; `permits` are held until they are done, also when nobody waits
    /// for the answer any more.
    async fn run<T, E>(
        &self,
        permits: impl Send + 'static,
        queries: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (pool, generation) = (self.pool.clone(), Arc::clone(&self.generation));
        let work = move || {
            let _permits = permits;
            let mut pooled = pool.get().map_err(|error| E::from(StoreError::Unavailable(error.to_string())))?;
            let result = queries(&mut pooled.conn);
            if result.is_err() && is_lost(&mut pooled.conn) {
                pooled.is_lost = true;
                generation.fetch_add(1, Ordering::Relaxed);
            }
            result
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(E::from(StoreError::Unavailable(error.to_string()))),
        }
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
    queries: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
    .map_err(StoreError::from)?;
    let outcome = queries(conn).and_then(|value| {
        if is_abandoned.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("nobody waits for the answer any more".to_owned()).into());
        }
        Ok(value)
    });
    match outcome {
        Ok(value) => {
            Transactions::commit_transaction(conn).map_err(StoreError::from)?;
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

/// Whether a connection that reported an error is dead; a refused query leaves it alive.
fn is_lost(conn: &mut Conn) -> bool {
    use diesel::connection::SimpleConnection as _;
    match conn {
        Conn::Sqlite(_) => false,
        Conn::Postgres(conn) => conn.batch_execute("SELECT 1").is_err(),
    }
}

async fn take(slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
    Arc::clone(slots).acquire_owned().await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

async fn in_time<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(E::from(StoreError::Unavailable(format!("no answer within {PATIENCE:?}")))),
    }
}
