//! Short-lived state that may be lost: counters, captchas, codes, presence, events. It is in Redis if nodes share it,
//! else in this process's memory.
//!
//! The trait [`State`] has domain operations, and both implementations pass the same tests (`tests/it/state.rs`). The
//! caller passes the time, so that a manual clock controls both: in memory the steady clock counts, in Redis the wall
//! clock, which nodes share.
//!
//! Keys in Redis, each built by one function in `redis.rs`, each with a time to live. What one script or transaction
//! touches together has the same part in braces, so that it is on one node of a Redis Cluster (ADR 21):
//!
//! | key | type | time to live | written by |
//! |---|---|---|---|
//! | `PREFIX:code:CONTACT` | hash: `mac`, `until`, `tries`, `tries_until` (ms), `sent` (ms of each, separated by spaces) | a day | [`State::put_code`], [`State::try_code`] |
//! | `PREFIX:captcha:ID` | bytes: `until` (ms, big endian), the MAC of the answer to a captcha, of a one-time password, or of a proof that serves once | that of what it is for | [`State::put_one_time`] |
//! | `PREFIX:ended:SESSION` | text: `until` (ms) | the rest of the session's | [`State::note_ended`] |
//! | `PREFIX:presence:{TENANT}:USER` | sorted set: `DEVICE` (its requests) or `DEVICE@NODE` (its sockets on that node), scored by expiry (ms) | the longest of these | [`State::note_presence`] |
//! | `PREFIX:online:{TENANT}` | sorted set: `USER`, scored by the expiry (ms) of the last of its devices | the presence's | [`State::note_presence`], [`State::end_presence`] |
//! | `PREFIX:events:{TENANT}:HOUR` | hash: `SLOT.EVENT`, a count for each five minutes | 26 hours | [`Monitoring::add_events`] |
//! | `PREFIX:nodes` | sorted set: JSON `[ID, host, version, started (ms)]`, scored by when it was noted (ms) | the node's | [`Monitoring::note_node`] |
//! | `PREFIX:changes` | channel: JSON `[NODE, entries]` | | [`State::publish`] |
//! | `PREFIX:uses:SUBJECT` | hash: `count`, `until` (ms) | the window | [`State::count_use`] |
//! | `PREFIX:{login}:SUBJECT` | hash: `failed`, `until`, `pending`, `pending_until` (ms) | the window | [`State::begin_login`], [`State::end_login`] |

mod memory;
mod monitoring;
mod redis;

use std::convert::Infallible;

use crate::{clock::Now, model::FeedEntry};

pub use memory::{MemoryState, Recent};
pub use monitoring::{Event, EventCount, Monitoring, PendingEvents, Slot, StateServer};
pub use redis::{RedisState, RedisUrl};

/// Shared state of the nodes.
#[async_trait::async_trait]
pub trait State: Monitoring {
    /// Counts a use of `subject`. The count restarts `window_ms` after its first use.
    async fn count_use(&self, subject: &str, window_ms: i64, now: Now) -> Result<Uses, StateError>;

    /// Begins a login for all of `subjects` or for none. A pending login counts as a failed one until it ends, so that
    /// concurrent attempts get no more tries than sequential ones.
    async fn begin_login(&self, subjects: &[LoginSubject; 2], now: Now) -> Result<Admission, StateError>;

    /// Ends a login that was begun.
    async fn end_login(&self, subjects: &[LoginSubject; 2], end: LoginEnd, now: Now) -> Result<(), StateError>;

    /// Stores for `lifetime_ms` the MAC of something that is used up by one try: the answer to a captcha, or a one-time
    /// password.
    async fn put_one_time(&self, id: &str, mac: [u8; 32], lifetime_ms: i64, now: Now) -> Result<(), StateError>;

    /// Removes and returns the MAC of something that is used up by one try. Atomic: only one of several concurrent callers gets it.
    async fn take_one_time(&self, id: &str, now: Now) -> Result<Option<[u8; 32]>, StateError>;

    /// Stores for `lifetime_ms` that an operator's session has ended.
    async fn note_ended(&self, session: &str, lifetime_ms: i64, now: Now) -> Result<(), StateError>;

    /// Whether it is stored that an operator's session has ended.
    async fn is_ended(&self, session: &str, now: Now) -> Result<bool, StateError>;

    /// Stores the MAC of a code for `contact`, replacing an older one, unless [`CodeRules`] forbid another code now.
    async fn put_code(&self, contact: &str, code_mac: [u8; 32], now: Now) -> Result<CodeSending, StateError>;

