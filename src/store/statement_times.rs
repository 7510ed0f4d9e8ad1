//! Start times of running statements, to detect a database that does not answer.

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The start times of the running statements of a pool, one per connection.
#[derive(Default)]
pub(super) struct StatementTimes(Mutex<Vec<Weak<StatementTime>>>);

/// The start time of a connection's running statement, in milliseconds of [`process_ms`]; 0 while none runs.
#[derive(Default)]
pub(super) struct StatementTime(AtomicU64);

impl StatementTimes {
    /// Adds a new connection.
    pub(super) fn register(&self) -> Arc<StatementTime> {
        let time = Arc::<StatementTime>::default();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&time));
        time
    }

    /// The age of the oldest running statement.
    pub(super) fn oldest(&self) -> Option<Duration> {
        let now_ms = process_ms();
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = all.iter().filter_map(|time| Some(time.upgrade()?.0.load(Ordering::Relaxed)));
        let oldest_ms = began.filter(|began_ms| *began_ms > 0).min()?;
        Some(Duration::from_millis(now_ms.saturating_sub(oldest_ms)))
    }
}

impl StatementTime {
    pub(super) fn begin(&self) {
        self.0.store(process_ms(), Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Milliseconds since the first call, at least 1.
fn process_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}
