//! The connections to Redis, with a circuit breaker for a Redis that does not answer.

use std::{
    fmt::Display,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use redis::{
    ErrorKind, RedisError, RedisResult, ServerErrorKind,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::timeout;

use super::{
    StateError,
    connection::{Connection, Connector, PATIENCE, silence},
    url::RedisUrl,
};
use crate::metrics;

/// If Redis does not answer, all commands fail at once for this long; then one command is sent as a probe.
const PAUSE_MS: u64 = 500;

/// How long the other commands fail at once while the probe is pending.
const PROBE_MS: u64 = 2000;

/// The interval of a subscriber's pings, which detect a dead connection.
const PING_EVERY: Duration = Duration::from_millis(500);

/// The connections to Redis, a multiplexed one per worker thread: by measurement, a single one for all threads is a
/// quarter slower (docs/adr/0006-state.md).
pub(super) struct Link {
    connector: Connector,
    connections: Box<[Mutex<Option<Connection>>]>,
    started: Instant,
    /// Until when commands fail at once, in ms since `started`; 0 while Redis answers. So a request does not wait for
    /// the same timeout as the one before it.
    silent_until_ms: AtomicU64,
    /// When a refusal was last logged; 0 for never.
    warned_ms: AtomicU64,
    /// When connections were last dropped because of a refusal; 0 for never.
    renewed_ms: AtomicU64,
    pub(super) metrics: Option<metrics::State>,
}

impl Link {
    pub(super) fn new(url: RedisUrl, workers: usize) -> RedisResult<Self> {
        Ok(Self {
            connector: Connector::new(url)?,
            connections: (0..workers.max(1)).map(|_| Mutex::default()).collect(),
            started: Instant::now(),
            silent_until_ms: AtomicU64::new(0),
            warned_ms: AtomicU64::new(0),
            renewed_ms: AtomicU64::new(0),
            metrics: None,
        })
    }

    /// This thread's connection. Fails at once while Redis does not answer.
    pub(super) async fn connection(&self) -> Result<Connection, StateError> {
        if self.is_silent() {
            return Err(StateError::new("it did not answer just now"));
        }
        let slot = thread_number().checked_rem(self.connections.len()).unwrap_or(0);
        let Some(slot) = self.connections.get(slot) else {
            return Err(StateError::new("no connections"));
        };
        let known = || slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = &*known() {
            return Ok(connection.clone());
        }
        match self.connector.connect().await {
            Ok(connection) => Ok(known().insert(connection).clone()),
            Err(error) => {
                self.fall_silent(&error);
                Err(error)
            }
        }
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
        match &result {
            Err(silence) if is_silence(silence) => self.fall_silent(silence),
            answer => {
                if self.silent_until_ms.swap(0, Ordering::Relaxed) != 0 {
                    log::info!("Redis answers again");
                }
                if let Err(refusal) = answer {
                    self.warn_of(refusal);
                    self.renew_after(refusal);
                }
            }
        }
        Ok(result?)
    }

    /// Makes the next commands fail at once, and the one after them try again on a new connection.
    fn fall_silent(&self, error: &dyn Display) {
        let was_silent = self.silent_until_ms.swap(self.now_ms() + PAUSE_MS, Ordering::Relaxed) != 0;
        self.connector.forget();
        self.renew();
        if !was_silent {
            log::warn!("Redis does not answer and is probed from time to time: {error}");
        }
    }

    /// Drops all connections, from time to time, if they lead to a server that another one has replaced.
    fn renew_after(&self, refusal: &RedisError) {
        if is_elsewhere(refusal) && self.is_due(&self.renewed_ms, PAUSE_MS) {
            self.connector.forget();
            self.renew();
        }
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
    fn warn_of(&self, refusal: &RedisError) {
        const INTERVAL_MS: u64 = 60_000;
        if self.is_due(&self.warned_ms, INTERVAL_MS) {
            log::warn!("Redis refuses what is asked of it; limits are counted per node: {refusal}");
        }
    }

    /// Whether the interval since `last_ms`, which is 0 for never, is over. Then the next one begins.
    fn is_due(&self, last_ms: &AtomicU64, interval_ms: u64) -> bool {
        let (now_ms, last) = (self.now_ms(), last_ms.load(Ordering::Relaxed));
        let is_due = last == 0 || now_ms.saturating_sub(last) >= interval_ms;
        if is_due {
            last_ms.store(now_ms.max(1), Ordering::Relaxed);
        }
        is_due
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
            let (mut sink, stream) = self.connector.subscriber().await?.split();
            timeout(PATIENCE, sink.subscribe(channel)).await.map_err(|_| silence())??;
            Ok::<_, StateError>((sink, stream))
        };
        let subscribed = subscribe.await.inspect_err(|_| self.connector.forget())?;
        // Redis answers; it may have been restarted, or another server be the master, so that the other connections are
        // dead or lead elsewhere.
        self.renew();
        self.answered(Ok(subscribed))
    }

    /// Checks that the nodes of a Cluster are nodes of one, since commands to separate servers would work, on any of them.
    pub(super) async fn check_kind(&self, connection: &mut Connection) -> Result<(), StateError> {
        let Connection::Cluster(_) = connection else { return Ok(()) };
        let mut ask = redis::cmd("CLUSTER");
        self.answered(ask.arg("KEYSLOT").arg("key").exec_async(connection).await)
    }

    /// Why commands on that connection fail, if Redis or an attempt to connect to it says so.
    pub(super) async fn explain(&self, connection: &mut Connection) -> Option<String> {
        self.connector.explain(connection).await
    }

    /// What it is connected to.
    pub(super) const fn describe(&self) -> &'static str {
        self.connector.describe()
    }
}

/// Whether Redis, or all of a Cluster, did not answer.
fn is_silence(error: &RedisError) -> bool {
    error.is_io_error() || error.kind() == ErrorKind::ClusterConnectionNotFound
}

/// Whether a server refused a command because it is not, or no longer, the one for it.
fn is_elsewhere(error: &RedisError) -> bool {
    use ServerErrorKind as Kind;
    matches!(
        error.kind(),
        ErrorKind::Server(
            Kind::ReadOnly | Kind::MasterDown | Kind::ClusterDown | Kind::Moved | Kind::Ask | Kind::TryAgain
        )
    )
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

/// A unique number for each thread, starting from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.with(|number| *number)
}
