//! How many files may arrive at the same time: each takes memory until it is complete.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::source_counts::SourceCounts;

/// How many files may arrive at a node at the same time.
const MAX: usize = 64;

/// How many of them may come from one address.
const MAX_PER_SOURCE: usize = 8;

/// The files that arrive at a node, counted by the address that they come from.
#[derive(Default)]
pub struct Slots {
    taken: Mutex<SourceCounts>,
}

impl Slots {
    /// A place for a file from `source`; `None` if all are taken.
    pub fn take(self: &Arc<Self>, source: IpAddr) -> Option<Slot> {
        let mut taken = self.taken();
        if taken.of(source) >= MAX_PER_SOURCE || taken.total() >= MAX {
            return None;
        }
        taken.add(source);
        Some(Slot { slots: Arc::clone(self), source })
    }

    fn taken(&self) -> MutexGuard<'_, SourceCounts> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for a file, which is given back when this is dropped.
pub struct Slot {
    slots: Arc<Slots>,
    source: IpAddr,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.taken().remove(self.source);
    }
}
