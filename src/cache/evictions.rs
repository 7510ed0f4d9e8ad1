//! Records evictions, so that no value is cached that was read before its key was evicted.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::FillToken;

/// Records when keys were evicted, so that no value is cached that was read before its eviction.
///
/// Keys share stripes, so an eviction can also drop a fill of another key in its stripe; the next miss repeats it.
pub(super) struct Evictions {
    /// The number of evictions so far.
    clock: AtomicU64,
    /// The value of `clock` at the last eviction in each stripe.
    stripes: [Mutex<u64>; Self::STRIPES],
}

impl Default for Evictions {
    fn default() -> Self {
        Self { clock: AtomicU64::new(0), stripes: std::array::from_fn(|_| Mutex::new(0)) }
    }
}

impl Evictions {
    const STRIPES: usize = 256;

    /// The current number of evictions.
    pub(super) fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(super) fn lock(&self, key: &impl Hash) -> MutexGuard<'_, u64> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        let stripe = usize::try_from(hash).unwrap_or(0) % Self::STRIPES;
        #[expect(clippy::indexing_slicing, reason = "a remainder is below its divisor")]
        self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_to_evict(&self, key: &impl Hash) -> MutexGuard<'_, u64> {
        let mut stripe = self.lock(key);
        *stripe = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        stripe
    }

    pub(super) fn lock_all_to_evict(&self) -> Vec<MutexGuard<'_, u64>> {
        let mut all: Vec<_> =
            self.stripes.iter().map(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let now = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        for stripe in &mut all {
            **stripe = now;
        }
        all
    }

    /// `None` if the key was evicted after the token was taken, or the cache was not trusted at that time.
    pub(super) fn lock_to_fill(&self, FillToken(taken): FillToken, key: &impl Hash) -> Option<MutexGuard<'_, u64>> {
        let taken = taken?;
        let stripe = self.lock(key);
        (*stripe <= taken).then_some(stripe)
    }
}
