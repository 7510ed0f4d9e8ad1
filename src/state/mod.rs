//! What may be lost: counters now, and later captchas, codes, presence and events. Redis when nodes share it, else this
//! process's memory.
//!
//! The trait speaks the domain's words, and both implementations pass one behaviour suite (`tests/it/state.rs`). Time
//! comes from the caller, so that a manual clock moves both.
//!
//! Keys in Redis, each made by one function in `redis.rs`, each with a time to live:
//!
//! | key | type | time to live | written by |
//! |---|---|---|---|
//! | `PREFIX:attempts:SUBJECT` | hash: `count`, `until` (ms) | the window | [`State::count_attempt`] |

mod memory;
mod redis;

pub use memory::MemoryState;
pub use redis::RedisState;

/// State that nodes share.
#[async_trait::async_trait]
pub trait State: Send + Sync {
    /// Counts one more attempt of `subject`. The count starts anew `window_ms` after the first attempt of the old one.
    async fn count_attempt(&self, subject: &str, window_ms: i64, now_ms: i64) -> Result<Attempts, StateError>;

    /// Takes one attempt back, if any are counted.
    async fn take_back_attempt(&self, subject: &str) -> Result<(), StateError>;

    /// Forgets all attempts of `subject`.
    async fn forget_attempts(&self, subject: &str) -> Result<(), StateError>;

    /// Whether the state can be reached.
    async fn ping(&self) -> Result<(), StateError>;

    /// What this is, for people: `Redis` or `in process`.
    fn describe(&self) -> &'static str;
}

/// How often something was tried in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts in this window, this one included.
    pub count: u32,
    /// When the window ends.
    pub until_ms: i64,
}

/// The state can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("the shared state is unavailable: {0}")]
pub struct StateError(pub String);
