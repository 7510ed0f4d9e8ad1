//! The background tasks of a node.

use std::time::Duration;

use futures_util::future;

use super::{presence, sockets};
use crate::gateway::Gateway;

/// The pause between two checks of whether presence must be renewed.
const TICK: Duration = Duration::from_millis(250);

/// Follows the change feed and renews the presence of devices with open sockets, until the node stops.
pub async fn run(gateway: &Gateway) {
    let close_ended = async || sockets::close_ended(gateway).await;
    let follow = gateway.feed.follow(&gateway.db, &*gateway.state, close_ended);
    future::join(follow, renew_presence(gateway)).await;
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
