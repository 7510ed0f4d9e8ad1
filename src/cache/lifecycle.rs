//! Counts the accounts that the cache evicts to make room.

use std::sync::Arc;

use quick_cache::{Lifecycle, sync::DefaultLifecycle};

use super::Account;
use crate::{metrics::Counter, model::UserId};

type Inner = DefaultLifecycle<UserId, Arc<Account>>;

/// What [`DefaultLifecycle`] does, and a count.
#[derive(Clone)]
pub(super) struct CountsEvictions {
    inner: Inner,
    count: Counter,
}

impl CountsEvictions {
    pub(super) fn new(count: Counter) -> Self {
        Self { inner: Inner::default(), count }
    }
}

impl Lifecycle<UserId, Arc<Account>> for CountsEvictions {
    type RequestState = <Inner as Lifecycle<UserId, Arc<Account>>>::RequestState;

    // Not called for a value that another one replaces.
    fn before_evict(&self, _: &mut Self::RequestState, _: &UserId, _: &mut Arc<Account>) {
        self.count.inc();
    }

    fn on_evict(&self, state: &mut Self::RequestState, user: UserId, account: Arc<Account>) {
        self.inner.on_evict(state, user, account);
    }
}