    /// Whether the MAC of the code for `contact` is one of `macs`. A wrong try is counted. A right one consumes the
    /// code unless `on_match` is [`OnMatch::Keep`]. Atomic: only one of several concurrent callers can consume the
    /// code.
    async fn try_code(&self, contact: &str, macs: &[[u8; 32]], on_match: OnMatch, now: Now)
    -> Result<bool, StateError>;

    /// Deletes the code for `contact`, if there is one.
    async fn void_code(&self, contact: &str) -> Result<(), StateError>;

    /// Stores that devices are in use for `ttl_ms`.
    async fn note_presence(&self, notes: &[PresenceNote], ttl_ms: i64, now: Now) -> Result<(), StateError>;

    /// Deletes all presence of a device of an account or, without one, of all its devices.
    async fn end_presence(&self, account: &str, device: Option<i32>) -> Result<(), StateError>;

    /// Deletes the presence of a device except for its sockets on other nodes: its last socket on this node was closed.
    async fn end_socket_presence(&self, account: &str, device: i32) -> Result<(), StateError>;

    /// The devices of an account that are in use, of those noted for `ttl_ms` or less.
    async fn present_devices(&self, account: &str, ttl_ms: i64, now: Now) -> Result<Vec<i32>, StateError>;

    /// Publishes entries of the change feed to the other nodes.
    async fn publish(&self, entries: &[FeedEntry]) -> Result<(), StateError>;

    /// Subscribes to what the other nodes publish. Returns only when the subscription fails.
    async fn subscribe(&self, on_event: &(dyn Fn(FeedEvent) + Send + Sync)) -> Result<Infallible, StateError>;

    /// Checks that the state works: writes, reads and runs a script.
    async fn check(&self) -> Result<(), StateError>;

    /// A description for people: `Redis`, `Redis with Sentinel`, `Redis Cluster` or `in process`.
    fn describe(&self) -> &'static str;
}

/// A note that a device of an account is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceNote {
    /// The account: `TENANT:USER`.
    pub account: String,
    /// The device.
    pub device: i32,
    /// Why it is in use.
    pub sign: Sign,
}

/// Why a device is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// It sent a request.
    Request,
    /// It has an open socket on this node.
    Socket,
}

/// An event of the subscription to the other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// The subscription has begun.
    Subscribed,
    /// Another node published these entries.
    Published(Vec<FeedEntry>),
}

/// The number of uses in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// The uses in the window, including the current one.
    pub count: u32,
    /// How long the window lasts from now.
    pub left_ms: i64,
}

/// The limits of the codes sent to one contact (security.md 13, 14).
pub struct CodeRules;

impl CodeRules {
    /// How long a code is valid.
    pub const LIFETIME_MS: i64 = 5 * 60 * 1000;

    /// Maximum number of wrong tries: with the last one the code becomes void, and no other can be sent until the tries
    /// expire.
    pub const TRIES: u32 = 5;

    /// Wrong tries expire this long after the last one: not before the code that they were tried on.
    pub const TRIES_WINDOW_MS: i64 = 5 * 60 * 1000;

    /// Windows (ms), each with the maximum number of codes sent within it. The last window is the longest.
    pub const SENDS: [(i64, usize); 3] = [(60 * 1000, 1), (60 * 60 * 1000, 5), (Self::DAY_MS, 10)];

    /// Codes that were sent earlier than this do not count.
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSending {
    /// It may, and was stored.
    Allowed,
    /// A limit is reached.
    TooSoon {
        /// How long until the next code may be sent.
        wait_ms: i64,
    },
}

/// Whether a right try consumes the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMatch {
    /// The code stays valid, for a later try that consumes it.
    Keep,
    /// The code is consumed.
    Consume,
}

/// What failed logins are counted for: an account or a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSubject {
    /// The unique name of the subject.
    pub name: String,
    /// Maximum number of failed logins.
    pub limit: u32,
    /// Whether a successful login resets the count.
    pub is_forgiven: bool,
}

impl LoginSubject {
    /// Failed logins count for this long after the first of them (security.md 9).
    pub const WINDOW_MS: i64 = 15 * 60 * 1000;

    /// Pending logins expire after this time: their node has failed.
    pub const PENDING_MS: i64 = 30 * 1000;
}

/// Whether a login may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admitted,
    /// Not while so many others are pending.
    QueueFull,
    /// Too many logins have failed.
    Locked {
        /// How long until the lock ends.
        wait_ms: i64,
    },
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginEnd {
    /// The password was right.
    Right,
    /// The password was wrong.
    Wrong,
    /// The password was not compared.
    Cancelled,
}

/// The shared state is unavailable.
#[derive(Debug, thiserror::Error)]
#[error("the shared state is unavailable: {0}")]
pub struct StateError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StateError {
    /// An unavailability with that cause.
    pub(crate) fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
