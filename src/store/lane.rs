//! A lane to the database: a pool of connections, the threads that wait for its answers, and the slots in front of both.
//!
//! A server that has gone silent without closing its connections holds the threads that wait for it, and libpq waits
//! without end. Such a lane is left behind as a whole (`Db::lane`): its threads end when their connections do.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::ConnectionError;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{
    Conn, DatabaseUrl, StoreError,
    connect::{self, Manager},
};

/// How long a thread waits for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// A server cancels a statement itself that takes [`connect::STATEMENT_LIMIT_MS`]; one that has not answered by then is
/// silent.
const SILENCE: Duration = Duration::from_millis(connect::STATEMENT_LIMIT_MS + 500);

pub(super) struct Lane {
    pool: r2d2::Pool<Manager>,
    generation: Arc<AtomicU64>,
    slots: Arc<Semaphore>,
    /// SQLite has one writer at a time: the others wait here and not in its busy handler.
    writers: Arc<Semaphore>,
    threads: Threads,
    running: Arc<Running>,
    can_be_silent: bool,
}

/// What a query holds while it runs.
pub(super) struct Slot {
    _turn: Option<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
}

/// The pool tries to connect again and again; who waits for a connection is told why there is none.
#[derive(Debug)]
struct Quiet;

impl r2d2::HandleError<ConnectionError> for Quiet {
    fn handle_error(&self, error: ConnectionError) {
        log::debug!("no connection to the database: {error}");
    }
}

impl Lane {
    /// A lane of `connections` to the database at `url`. Connects when first used.
    ///
    /// `generation` counts the connections that were found dead, in this lane or in another to the same database: one makes
    /// all suspect that are as old.
    pub(super) fn new(url: &DatabaseUrl, connections: u32, generation: Arc<AtomicU64>) -> Self {
        let manager = Manager::new(url.clone(), Arc::clone(&generation));
        let width = usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(0))
            .connection_timeout(CONNECT_PATIENCE)
            .error_handler(Box::new(Quiet))
            .build_unchecked(manager);
        Self {
            pool,
            generation,
            slots: Arc::new(Semaphore::new(width)),
            writers: Arc::new(Semaphore::new(if url.is_embedded() { 1 } else { width })),
            threads: Threads::new(width),
            running: Arc::default(),
            can_be_silent: !url.is_embedded(),
        }
    }

    /// Whether the database has left a query without an answer for longer than it may.
    pub(super) fn is_silent(&self) -> bool {
        self.can_be_silent && self.running.oldest().is_some_and(|since| since.elapsed() > SILENCE)
    }

    /// Waits for a slot to read in.
    pub(super) async fn read_slot(&self) -> Result<Slot, StoreError> {
        Ok(Slot { _turn: None, _place: take(&self.slots).await? })
    }

    /// Waits for a slot to write in.
    pub(super) async fn write_slot(&self) -> Result<Slot, StoreError> {
        let turn = take(&self.writers).await?;
        Ok(Slot { _turn: Some(turn), _place: take(&self.slots).await? })
    }

    /// Runs `queries` on a thread made for waiting; the slot is held until they are done, also when nobody waits for the
    /// answer any more.
    pub(super) async fn run<T, E>(
        &self,
        slot: Slot,
        queries: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (pool, generation, running) = (self.pool.clone(), Arc::clone(&self.generation), Arc::clone(&self.running));
        let work = move || {
            let _slot = slot;
            let mut pooled = pool.get().map_err(|error| E::from(StoreError::Unavailable(error.to_string())))?;
            let _run = Running::begin(&running);
            let result = queries(&mut pooled.conn);
            if result.is_err() && connect::is_lost(&mut pooled.conn) {
                pooled.is_lost = true;
                generation.fetch_add(1, Ordering::Relaxed);
            }
            result
        };
        let Some(threads) = &self.threads.0 else {
            return Err(E::from(StoreError::Unavailable("no threads for the database".to_owned())));
        };
        match threads.spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(E::from(StoreError::Unavailable(error.to_string()))),
        }
    }
}

async fn take(slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
    Arc::clone(slots).acquire_owned().await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// As many threads as connections at the most, apart from those of the requests.
struct Threads(Option<Runtime>);

impl Threads {
    fn new(width: usize) -> Self {
        Self(Builder::new_current_thread().max_blocking_threads(width.max(1)).thread_name("database").build().ok())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waits for nobody: a thread may hang for as long as its connection.
            runtime.shutdown_background();
        }
    }
}

/// The queries under way, by when they began.
#[derive(Default)]
struct Running(Mutex<Begun>);

#[derive(Default)]
struct Begun {
    last: u64,
    since: BTreeMap<u64, Instant>,
}

/// A query under way, until it is dropped.
struct Run(Arc<Running>, u64);

impl Running {
    fn lock(&self) -> MutexGuard<'_, Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(running: &Arc<Self>) -> Run {
        let mut begun = running.lock();
        begun.last += 1;
        let number = begun.last;
        begun.since.insert(number, Instant::now());
        Run(Arc::clone(running), number)
    }

    fn oldest(&self) -> Option<Instant> {
        self.lock().since.values().next().copied()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.lock().since.remove(&self.1);
    }
}
