//! Counts by address.

use std::{collections::HashMap, net::IpAddr};

/// Counts by address. An address whose count is zero takes no memory.
#[derive(Default)]
pub struct SourceCounts(HashMap<IpAddr, usize>);

impl SourceCounts {
    /// The count of an address.
    pub fn of(&self, source: IpAddr) -> usize {
        self.0.get(&source).copied().unwrap_or_default()
    }

    /// The sum of all counts.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Adds one to the count of an address.
    pub fn add(&mut self, source: IpAddr) {
        *self.0.entry(source).or_default() += 1;
    }

    /// Takes one from the count of an address.
    pub fn remove(&mut self, source: IpAddr) {
        if let Some(count) = self.0.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&source);
            }
        }
    }
}
