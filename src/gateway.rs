//! What the gateway is made of: built once by `main` or by a test, received by everyone.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use crate::{
    cache::Cache,
    clock::Clock,
    config::Config,
    delivery::{self, Delivery},
    feed::Feed,
    hashing::Hashing,
    random::Random,
    secret::Secret,
    sockets::Sockets,
    state::{MemoryState, RedisState, State, StateError},
    store::Db,
};

/// Everything that a request can need.
pub struct Gateway {
    /// The settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// State that nodes share and that may be lost.
    pub state: Arc<dyn State>,
    /// Stands in for counters when the shared state is gone.
    pub own_state: MemoryState,
    /// Whether the last note of presence did not reach the shared state.
    pub is_presence_lost: AtomicBool,
    /// Sends codes to people.
    pub delivery: Delivery,
    /// The sockets that are open on this node.
    pub sockets: Arc<Sockets>,
    /// The node's cache of the database.
    pub cache: Arc<Cache>,
    /// The change feed, which keeps the cache from going stale.
    pub feed: Arc<Feed>,
    /// The threads for bcrypt.
    pub hashing: Hashing,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Random,
    /// Derives every key.
    pub secret: Secret,
}

/// The gateway can't be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No threads.
    #[error("no thread for password hashing: {0}")]
    Threads(#[source] io::Error),
    /// No secret.
    #[error("the server's secret: {0}")]
    Secret(#[source] io::Error),
    /// Codes can't be sent.
    #[error(transparent)]
    Delivery(#[from] delivery::SetupError),
    /// Redis can't be used.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Gateway {
    /// Builds the gateway; connects to nothing yet.
    ///
    /// # Errors
    /// When the operating system gives no threads, or Redis' URL can't be used.
    pub fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let state: Arc<dyn State> = match &config.redis_url {
            Some(url) => Arc::new(RedisState::new(url, &config.redis_prefix, config.workers.get() * 2, Random)?),
            None => Arc::new(MemoryState::default()),
        };
        let (cache, sockets) = (Arc::new(Cache::new(config.cache_bytes)), Arc::<Sockets>::default());
        let feed = Arc::new(Feed::new(Arc::clone(&cache), Arc::clone(&sockets)));
        let committed = Arc::clone(&feed);
        let db = Db::new(config.database_url.clone(), config.database_connections)
            .with_on_commit(move |entries| committed.committed(entries));
        Ok(Self {
            db,
            state,
            own_state: MemoryState::default(),
            is_presence_lost: AtomicBool::new(false),
            hashing: Hashing::start(config.hashing_threads).map_err(BuildError::Threads)?,
            delivery: Delivery::start(&config, &clock)?,
            sockets,
            cache,
            feed,
            clock,
            random: Random,
            secret: config.secret.resolve(Random).map_err(BuildError::Secret)?,
            config,
        })
    }
}
