//! How many files may arrive at the same time: each takes memory until it is complete.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many files may arrive at a node at the same time.
const MAX: usize = 64;

/// How many of them may come from one address.
const MAX_PER_SOURCE: usize = 8;

/// The files that arrive at a node, counted by the address that they come from.
#[derive(Default)]
pub struct Slots {
    taken: Mutex<HashMap<IpAddr, usize>>,
}

impl Slots {
    /// A place for a file from `source`; `None` if all are taken.
    pub fn take(self: &Arc<Self>, source: IpAddr) -> Option<Slot> {
        let mut taken = self.taken();
        let of_source = taken.get(&source).copied().unwrap_or_default();
        if of_source >= MAX_PER_SOURCE || taken.values().sum::<usize>() >= MAX {
            return None;
        }
        taken.insert(source, of_source + 1);
        Some(Slot { slots: Arc::clone(self), source })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
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
        let mut taken = self.slots.taken();
        if let Some(number) = taken.get_mut(&self.source) {
            *number -= 1;
            if *number == 0 {
                taken.remove(&self.source);
            }
        }
    }
}
