//! The metrics of a node, in Prometheus's text format (docs/metrics.md, docs/adr/0020-metrics.md).
//!
//! Every node has a registry of its own, so that several can live in one process. The other modules record with the
//! handles that they are given; recording is an atomic addition. Gauges that mirror the state of another module are set
//! when the metrics are read (`domain/metrics.rs`). The values of all labels come from the source code, never from a
//! request, so that nobody can add series without end.

mod define;
mod http;
mod process;
mod queue;

use prometheus::{Encoder as _, IntCounter, IntGauge, Registry, TextEncoder};

use self::{define::Definer, process::Process};
pub use prometheus::IntCounter as Counter;

pub use self::{
    http::{Http, InFlight, Labels, Series},
    queue::{Queue, Queued, Running},
};

/// A metric could not be defined or rendered, which is a bug.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// All metrics of a node.
pub struct Metrics {
    registry: Registry,
    process: Process,
    /// The requests to the faces.
    pub http: Http,
    /// Access to the database.
    pub database: Database,
    /// Password hashing.
    pub hashing: Hashing,
    /// The cache.
    pub cache: Cache,
    /// The shared state.
    pub state: State,
    /// The change feed.
    pub feed: Feed,
    /// Sockets and presence.
    pub presence: Presence,
    /// Codes by SMS.
    pub sms: Channel,
    /// Codes by e-mail.
    pub email: Channel,
    /// Posts of events to webhooks.
    pub webhooks: Webhooks,
    /// Images that users upload.
    pub images: Images,
    /// What accounts do, and what is refused to them.
    pub accounts: Accounts,
    /// Lines of the log that were dropped.
    pub log_lines_dropped: Counter,
}

/// Access to the database.
#[derive(Clone)]
pub struct Database {
    /// The pool that requests use.
    pub requests: Queue,
    /// The pool of the background tasks.
    pub monitoring: Queue,
    /// The single writer of an embedded database.
    pub writer: Queue,
    /// Maximum number of connections of the pool that requests use.
    pub max_connections: IntGauge,
    /// Jobs that got no connection.
    pub connection_failures: IntCounter,
    /// Writes that the database refused and that were tried again.
    pub retries: IntCounter,
    /// Reads and writes that had no answer in time.
    pub timeouts: IntCounter,
    /// Whether it takes writes: 1 or 0.
    pub up: IntGauge,
}

/// Password hashing.
#[derive(Clone)]
pub struct Hashing {
    /// The jobs.
    pub queue: Queue,
    /// Jobs that were refused because the queue was full.
    pub refused: IntCounter,
    /// The number of threads.
    pub threads: IntGauge,
}

/// Lookups of one kind in the cache.
#[derive(Clone)]
pub struct Lookups {
    /// Those that found an entry.
    pub hits: IntCounter,
    /// Those that did not.
    pub misses: IntCounter,
}

impl Lookups {
    /// Counts a lookup.
    pub fn count<T>(&self, found: Option<T>) -> Option<T> {
        if found.is_some() {
            self.hits.inc();
        } else {
            self.misses.inc();
        }
        found
    }
}

/// The cache.
#[derive(Clone)]
pub struct Cache {
    /// Tenants.
    pub tenants: Lookups,
    /// Admin tokens.
    pub admin_tokens: Lookups,
    /// Sessions.
    pub sessions: Lookups,
    /// Rows of accounts.
    pub users: Lookups,
    /// Public details of accounts.
    pub public_details: Lookups,
    /// Of the remarks of an account.
    pub remarks: Lookups,
    /// Evictions because of a change in the database.
    pub evictions_by_change: IntCounter,
    /// Evictions of accounts to make room.
    pub evictions_by_space: IntCounter,
    /// The estimated size of the cached accounts.
    pub bytes: IntGauge,
    /// The maximum of that size.
    pub max_bytes: IntGauge,
    /// Whether the cache is in use: 1 or 0.
    pub trusted: IntGauge,
}

/// The shared state.
#[derive(Clone)]
pub struct State {
    /// Answers of Redis, including refusals.
    pub commands: IntCounter,
    /// Commands that Redis refused or did not answer.
    pub errors: IntCounter,
    /// Whether it works: 1 or 0.
    pub up: IntGauge,
}

/// The change feed.
#[derive(Clone)]
pub struct Feed {
    /// The age of the last successful poll, in seconds.
    pub lag: prometheus::Gauge,
    /// Polls that failed.
    pub failures: IntCounter,
}

