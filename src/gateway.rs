//! The services of a node: built once, by a command or a test, and passed to every operation.

use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, atomic::AtomicBool},
};

use arc_swap::ArcSwap;

use crate::{
    cache::Cache,
    calendar::Calendar,
    clock::Clock,
    config::{Config, Reloadable},
    delivery::{self, Delivery, Posts},
    feed::Feed,
    hashing::Hashing,
    media::{Media, MediaError, Slots},
    metrics::{self, Metrics, MetricsError},
    model::{DeviceSn, Node, TenantId, UserId},
    places::{Places, PlacesError},
    random::{Random, RandomError},
    secret::Secret,
    sockets::Sockets,
    state::{Event, MemoryState, PendingEvents, Recent, RedisState, Sign, State, StateError},
    store::{
        Batches, Db,
        public_profiles::{self, PublicAccount},
    },
};

/// All services that a request may need.
pub struct Gateway {
    /// The configuration of the process.
    pub config: Config,
    /// The current values of the settings that can change while the process runs.
    pub reloadable: ArcSwap<Reloadable>,
    /// The database.
    pub db: Db,
    /// Reads of accounts, which share queries.
    pub account_reads: Batches<(TenantId, UserId), PublicAccount>,
    /// Short-lived state that the nodes share; losing it is acceptable.
    pub state: Arc<dyn State>,
    /// State of this process alone, used as the fallback while the shared state is unavailable.
    pub own_state: MemoryState,
    /// The uses of devices that were noted a short time ago.
    pub noted_uses: Recent<(UserId, DeviceSn, Sign), ()>,
    /// Which users were found to be online, or not to be, a moment ago.
    pub seen_online: Recent<UserId, bool>,
    /// Whether the last write of presence to the shared state failed.
    pub is_presence_lost: AtomicBool,
    /// Counts of events that are not in the shared state yet.
    pub events: Arc<PendingEvents>,
    /// The metrics of this node.
    pub metrics: Metrics,
    /// This node.
    pub node: Node,
    /// Sends verification codes.
    pub delivery: Delivery,
    /// Posts to webhooks.
    pub posts: Posts,
    /// Tells what this node has claimed of the deliveries to webhooks. Not a secret.
    pub webhook_claim: i64,
    /// The sockets that are open on this node.
    pub sockets: Arc<Sockets>,
    /// The node's cache of the database.
    pub cache: Arc<Cache>,
    /// The change feed, which keeps the cache from going stale.
    pub feed: Arc<Feed>,
    /// The thread pool for bcrypt.
    pub hashing: Hashing,
    /// The store of uploaded images, if there is one.
    pub media: Option<Media>,
    /// Bounds how many files arrive at the same time.
    pub uploads: Arc<Slots>,
    /// The thread pool for images.
    pub images: Hashing,
    /// The places of addresses, if there is a file of them.
    pub places: Option<Places>,
    /// The source of time; a test uses a manual clock.
    pub clock: Arc<dyn Clock>,
    /// The days and hours of the configured time zone.
    pub calendar: Calendar,
    /// The random number generator.
    pub random: Random,
    /// The server's secret, which all keys are derived from.
    pub secret: Secret,
}

/// Why the gateway could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The hashing threads could not be started.
    #[error("no thread for hashing or images: {0}")]
    Threads(#[source] io::Error),
    /// The server's secret could not be read or created.
    #[error("the server's secret: {0}")]
    Secret(#[source] io::Error),
    /// Delivery could not be set up.
    #[error(transparent)]
    Delivery(#[from] delivery::SetupError),
    /// The store of images could not be set up.
    #[error("DIGLOT_MEDIA_URL: {0}")]
    Media(#[from] MediaError),
    /// The file with the places of addresses can't be used.
    #[error(transparent)]
    Places(#[from] PlacesError),
    /// Redis could not be set up.
    #[error(transparent)]
    State(#[from] StateError),
    /// The metrics could not be defined.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The operating system provides no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Gateway {
    /// Builds the gateway. Connections are opened on first use.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let (metrics, node) = (new_metrics(&config)?, this_node(clock.now_ms())?);
        let state: Arc<dyn State> = match &config.redis_url {
            Some(url) => {
                let state = RedisState::new(url.clone(), &config.redis_prefix, config.workers.get() * 2, &node.id)?;
                Arc::new(state.with_metrics(metrics.state.clone()))
            }
            None => Arc::new(MemoryState::default()),
        };
        let cache = Arc::new(Cache::new(config.cache_bytes, metrics.cache.clone()));
        let sockets = Arc::<Sockets>::default();
        let feed = Arc::new(Feed::new(Arc::clone(&cache), Arc::clone(&sockets), metrics.feed.clone()));
        let committed = Arc::clone(&feed);
        let db = Db::new(config.database_url.clone(), config.database_connections)
            .with_metrics(metrics.database.clone())
            .with_on_commit(move |entries| committed.committed(entries));
        let events = Arc::<PendingEvents>::default();
        let (failures, failed_at) = (Arc::clone(&events), Arc::clone(&clock));
        let on_failure = move |tenant: &TenantId| failures.add(tenant, Event::CodeFailed, failed_at.now_ms());
        Ok(Self {
            account_reads: Batches::new(db.clone(), public_profiles::find),
            db,
            state,
            own_state: MemoryState::default(),
            noted_uses: Recent::default(),
            seen_online: Recent::default(),
            is_presence_lost: AtomicBool::new(false),
            hashing: Hashing::start(config.hashing_threads)
                .map_err(BuildError::Threads)?
                .with_metrics(metrics.hashing.clone()),
            media: config
                .media
                .as_ref()
                .map(|url| Media::open(url, metrics.images.store_errors.clone()))
                .transpose()?,
            uploads: Arc::default(),
            images: Hashing::start_named("images", image_threads(&config)).map_err(BuildError::Threads)?,
            places: config.places.clone().map(Places::load).transpose()?,
            delivery: Delivery::start(&config, &clock, &metrics, on_failure)?,
            posts: Posts::new(config.webhook_allows_private),
            webhook_claim: i64::from_ne_bytes(Random.number().to_ne_bytes()),
            events,
            metrics,
            node,
            sockets,
            cache,
            feed,
            clock,
            calendar: Calendar::new(config.timezone.clone()),
            random: Random,
            reloadable: ArcSwap::from_pointee(config.reloadable.clone()),
            secret: config.secret.resolve(Random).map_err(BuildError::Secret)?,
            config,
        })
    }
}

/// The metrics, with the gauges that never change.
fn new_metrics(config: &Config) -> Result<Metrics, MetricsError> {
    let database = if config.database_url.is_embedded() { "sqlite" } else { "postgres" };
    let state = if config.redis_url.is_some() { "redis" } else { "memory" };
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), database, state)?;
    metrics::set(&metrics.database.max_connections, config.database_connections);
    metrics::set(&metrics.hashing.threads, config.hashing_threads.get());
    metrics::set(&metrics.cache.max_bytes, config.cache_bytes);
    Ok(metrics)
}

/// The threads for images: few, since each may need a lot of memory for a short time.
fn image_threads(config: &Config) -> NonZeroUsize {
    const MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
    config.hashing_threads.min(MAX)
}

/// This process as a node.
fn this_node(started_at_ms: i64) -> Result<Node, RandomError> {
    const ID_CHARS: usize = 12;
    Ok(Node {
        id: Random.base62(ID_CHARS)?,
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at_ms,
    })
}
