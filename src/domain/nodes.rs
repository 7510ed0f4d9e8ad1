//! The nodes, each of which notes at intervals that it runs.

use crate::{
    gateway::Gateway,
    model::SeenNode,
    state::{Monitoring as _, StateError},
};

/// How long a node is listed after its last note, so that one that crashed is noticed.
const TTL_MS: i64 = 5 * 60 * 1000;

/// Notes that this node runs.
pub(super) async fn note(gateway: &Gateway) {
    let (node, now) = (&gateway.node, gateway.clock.now());
    log_failure(gateway.own_state.note_node(node, TTL_MS, now).await);
    log_failure(gateway.state.note_node(node, TTL_MS, now).await);
}

/// Notes that this node stops.
pub(super) async fn forget(gateway: &Gateway) {
    log_failure(gateway.own_state.forget_node(&gateway.node).await);
    log_failure(gateway.state.forget_node(&gateway.node).await);
}

/// The nodes that were seen lately, by their start, and whether that is this node's knowledge only.
pub(super) async fn list(gateway: &Gateway) -> (Vec<SeenNode>, bool) {
    let now = gateway.clock.now();
    let (mut nodes, is_degraded) = match gateway.state.list_nodes(TTL_MS, now).await {
        Ok(nodes) => (nodes, false),
        Err(_) => (gateway.own_state.list_nodes(TTL_MS, now).await.unwrap_or_default(), true),
    };
    nodes.sort_by(|a, b| (a.node.started_at_ms, &a.node.id).cmp(&(b.node.started_at_ms, &b.node.id)));
    (nodes, is_degraded)
}

fn log_failure(outcome: Result<(), StateError>) {
    if let Err(error) = outcome {
        log::debug!("the node was not noted: {error}");
    }
}
