//! The background tasks of a node.

use std::time::Duration;

use futures_util::future;

use super::{audit, presence, sockets};
use crate::{gateway::Gateway, model::AuditDays};

/// The pause between two checks of whether presence must be renewed.
const TICK: Duration = Duration::from_millis(250);

/// The pause between two deletions of old rows of the audit log.
const AUDIT_PRUNING_MS: i64 = 60 * 60 * 1000;

/// Follows the change feed, renews the presence of devices with open sockets and prunes the audit log, until the node
/// stops.
pub async fn run(gateway: &Gateway) {
    let close_ended = async || sockets::close_ended(gateway).await;
    let follow = gateway.feed.follow(&gateway.db, &*gateway.state, close_ended);
    future::join3(follow, renew_presence(gateway), prune_audit_log(gateway)).await;
}

async fn renew_presence(gateway: &Gateway) {
    let mut last_ms = i64::MIN / 2;
    loop {
        let now_ms = gateway.clock.steady_ms();
        if now_ms - last_ms >= presence::renewal_interval_ms(gateway) {
            last_ms = now_ms;
            presence::note_sockets(gateway, &gateway.sockets.identities()).await;
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn prune_audit_log(gateway: &Gateway) {
    let Some(days) = gateway.config.audit_retention else { return };
    let mut last_ms = i64::MIN / 2;
    loop {
        let now_ms = gateway.clock.steady_ms();
        if now_ms - last_ms >= AUDIT_PRUNING_MS {
            last_ms = now_ms;
            prune(gateway, days).await;
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn prune(gateway: &Gateway, days: AuditDays) {
    match audit::prune_all(gateway, days).await {
        Ok(0) => {}
        Ok(deleted) => log::info!("deleted {deleted} rows of the audit log that were older than {} days", days.get()),
        Err(error) => log::warn!("the audit log is pruned in an hour again: {error}"),
    }
}