/// Sockets and presence.
#[derive(Clone)]
pub struct Presence {
    /// Open sockets.
    pub sockets: IntGauge,
    /// Open sockets that are logged in.
    pub logged_in_sockets: IntGauge,
    /// Accounts in use that this node has noted.
    pub online_accounts: IntGauge,
    /// Whether the last write of presence failed: 1 or 0.
    pub lost: IntGauge,
}

/// Codes by one channel.
#[derive(Clone)]
pub struct Channel {
    /// Codes handed to delivery.
    pub sent: IntCounter,
    /// Codes that the provider took.
    pub delivered: IntCounter,
    /// Codes that were given up.
    pub failed: IntCounter,
    /// Attempts that failed and are repeated.
    pub retries: IntCounter,
    /// Codes that wait for their delivery.
    pub waiting: IntGauge,
}

/// Posts of events to webhooks.
#[derive(Clone)]
pub struct Webhooks {
    /// Those that the receiver accepted.
    pub delivered: IntCounter,
    /// Those that it did not accept, and that are repeated.
    pub failed: IntCounter,
    /// The last ones of events that were given up.
    pub parked: IntCounter,
}

/// Images that users upload.
#[derive(Clone)]
pub struct Images {
    /// Those that were stored.
    pub stored: IntCounter,
    /// Files that are no image, or a too large one.
    pub refused: IntCounter,
    /// Images that could not be written, read or deleted.
    pub store_errors: IntCounter,
}

/// What accounts do, and what is refused to them.
#[derive(Clone)]
pub struct Accounts {
    /// Logins that opened a session.
    pub logins: IntCounter,
    /// Refused logins: wrong, locked or disabled.
    pub failed_logins: IntCounter,
    /// Registered accounts, without imported ones.
    pub registrations: IntCounter,
    /// Captchas that were drawn.
    pub captchas: IntCounter,
    /// Right answers to captchas.
    pub right_answers: IntCounter,
    /// Wrong answers to captchas, and answers to expired or unknown ones.
    pub wrong_answers: IntCounter,
    /// Rows written to the audit log.
    pub audit_rows: IntCounter,
    /// Rows deleted from the audit log.
    pub deleted_audit_rows: IntCounter,
    /// What was refused because of a limit.
    pub limited: Limited,
}

/// What was refused because of a limit.
#[derive(Clone)]
pub struct Limited {
    /// Logins of a locked account or source.
    pub logins: IntCounter,
    /// Logins while too many others are pending.
    pub pending_logins: IntCounter,
    /// Registrations.
    pub registrations: IntCounter,
    /// Captchas.
    pub captchas: IntCounter,
    /// Tries of codes.
    pub code_tries: IntCounter,
    /// Requests for codes.
    pub codes: IntCounter,
    /// Sockets.
    pub sockets: IntCounter,
    /// Uploads of images.
    pub uploads: IntCounter,
}

impl Metrics {
    /// The metrics of a node of this version, on that kind of database and state.
    ///
    /// # Errors
    /// If two metrics have the same name, which is a bug.
    pub fn new(version: &str, database: &str, state: &str) -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let define = Definer(&registry);
        define.info(
            "diglot_build_info",
            "Always 1; the labels have the version and what the node runs on.",
            &[("version", version), ("database", database), ("state", state)],
        )?;
        let [sms, email] = Channel::define(&define)?;
        Ok(Self {
            process: Process::define(&define)?,
            http: Http::define(&define)?,
            database: Database::define(&define)?,
            hashing: Hashing::define(&define)?,
            cache: Cache::define(&define)?,
            state: State::define(&define)?,
            feed: Feed::define(&define)?,
            presence: Presence::define(&define)?,
            sms,
            email,
            webhooks: Webhooks::define(&define)?,
            images: Images::define(&define)?,
            accounts: Accounts::define(&define)?,
            log_lines_dropped: define.counter(
                "diglot_log_lines_dropped_total",
                "Lines of the log that were dropped, because standard error is not read fast enough.",
            )?,
            registry,
        })
    }

    /// The media type of [`Metrics::render`].
    pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// All metrics as text, with the current state of the process.
    ///
    /// # Errors
    /// If the text can't be written, which is a bug.
    pub fn render(&self) -> Result<Vec<u8>, MetricsError> {
        self.process.update();
        let mut text = Vec::with_capacity(64 * 1024);
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// Sets a gauge to a number of things.
pub fn set(gauge: &IntGauge, number: impl TryInto<i64>) {
    gauge.set(number.try_into().unwrap_or(i64::MAX));
}
