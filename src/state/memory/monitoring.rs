//! What operators watch, in the memory of one process. Counts of events are by the wall clock, as charts show them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use super::MemoryState;
use crate::{
    clock::Now,
    model::{Node, SeenNode, TenantId},
    state::{Event, EventCount, Monitoring, Slot, StateError, StateServer, monitoring::parts_of},
};

/// The counts of events and the nodes.
#[derive(Default)]
pub(super) struct Watched {
    counts: Mutex<BTreeMap<(Slot, TenantId, Event), u64>>,
    nodes: Mutex<HashMap<String, NotedNode>>,
}

/// A node, with the steady time of its last note.
struct NotedNode {
    seen: SeenNode,
    steady_ms: i64,
}

impl Watched {
    /// Maximum number of counts. Those of the oldest slots are dropped early.
    const MAX_COUNTS: usize = 100_000;

    /// Maximum number of nodes; there is only one.
    const MAX_NODES: usize = 100;
}

#[async_trait::async_trait]
impl Monitoring for MemoryState {
    async fn add_events(&self, tenant: &TenantId, counts: &[EventCount], now: Now) -> Result<(), StateError> {
        let mut all = self.watched.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for EventCount { slot, event, count } in counts {
            let sum = all.entry((*slot, tenant.clone(), *event)).or_default();
            *sum = sum.saturating_add(*count);
        }
        let current = Slot::at(now.wall_ms);
        if all.first_key_value().is_some_and(|((oldest, ..), _)| !oldest.is_kept(current)) {
            all.retain(|(slot, ..), _| slot.is_kept(current));
        }
        while all.len() > Watched::MAX_COUNTS {
            all.pop_first();
        }
        Ok(())
    }

    async fn event_counts(&self, tenant: &TenantId, now: Now) -> Result<Vec<EventCount>, StateError> {
        let current = Slot::at(now.wall_ms);
        let all = self.watched.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = all.iter().filter(|((slot, owner, _), _)| owner == tenant && slot.is_kept(current));
        Ok(of_tenant
            .map(|((slot, _, event), count)| EventCount { slot: *slot, event: *event, count: *count })
            .collect())
    }

    async fn online_accounts(&self, tenant: &TenantId, _: i64, now: Now) -> Result<i64, StateError> {
        let all = self.presences.lock();
        let is_online = |(account, devices): &(&String, &super::Presences)| {
            parts_of(account).0 == tenant.as_str() && devices.0.values().any(|until_ms| *until_ms > now.steady_ms)
        };
        Ok(i64::try_from(all.iter().filter(is_online).count()).unwrap_or(i64::MAX))
    }

    async fn note_node(&self, node: &Node, ttl_ms: i64, now: Now) -> Result<(), StateError> {
        let seen = SeenNode { node: node.clone(), seen_at_ms: now.wall_ms };
        let mut nodes = self.watched.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|_, noted| now.steady_ms - noted.steady_ms < ttl_ms);
        if nodes.len() < Watched::MAX_NODES {
            nodes.insert(node.id.clone(), NotedNode { seen, steady_ms: now.steady_ms });
        }
        Ok(())
    }

    async fn forget_node(&self, node: &Node) -> Result<(), StateError> {
        self.watched.nodes.lock().unwrap_or_else(PoisonError::into_inner).remove(&node.id);
        Ok(())
    }

    async fn list_nodes(&self, ttl_ms: i64, now: Now) -> Result<Vec<SeenNode>, StateError> {
        let nodes = self.watched.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = nodes.values().filter(|noted| now.steady_ms - noted.steady_ms < ttl_ms);
        Ok(lately.map(|noted| noted.seen.clone()).collect())
    }

    async fn server(&self) -> Result<Option<StateServer>, StateError> {
        Ok(None)
    }

    fn is_shared(&self) -> bool {
        false
    }
}
