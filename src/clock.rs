//! The source of time.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// A clock. Tests use one that they set themselves.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch, by a clock that may be set: for what is stored or shown.
    fn now_ms(&self) -> i64;

    /// Milliseconds by a clock that is never set, with an arbitrary start: for durations within this process.
    fn steady_ms(&self) -> i64;

    /// Both.
    fn now(&self) -> Now {
        Now { wall_ms: self.now_ms(), steady_ms: self.steady_ms() }
    }
}

/// A time by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// As [`Clock::now_ms`].
    pub wall_ms: i64,
    /// As [`Clock::steady_ms`].
    pub steady_ms: i64,
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where Gateway's clock gets its time")]
    fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn steady_ms(&self) -> i64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
