//! What the gateway is made of: built once by `main` or by a test, received by everyone.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use tokio::sync::broadcast;

use crate::{
    cache::Cache,
    clock::Clock,
    config::Config,
    delivery::{self, Delivery},
    hashing::Hashing,
    model::Change,
    random::Random,
    secret::Secret,
    sockets::Sockets,
    state::{MemoryState, RedisState, State, StateError},
    store::{Db, Maker},
};

/// Everything that a request can need.
pub struct Gateway {
    /// The settings.
    pub config: Config,
    /// What must not be lost.
    pub db: Db,
    /// What nodes share and may lose.
    pub state: Arc<dyn State>,
    /// Stands in for counters when the shared state is gone.
    pub own_state: MemoryState,
    /// Whether the shared state did not take what was last to be noted of who is there.
    pub is_presence_lost: AtomicBool,
    /// Sends codes to people.
    pub delivery: Delivery,
    /// The sockets that are open on this node.
    pub sockets: Arc<Sockets>,
    /// What this node remembers of the database.
    pub cache: Arc<Cache>,
    /// What this node changed, for those who tell the others.
    pub events: broadcast::Sender<Change>,
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
        const EVENTS_WAITING: usize = 10_000;
        let state: Arc<dyn State> = match &config.redis_url {
            Some(url) => Arc::new(RedisState::new(url, &config.redis_prefix, config.workers.get() * 2, Random)?),
            None => Arc::new(MemoryState::default()),
        };
        let (cache, sockets) = (Arc::new(Cache::new(config.cache_bytes)), Arc::<Sockets>::default());
        let (events, _) = broadcast::channel(EVENTS_WAITING);
        let heard = (Arc::clone(&cache), Arc::clone(&sockets), events.clone());
        let tell = move |changes: &[Change], maker: Maker| {
            let (cache, sockets, events) = &heard;
            for change in changes {
                hear(cache, sockets, change);
                if maker == Maker::Us {
                    // Nobody listens in a process that is no node.
                    events.send(change.clone()).ok();
                }
            }
        };
        Ok(Self {
            db: Db::new(config.database_url.clone(), config.database_connections).telling(tell),
            state,
            own_state: MemoryState::default(),
            is_presence_lost: AtomicBool::new(false),
            hashing: Hashing::start(config.hashing_threads).map_err(BuildError::Threads)?,
            delivery: Delivery::start(&config, &clock)?,
            sockets,
            cache,
            events,
            clock,
            random: Random,
            secret: config.secret.resolve(Random).map_err(BuildError::Secret)?,
            config,
        })
    }

    /// Forgets what another node changed, and closes the sockets whose sessions it ended.
    pub fn hear(&self, change: &Change) {
        hear(&self.cache, &self.sockets, change);
    }
}

fn hear(cache: &Cache, sockets: &Sockets, change: &Change) {
    cache.forget(change);
    match change {
        Change::SessionEnded(user, session) => sockets.close(*user, *session),
        Change::Tenant(_) | Change::User(_) => {}
    }
}
