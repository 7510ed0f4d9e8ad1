//! What may be lost: counters, captchas, codes, presence, events. Redis when nodes share it, else this process's memory.
//!
//! The trait speaks the domain's words, and both implementations pass one behaviour suite (`tests/it/state.rs`). Time
//! comes from the caller, so that a manual clock moves both.
//!
//! Keys in Redis, each made by one function in `redis.rs`, each with a time to live:
//!
//! | key | type | time to live | written by |
//! |---|---|---|---|
//! | `PREFIX:code:CONTACT` | hash: `mac`, `until`, `tries`, `tries_until` (ms), `sent` (ms of each, a space between) | a day | [`State::put_code`], [`State::try_code`] |
//! | `PREFIX:captcha:ID` | bytes: `until` (ms, big endian), the answer's MAC | the captcha's | [`State::put_captcha`] |
//! | `PREFIX:presence:ACCOUNT` | sorted set: `DEVICE` (by its requests) or `DEVICE@NODE` (by its sockets there), scored by until when (ms) | the longest of these | [`State::note_presence`] |
//! | `PREFIX:changes` | channel: JSON `[NODE, entries]` | | [`State::publish`] |
//! | `PREFIX:uses:SUBJECT` | hash: `count`, `until` (ms) | the window | [`State::count_use`] |
//! | `PREFIX:login:SUBJECT` | hash: `failed`, `until`, `pending`, `pending_until` (ms) | the window | [`State::begin_login`], [`State::end_login`] |

mod memory;
mod redis;

use std::convert::Infallible;

use crate::model::FeedEntry;

pub use memory::MemoryState;
pub use redis::RedisState;

/// State that nodes share.
#[async_trait::async_trait]
pub trait State: Send + Sync {
    /// Counts one more use of `subject`. The count starts anew `window_ms` after the first use of the old one.
    async fn count_use(&self, subject: &str, window_ms: i64, now_ms: i64) -> Result<Uses, StateError>;

    /// Lets a login begin for all of `subjects` or for none. Logins under way count like failed ones until they end, so
    /// that attempts side by side get no more tries than attempts in a row.
    async fn begin_login(&self, subjects: &[LoginSubject; 2], now_ms: i64) -> Result<Admission, StateError>;

    /// Ends a login that began.
    async fn end_login(&self, subjects: &[LoginSubject; 2], end: LoginEnd, now_ms: i64) -> Result<(), StateError>;

    /// Remembers what the answer to a captcha hashes to, until then.
    async fn put_captcha(&self, id: &str, answer_mac: [u8; 32], until_ms: i64, now_ms: i64) -> Result<(), StateError>;

    /// Gives what the answer hashes to and forgets it: of several that ask at once, one gets it.
    async fn take_captcha(&self, id: &str, now_ms: i64) -> Result<Option<[u8; 32]>, StateError>;

    /// Remembers what a code sent to `contact` hashes to, in place of an older one, unless [`CodeRules`] are against it.
    async fn put_code(&self, contact: &str, code_mac: [u8; 32], now_ms: i64) -> Result<CodeSending, StateError>;

    /// Whether the code sent to `contact` hashes to one of `macs`. A wrong try counts; a right one uses the code up unless
    /// it is to be kept: of several that try at once, one is right.
    async fn try_code(
        &self,
        contact: &str,
        macs: &[[u8; 32]],
        on_match: OnMatch,
        now_ms: i64,
    ) -> Result<bool, StateError>;

    /// Forgets the code sent to `contact`, if there is one.
    async fn void_code(&self, contact: &str) -> Result<(), StateError>;

    /// Notes that devices are in use until then.
    async fn note_presence(&self, notes: &[PresenceNote], until_ms: i64, now_ms: i64) -> Result<(), StateError>;

    /// Notes that a device of an account is not in use any more, or that none is, whatever signs of it there were.
    async fn end_presence(&self, account: &str, device: Option<i32>) -> Result<(), StateError>;

    /// Notes that a device has no socket here any more. It is in use only if it has one on another node.
    async fn end_socket_presence(&self, account: &str, device: i32) -> Result<(), StateError>;

    /// The devices of an account that are in use.
    async fn present_devices(&self, account: &str, now_ms: i64) -> Result<Vec<i32>, StateError>;

    /// Publishes entries of the change feed to the other nodes.
    async fn publish(&self, entries: &[FeedEntry]) -> Result<(), StateError>;

    /// Subscribes to what the other nodes publish, until the subscription fails.
    async fn subscribe(&self, on_event: &(dyn Fn(FeedEvent) + Send + Sync)) -> Result<Infallible, StateError>;

    /// Whether the state can be reached.
    async fn ping(&self) -> Result<(), StateError>;

    /// What this is, for people: `Redis` or `in process`.
    fn describe(&self) -> &'static str;
}

/// A device of an account is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceNote {
    /// The account.
    pub account: String,
    /// The device.
    pub device: i32,
    /// What shows it.
    pub sign: Sign,
}

/// What shows that a device is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// A request came from it.
    Request,
    /// It has a socket that is open on this node.
    Socket,
}

/// An event of a subscription to the other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// The subscription has begun.
    Subscribed,
    /// Another node published these.
    Published(Vec<FeedEntry>),
}

/// How often something was used in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// Uses in this window, this one included.
    pub count: u32,
    /// When the window ends.
    pub until_ms: i64,
}

/// What holds for the codes sent to one contact (security.md 13, 14).
pub struct CodeRules;

impl CodeRules {
    /// A code is valid for so long.
    pub const LIFETIME_MS: i64 = 5 * 60 * 1000;

    /// After so many wrong tries the code is void, and there is no other until they are forgotten.
    pub const TRIES: u32 = 5;

    /// Wrong tries are forgotten so long after the last of them: not while a code that they were tried on is valid.
    pub const TRIES_WINDOW_MS: i64 = 5 * 60 * 1000;

    /// In each of these windows (ms) so many codes at the most. The last is the longest.
    pub const SENDS: [(i64, usize); 3] = [(60 * 1000, 1), (60 * 60 * 1000, 5), (Self::DAY_MS, 10)];

    /// What was sent earlier does not count any more.
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
}

/// Whether a code may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSending {
    /// It may, and is remembered.
    Allowed,
    /// Not before then.
    TooSoon {
        /// When the next one may be.
        until_ms: i64,
    },
}

/// Whether a right try uses a code up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMatch {
    /// It stays valid: something else is still to be checked.
    Keep,
    /// It is used up.
    Consume,
}

/// Something that failed logins are counted for: an account, or a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSubject {
    /// Its name among all subjects.
    pub name: String,
    /// Failed logins at the most.
    pub limit: u32,
    /// Whether a successful login forgets the failed ones.
    pub is_forgiven: bool,
}

impl LoginSubject {
    /// Failed logins are counted for so long after the first of them (security.md 9).
    pub const WINDOW_MS: i64 = 15 * 60 * 1000;

    /// A login that has not ended by then never will: its node is gone.
    pub const PENDING_MS: i64 = 30 * 1000;
}

/// Whether a login may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admitted,
    /// Not while so many others are under way.
    QueueFull,
    /// Not before then: too many have failed.
    Locked {
        /// When the first of them is forgotten.
        until_ms: i64,
    },
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginEnd {
    /// The password was right.
    Right,
    /// It was wrong.
    Wrong,
    /// It was not compared.
    Cancelled,
}

/// The state can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("the shared state is unavailable: {0}")]
pub struct StateError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StateError {
    /// The state is unavailable because of `cause`.
    pub(crate) fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
