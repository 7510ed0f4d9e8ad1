//! How much the caches hold.

use std::{hash::Hash, sync::Arc};

use foldhash::fast::RandomState;
use quick_cache::{
    UnitWeighter, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::Account;
use crate::model::{PublicDetails, User, UserId};

/// An account counts by the memory that it takes.
#[derive(Clone)]
pub(super) struct ByBytes;

impl Weighter<UserId, Arc<Account>> for ByBytes {
    fn weight(&self, _: &UserId, account: &Arc<Account>) -> u64 {
        // Of the entry, the row and what the allocator adds to each of their texts.
        const FRAME: usize = 640;
        const SESSION: usize = 128;
        const REMARK: usize = 96;
        let bytes = |(user, details): &(Arc<User>, Arc<PublicDetails>)| user.text_bytes() + details.bytes();
        let profile = account.profile.as_ref().map_or(0, bytes);
        let remarks = account.remarks.as_deref().map_or(0, |all| all.text_bytes() + all.count() * REMARK);
        u64::try_from(FRAME + profile + remarks + account.sessions.len() * SESSION).unwrap_or(u64::MAX)
    }
}

/// A cache of up to this number of entries.
pub(super) fn with_room_for<K: Eq + Hash, V: Clone>(entries: usize) -> Cache<K, V, UnitWeighter, RandomState> {
    let weight = u64::try_from(entries).unwrap_or(u64::MAX);
    Cache::with(entries, weight, UnitWeighter, RandomState::default(), DefaultLifecycle::default())
}
