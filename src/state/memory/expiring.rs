//! Bounded maps of what expires.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::clock::Now;

/// A bounded map of values that expire. When it is full, those that expire first are evicted early (security.md 12).
pub(super) struct Expiring<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// A value that expires.
pub(super) trait Ends {
    /// When the value expires.
    fn ends_at_ms(&self) -> i64;
}

impl<K: Eq + Hash, V: Ends> Expiring<K, V> {
    /// Maximum number of values.
    pub(super) const MAX: usize = 100_000;

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the values and makes room for `more`. If dropping the expired ones is not enough, evicts the half that
    /// expires first.
    pub(super) fn with_room(&self, more: usize, now_ms: i64) -> MutexGuard<'_, HashMap<K, V>> {
        let mut values = self.lock();
        if values.len() + more <= Self::MAX {
            return values;
        }
        values.retain(|_, value| value.ends_at_ms() > now_ms);
        if values.len() + more > Self::MAX {
            let mut ends: Vec<i64> = values.values().map(Ends::ends_at_ms).collect();
            let middle = ends.len() / 2;
            let median = *ends.select_nth_unstable(middle).1;
            values.retain(|_, value| value.ends_at_ms() > median);
        }
        values
    }
}

/// What this process knows for a while.
pub struct Recent<K, V>(Expiring<K, Known<V>>);

struct Known<V> {
    value: V,
    until_ms: i64,
}

impl<V> Ends for Known<V> {
    fn ends_at_ms(&self) -> i64 {
        self.until_ms
    }
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Expiring::default())
    }
}

impl<K: Eq + Hash, V: Copy> Recent<K, V> {
    /// What is known of `key`.
    pub fn get(&self, key: &K, now: Now) -> Option<V> {
        self.0.lock().get(key).filter(|known| known.until_ms > now.steady_ms).map(|known| known.value)
    }

    /// Keeps `value` for `lifetime_ms`.
    pub fn put(&self, key: K, value: V, lifetime_ms: i64, now: Now) {
        let until_ms = now.steady_ms.saturating_add(lifetime_ms);
        self.0.with_room(1, now.steady_ms).insert(key, Known { value, until_ms });
    }

    /// Keeps `value`, if nothing is known of `key` yet; returns whether that was so.
    pub fn put_new(&self, key: K, value: V, lifetime_ms: i64, now: Now) -> bool {
        // Looked up first: making room may go through all.
        if self.get(&key, now).is_some() {
            return false;
        }
        let (now_ms, until_ms) = (now.steady_ms, now.steady_ms.saturating_add(lifetime_ms));
        let mut all = self.0.with_room(1, now_ms);
        let known = all.insert(key, Known { value, until_ms });
        // Another thread may have put it meanwhile.
        known.is_none_or(|known| known.until_ms <= now_ms)
    }

    /// Forgets what is known of `key`.
    pub fn forget(&self, key: &K) {
        self.0.lock().remove(key);
    }
}
