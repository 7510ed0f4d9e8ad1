//! The connections to Redis, with a circuit breaker for a Redis that does not answer.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use redis::{
    Client, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSubSink, PubSubStream},
};
use tokio::time::timeout;

use super::StateError;
use crate::metrics;

/// The timeout of a connection attempt and of an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// If Redis does not answer, all commands fail at once for this long; then one command is sent as a probe.
const PAUSE_MS: u64 = 500;

/// How long the other commands fail at once while the probe is pending.
const PROBE_MS: u64 = 2000;

/// The interval of a subscriber's pings, which detect a dead connection.
const PING_EVERY: Duration = Duration::from_millis(500);

/// The connections to Redis, a multiplexed one per worker thread: by measurement, a single one for all threads is a
/// quarter slower (docs/adr/0006-state.md).
pub(super) struct Link {
    client: Client,
    connections: Box<[Mutex<Option<ConnectionManager>>]>,
    started: Instant,
    /// Until when commands fail at once, in ms since `started`; 0 while Redis answers. So a request does not wait for
    /// the same timeout as the one before it.
    silent_until_ms: AtomicU64,
    /// When a refusal was last logged; 0 for never.
    warned_ms: AtomicU64,
    pub(super) metrics: Option<metrics::State>,
}

impl Link {
    pub(super) fn new(url: &str, workers: usize) -> RedisResult<Self> {
        Ok(Self {
            client: Client::open(url)?,
            connections: (0..workers.max(1)).map(|_| Mutex::default()).collect(),
            started: Instant::now(),
            silent_until_ms: AtomicU64::new(0),
            warned_ms: AtomicU64::new(0),
            metrics: None,
        })
    }

    /// This thread's connection. Fails at once while Redis does not answer.
    pub(super) fn connection(&self) -> Result<ConnectionManager, StateError> {
        if self.is_silent() {
            return Err(StateError::new("it did not answer just now"));
        }
        let slot = thread_number().checked_rem(self.connections.len()).unwrap_or(0);
        let Some(slot) = self.connections.get(slot) else {
            return Err(StateError::new("no connections"));
        };
        let mut known = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = &*known {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(known.insert(connection).clone())
    }

    /// Drops all connections, since a dead one is only detected by using it.
    fn renew(&self) {
        for slot in &self.connections {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    /// Records whether Redis answered, and returns the result. An error reply, such as out of memory, is an answer too.
    pub(super) fn answered<T>(&self, result: RedisResult<T>) -> Result<T, StateError> {
        self.count(&result);
        let silence = result.as_ref().err().filter(|error| error.is_io_error());
        let until_ms = if silence.is_some() { self.now_ms() + PAUSE_MS } else { 0 };
        let was_silent = self.silent_until_ms.swap(until_ms, Ordering::Relaxed) != 0;
        if silence.is_some() {
            self.renew();
        }
        if let Some(refusal) = result.as_ref().err().filter(|error| !error.is_io_error()) {
            self.warn_of(refusal);
        }
        match silence {
            Some(error) if !was_silent => log::warn!("Redis does not answer and is probed from time to time: {error}"),
            None if was_silent => log::info!("Redis answers again"),
            Some(_) | None => {}
        }
        Ok(result?)
    }

    fn count<T>(&self, result: &RedisResult<T>) {
        if let Some(metrics) = &self.metrics {
            metrics.commands.inc();
            if result.is_err() {
                metrics.errors.inc();
            }
        }
    }

    /// Logs that Redis refuses a command, at most once a minute.
    fn warn_of(&self, refusal: &redis::RedisError) {
        const INTERVAL_MS: u64 = 60_000;
        let (now_ms, last_ms) = (self.now_ms(), self.warned_ms.load(Ordering::Relaxed));
        if last_ms == 0 || now_ms.saturating_sub(last_ms) >= INTERVAL_MS {
            self.warned_ms.store(now_ms.max(1), Ordering::Relaxed);
            log::warn!("Redis refuses what is asked of it; limits are counted per node: {refusal}");
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_silent(&self) -> bool {
        let (until_ms, now_ms) = (self.silent_until_ms.load(Ordering::Relaxed), self.now_ms());
        if until_ms == 0 {
            return false;
        }
        let probe = || {
            let until = &self.silent_until_ms;
            until.compare_exchange(until_ms, now_ms + PROBE_MS, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        now_ms < until_ms || !probe()
    }

    /// Subscribes to a channel.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<(PubSubSink, PubSubStream), StateError> {
        let subscribe = async {
            let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
            sink.subscribe(channel).await?;
            Ok((sink, stream))
        };
        let subscribed = timeout(PATIENCE, subscribe).await.unwrap_or_else(|_| Err(silence()))?;
        // Redis answers; it may have been restarted, so that the other connections are dead.
        self.renew();
        self.answered(Ok(subscribed))
    }
}

/// Passes each message to `receive` until the connection fails.
pub(super) async fn receive_all(mut sink: PubSubSink, mut stream: PubSubStream, receive: impl Fn(&[u8])) -> StateError {
    let receiving = async {
        while let Some(message) = stream.next().await {
            receive(message.get_payload_bytes());
        }
        StateError::new("the connection was closed")
    };
    let pinging = async {
        loop {
            tokio::time::sleep(PING_EVERY).await;
            match timeout(PATIENCE, sink.ping::<redis::Value>()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.into(),
                Err(_) => return silence(),
            }
        }
    };
    tokio::select! {
        error = receiving => error,
        error = pinging => error,
    }
}

/// The role of a Redis server that explains why it refuses commands, if any.
pub(super) async fn role(connection: &mut ConnectionManager) -> Option<&'static str> {
    let info: String = redis::cmd("INFO").query_async(connection).await.ok()?;
    let has = |line: &str| info.lines().any(|known| known.trim() == line);
    if has("redis_mode:sentinel") {
        Some("a Sentinel, not the Redis that it watches")
    } else if has("redis_mode:cluster") {
        Some("a node of a Redis Cluster, which is not supported")
    } else if has("role:slave") {
        Some("a replica, which takes no writes")
    } else {
        None
    }
}

fn silence() -> StateError {
    StateError::new(format!("no answer within {PATIENCE:?}"))
}

/// A unique number for each thread, starting from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.with(|number| *number)
}
