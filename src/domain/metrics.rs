//! The metrics of this node, as text for Prometheus.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future;

use super::{Error, readiness};
use crate::{gateway::Gateway, metrics};

/// How long a check of the database or of the state may take; one that takes longer does not work.
const PATIENCE: Duration = Duration::from_secs(2);

/// All metrics of this node. Checks the database and the state as the readiness check does.
///
/// # Errors
/// None while the database or the state is unavailable; the metrics say so instead.
pub async fn render(gateway: &Gateway) -> Result<Vec<u8>, Error> {
    let (database, state) =
        future::join(works(readiness::check_database(gateway)), works(readiness::check_state(gateway))).await;
    let all = &gateway.metrics;
    metrics::set(&all.database.up, database);
    metrics::set(&all.state.up, state);
    let (open, logged_in) = gateway.sockets.count();
    metrics::set(&all.presence.sockets, open);
    metrics::set(&all.presence.logged_in_sockets, logged_in);
    metrics::set(&all.presence.online_accounts, gateway.own_state.count_online(gateway.clock.now()));
    metrics::set(&all.presence.lost, gateway.is_presence_lost.load(Ordering::Relaxed));
    gateway.cache.measure();
    gateway.feed.measure();
    gateway.delivery.measure();
    all.render().map_err(|error| Error::internal(error.to_string()))
}

async fn works(check: impl Future<Output = Result<(), Error>>) -> bool {
    matches!(tokio::time::timeout(PATIENCE, check).await, Ok(Ok(())))
}
