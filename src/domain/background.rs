//! The background tasks of a node.

use std::time::Duration;

use futures_util::future;

use super::{audit_log, avatars, events, nodes, presence, sockets, webhooks::dispatch};
use crate::{gateway::Gateway, model::Days};

/// The pause between two checks of whether something is due.
const TICK: Duration = Duration::from_millis(250);

/// How often a node adds its counts of events to the shared state.
const FLUSH_INTERVAL_MS: i64 = 5_000;

/// How often a node notes that it runs.
const NODE_INTERVAL_MS: i64 = 10_000;

/// How often a node looks for accounts that are no longer online, of apps that want to hear of it.
const OFFLINE_INTERVAL_MS: i64 = 2_000;

/// The pause between two deletions of old rows.
const PRUNING_MS: i64 = 60 * 60 * 1000;

/// Follows the change feed, renews the presence of devices with open sockets, adds the counts of events to the shared
/// state, notes that the node runs, posts to webhooks and deletes old rows and images, until the node stops.
pub async fn run(gateway: &Gateway) {
    let close_ended = async || sockets::close_ended(gateway).await;
    let follow = gateway.feed.follow(&gateway.db, &*gateway.state, close_ended);
    let renew_presence = repeat(gateway, presence::renewal_interval_ms(gateway), async || {
        presence::note_sockets(gateway, &gateway.sockets.identities()).await;
    });
    let flush_events = repeat(gateway, FLUSH_INTERVAL_MS, async || events::flush(gateway).await);
    let note_node = repeat(gateway, NODE_INTERVAL_MS, async || nodes::note(gateway).await);
    let prune_audit_log = async {
        if let Some(days) = gateway.config.audit_retention {
            repeat(gateway, PRUNING_MS, async || prune(gateway, days).await).await;
        }
    };
    let prune_deliveries = repeat(gateway, PRUNING_MS, async || dispatch::prune(gateway).await);
    let note_offline = repeat(gateway, OFFLINE_INTERVAL_MS, async || presence::note_expired(gateway).await);
    let webhooks = future::join3(dispatch::run(gateway), prune_deliveries, note_offline);
    let prune_images = repeat(gateway, PRUNING_MS, async || avatars::prune(gateway).await);
    let monitoring = future::join3(flush_events, note_node, prune_images);
    future::join5(follow, renew_presence, monitoring, prune_audit_log, webhooks).await;
}

/// Hands over what a node that stops has collected or claimed.
pub async fn finish(gateway: &Gateway) {
    future::join3(events::flush(gateway), nodes::forget(gateway), dispatch::finish(gateway)).await;
}

/// Does `work` now and then at intervals, by the gateway's clock.
async fn repeat(gateway: &Gateway, interval_ms: i64, work: impl AsyncFn()) {
    let mut last_ms = i64::MIN / 2;
    loop {
        let now_ms = gateway.clock.steady_ms();
        if now_ms - last_ms >= interval_ms {
            last_ms = now_ms;
            work().await;
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn prune(gateway: &Gateway, days: Days) {
    match audit_log::prune_all(gateway, days).await {
        Ok(0) => {}
        Ok(deleted) => log::info!("deleted {deleted} rows of the audit log that were older than {} days", days.get()),
        Err(error) => log::warn!("the audit log is pruned in an hour again: {error}"),
    }
}
