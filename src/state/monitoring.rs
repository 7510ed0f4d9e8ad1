//! What operators watch: counts of events, the accounts in use, and the nodes (ADR 18).

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::StateError;
use crate::{
    clock::Now,
    model::{Node, SeenNode, TenantId},
};

/// The part of the shared state that operators watch.
#[async_trait::async_trait]
pub trait Monitoring: Send + Sync {
    /// Adds counts of a tenant's events, all of them or none.
    async fn add_events(&self, tenant: &TenantId, counts: &[EventCount], now: Now) -> Result<(), StateError>;

    /// The counts of a tenant's events in the current hour and the 23 before it, those of one slot in any order.
    async fn event_counts(&self, tenant: &TenantId, now: Now) -> Result<Vec<EventCount>, StateError>;

    /// The number of a tenant's accounts with a device in use, of those noted for `ttl_ms` or less.
    async fn online_accounts(&self, tenant: &TenantId, ttl_ms: i64, now: Now) -> Result<i64, StateError>;

    /// Stores that a node runs, for `ttl_ms`.
    async fn note_node(&self, node: &Node, ttl_ms: i64, now: Now) -> Result<(), StateError>;

    /// Deletes a node that stops.
    async fn forget_node(&self, node: &Node) -> Result<(), StateError>;

    /// The nodes that were noted within `ttl_ms`, in any order.
    async fn list_nodes(&self, ttl_ms: i64, now: Now) -> Result<Vec<SeenNode>, StateError>;

    /// What the server of the state says of itself; `None` if the state is in this process.
    async fn server(&self) -> Result<Option<StateServer>, StateError>;

    /// Whether the nodes share this state.
    fn is_shared(&self) -> bool;
}

/// The server that has the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateServer {
    /// Its time.
    pub now_ms: i64,
    /// The policy by which it drops keys before their time when its memory is full, if it does.
    pub eviction: Option<String>,
}

/// A kind of event that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// A login opened a session.
    SignIn,
    /// A login was refused: wrong, locked or disabled.
    FailedSignIn,
    /// An account was registered.
    Registration,
    /// A code was handed to delivery.
    CodeSent,
    /// Delivery gave up on a code.
    CodeFailed,
}

impl Event {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::SignIn, Self::FailedSignIn, Self::Registration, Self::CodeSent, Self::CodeFailed];

    /// Its name in the shared state.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::FailedSignIn => "failed_sign_in",
            Self::Registration => "registration",
            Self::CodeSent => "code_sent",
            Self::CodeFailed => "code_failed",
        }
    }
}

/// How often an event happened within a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCount {
    /// The slot.
    pub slot: Slot,
    /// The kind of event.
    pub event: Event,
    /// How often it happened.
    pub count: u64,
}

/// Five minutes of the wall clock: its number since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(i64);

impl Slot {
    const MS: i64 = 5 * 60 * 1000;

    /// The number of slots of an hour.
    pub const PER_HOUR: i64 = 12;

    /// The number of hours that counts are kept for, the current one included.
    pub const HOURS: i64 = 24;

    /// The slot at a time of the wall clock.
    #[must_use]
    pub const fn at(wall_ms: i64) -> Self {
        Self(wall_ms.div_euclid(Self::MS))
    }

    /// The number of slots since the Unix epoch.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The number of hours since the Unix epoch.
    #[must_use]
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(Self::PER_HOUR)
    }

    /// Its place in its hour, from 0.
    pub(super) const fn in_hour(self) -> i64 {
        self.0.rem_euclid(Self::PER_HOUR)
    }

    /// The slot at that place of that hour.
    pub(super) const fn of(hour: i64, in_hour: i64) -> Self {
        Self(hour * Self::PER_HOUR + in_hour)
    }

    /// Whether it is in one of the hours up to `now` whose counts are kept.
    pub(super) const fn is_kept(self, now: Self) -> bool {
        let age_hours = now.hour() - self.hour();
        age_hours >= 0 && age_hours < Self::HOURS
    }
}

/// Counts of events that a node has not added to the shared state yet.
#[derive(Default)]
pub struct PendingEvents {
    counts: Mutex<Counts>,
    /// Held while counts move to the shared state or are read, so that a reader sees each event once.
    turn: tokio::sync::Mutex<()>,
}

type Counts = BTreeMap<(Slot, TenantId, Event), u64>;

impl PendingEvents {
    /// Maximum number of counts that are kept while the shared state is unavailable.
    const MAX: usize = 10_000;

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an event at a time of the wall clock. When too many counts are pending, the oldest are dropped.
    pub fn add(&self, tenant: &TenantId, event: Event, wall_ms: i64) {
        let mut counts = self.lock();
        *counts.entry((Slot::at(wall_ms), tenant.clone(), event)).or_default() += 1;
        while counts.len() > Self::MAX {
            counts.pop_first();
        }
    }

    /// Adds the pending counts to `state`, tenant by tenant. Those for which that fails stay pending.
    ///
    /// # Errors
    /// If the state is unavailable.
    pub async fn flush(&self, state: &(impl Monitoring + ?Sized), now: Now) -> Result<(), StateError> {
        let _turn = self.turn.lock().await;
        let current = Slot::at(now.wall_ms);
        let mut of_tenants: BTreeMap<TenantId, Vec<EventCount>> = BTreeMap::new();
        for ((slot, tenant, event), count) in &*self.lock() {
            of_tenants.entry(tenant.clone()).or_default().push(EventCount {
                slot: *slot,
                event: *event,
                count: *count,
            });
        }
        for (tenant, counts) in of_tenants {
            let kept: Vec<_> = counts.iter().copied().filter(|count| count.slot.is_kept(current)).collect();
            if !kept.is_empty() {
                state.add_events(&tenant, &kept, now).await?;
            }
            self.remove(&tenant, &counts);
        }
        Ok(())
    }

    fn remove(&self, tenant: &TenantId, added: &[EventCount]) {
        let mut pending = self.lock();
        for EventCount { slot, event, count } in added {
            let key = (*slot, tenant.clone(), *event);
            let left = pending.remove(&key).map_or(0, |pending| pending.saturating_sub(*count));
            if left > 0 {
                pending.insert(key, left);
            }
        }
    }

    /// The counts of a tenant's events: those in `state` and those that are still pending here. Without the state the
    /// pending ones only, and the error.
    pub async fn with_those_in(
        &self,
        state: &(impl Monitoring + ?Sized),
        tenant: &TenantId,
        now: Now,
    ) -> (Vec<EventCount>, Option<StateError>) {
        let _turn = self.turn.lock().await;
        let (mut counts, problem) = match state.event_counts(tenant, now).await {
            Ok(counts) => (counts, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let pending = self.lock();
        let own = pending.iter().filter(|((_, owner, _), _)| owner == tenant);
        counts.extend(own.map(|((slot, _, event), count)| EventCount { slot: *slot, event: *event, count: *count }));
        (counts, problem)
    }
}

/// The tenant and the user in the name of an account, `TENANT:USER`.
pub(super) fn parts_of(account: &str) -> (&str, &str) {
    account.split_once(':').unwrap_or((account, ""))
}
