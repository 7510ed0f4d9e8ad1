//! Counts of events for operators. A node collects them in memory and adds them to the shared state at intervals, so that
//! a login costs no further request to it (ADR 18).

use crate::{
    gateway::Gateway,
    model::TenantId,
    state::{Event, EventCount},
};

/// Counts an event of the tenant, there and in this node's metrics.
pub(super) fn count(gateway: &Gateway, tenant: &TenantId, event: Event) {
    let metrics = &gateway.metrics.accounts;
    match event {
        Event::SignIn => metrics.logins.inc(),
        Event::FailedSignIn => metrics.failed_logins.inc(),
        Event::Registration => metrics.registrations.inc(),
        // Delivery counts them by channel.
        Event::CodeSent | Event::CodeFailed => {}
    }
    gateway.events.add(tenant, event, gateway.clock.now_ms());
}

/// Adds what this node has collected to the shared state. If that is unavailable, the next call tries again.
pub(super) async fn flush(gateway: &Gateway) {
    if let Err(error) = gateway.events.flush(&*gateway.state, gateway.clock.now()).await {
        log::debug!("counts of events stay with this node for now: {error}");
    }
}

/// The counts of a tenant's events, and whether they are this node's knowledge only.
pub(super) async fn list(gateway: &Gateway, tenant: &TenantId) -> (Vec<EventCount>, bool) {
    let (counts, problem) = gateway.events.with_those_in(&*gateway.state, tenant, gateway.clock.now()).await;
    (counts, problem.is_some())
}
