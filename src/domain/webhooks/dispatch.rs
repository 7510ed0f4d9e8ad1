//! Posts events to webhooks, in order per account and at least once. All nodes share the work: a node claims deliveries
//! for a while, and those of a node that stops or crashes in the meantime are claimed by another one. Each webhook is
//! served on its own, so that a slow receiver delays no other one.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::{TIMEOUT, keys};
use crate::{
    delivery::{Post, event_body},
    domain::Error,
    gateway::Gateway,
    model::{Delivery, DeliveryState, Webhook, WebhookId},
    store::{
        Conn, StoreError,
        webhook_deliveries::{self, Attempt, Queue},
        webhooks,
    },
};

/// The pause between two checks of whether something is due.
const TICK: Duration = Duration::from_millis(250);

/// How long a node has what it claimed.
pub(super) const LEASE_MS: i64 = 60 * 1000;

/// How many deliveries of an account a node claims at a time, so that one with many does not hold up the others.
const BATCH: i64 = 20;

/// How many accounts of a webhook a node serves at a time, once the receiver has accepted something; before that, and after
/// a failure, one. So receivers that do not answer take little of what all share.
const AT_ONCE: usize = 8;

/// The pauses between the attempts: a day in all. Then the delivery is parked.
const PAUSES_SECS: [i64; 10] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 29_845];

/// An event that is older is not tried again after a failure.
const MAX_AGE_MS: i64 = 24 * 60 * 60 * 1000;

/// How long what was delivered can be listed and resent.
const KEEP_DELIVERED_MS: i64 = 24 * 60 * 60 * 1000;

/// How long what was parked can be.
const KEEP_PARKED_MS: i64 = 30 * KEEP_DELIVERED_MS;

/// Posts whatever is due, until the node stops.
pub(in crate::domain) async fn run(gateway: &Gateway) {
    let mut served: HashSet<WebhookId> = HashSet::new();
    let mut serving = FuturesUnordered::new();
    let mut is_failing = false;
    loop {
        let now_ms = gateway.clock.now_ms();
        match gateway.db.read(move |conn| webhook_deliveries::list_due_webhooks(conn, now_ms)).await {
            Ok(due) => {
                for id in due.into_iter().filter(|id| served.insert(*id)).collect::<Vec<_>>() {
                    serving.push(async move { (id, serve(gateway, id).await) });
                }
            }
            Err(error) => note_failure(&mut is_failing, &error.into()),
        }
        let tick = tokio::time::sleep(TICK);
        tokio::pin!(tick);
        loop {
            tokio::select! {
                () = &mut tick => break,
                Some((id, outcome)) = serving.next() => {
                    served.remove(&id);
                    match outcome {
                        Ok(()) => is_failing = false,
                        Err(error) => note_failure(&mut is_failing, &error),
                    }
                }
            }
        }
    }
}

/// Logs that webhooks wait for the database, once until they go on.
fn note_failure(is_failing: &mut bool, error: &Error) {
    if !*is_failing {
        log::warn!("webhooks wait: {error}");
        *is_failing = true;
    }
}

/// Posts what is due to a webhook, several accounts at a time, until nothing is.
async fn serve(gateway: &Gateway, id: WebhookId) -> Result<(), Error> {
    let mut at_once = 1;
    let mut accounts = FuturesUnordered::new();
    loop {
        for batch in claim(gateway, id, at_once - accounts.len().min(at_once)).await? {
            accounts.push(async move { batch.post_in_order(gateway).await });
        }
        match accounts.next().await {
            Some(outcome) => at_once = if outcome? { AT_ONCE } else { 1 },
            None => return Ok(()),
        }
    }
}

/// Claims what is due of up to `limit` accounts of a webhook. Nothing if it was deleted.
async fn claim(gateway: &Gateway, id: WebhookId, limit: usize) -> Result<Vec<Batch>, Error> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let (now_ms, claim) = (gateway.clock.now_ms(), gateway.webhook_claim);
    let until_ms = now_ms.saturating_add(LEASE_MS);
    let queries = move |conn: &mut Conn| -> Result<_, Error> {
        if !webhooks::lock(conn, id)? {
            return Ok(Vec::new());
        }
        let Some(webhook) = webhooks::find(conn, id)?.map(Arc::new) else { return Ok(Vec::new()) };
        let mut batches = Vec::new();
        for user in webhook_deliveries::list_due_accounts(conn, id, now_ms, limit)? {
            let queue = Queue { webhook: id, user };
            let deliveries = webhook_deliveries::claim(conn, queue, claim, BATCH, now_ms, until_ms)?;
            if !deliveries.is_empty() {
                batches.push(Batch { webhook: Arc::clone(&webhook), queue, deliveries, claim, until_ms });
            }
        }
        Ok(batches)
    };
    gateway.db.write(queries).await
}

/// Gives back what this node has, so that another one goes on with it at once.
pub(in crate::domain) async fn finish(gateway: &Gateway) {
    let (claim, now_ms) = (gateway.webhook_claim, gateway.clock.now_ms());
    let release = move |conn: &mut Conn| -> Result<(), StoreError> {
        for id in webhooks::list_ids(conn)? {
            webhook_deliveries::release_all(conn, id, claim, now_ms, now_ms.saturating_add(LEASE_MS))?;
        }
        Ok(())
    };
    if let Err(error) = gateway.db.write(release).await {
        log::debug!("another node goes on with webhooks in a minute: {error}");
    }
}

/// Deliveries of an account that this node has for a while.
struct Batch {
    webhook: Arc<Webhook>,
    queue: Queue,
    deliveries: Vec<Delivery>,
    claim: i64,
    until_ms: i64,
}

impl Batch {
    /// Posts the deliveries one after the other. Those after one that fails wait for it. Returns whether none failed.
    async fn post_in_order(&self, gateway: &Gateway) -> Result<bool, Error> {
        let (queue, until_ms) = (self.queue, self.until_ms);
        for delivery in &self.deliveries {
            let now_ms = gateway.clock.now_ms();
            // A post that does not end before the claim does could be made twice at once.
            if now_ms.saturating_add(milliseconds(TIMEOUT)) >= until_ms {
                break;
            }
            if let Some(next_attempt_at_ms) = self.post(gateway, delivery).await? {
                let put_off = move |conn: &mut Conn| -> Result<(), StoreError> {
                    webhook_deliveries::release(conn, queue, until_ms, next_attempt_at_ms)?;
                    webhook_deliveries::put_off(conn, queue, next_attempt_at_ms)
                };
                gateway.db.write(put_off).await?;
                return Ok(false);
            }
        }
        gateway.db.write(move |conn| webhook_deliveries::release(conn, queue, until_ms, 0)).await?;
        Ok(true)
    }

    /// Posts an event. Returns when it is to be tried again, if it was not accepted and is not parked.
    async fn post(&self, gateway: &Gateway, delivery: &Delivery) -> Result<Option<i64>, Error> {
        let post = Post {
            url: self.webhook.url.as_str().to_owned(),
            id: delivery.message_id(),
            timestamp_secs: gateway.clock.now_ms().div_euclid(1000),
            keys: keys(gateway, &self.webhook),
            body: event_body(&self.webhook.tenant, delivery),
            timeout: TIMEOUT,
        };
        let answer = gateway.posts.send(post).await;
        let now_ms = gateway.clock.now_ms();
        let is_old = now_ms.saturating_sub(delivery.at_ms) >= MAX_AGE_MS;
        let pause_secs = usize::try_from(delivery.attempts).ok().and_then(|done| PAUSES_SECS.get(done).copied());
        let pause_secs = pause_secs.filter(|_| !is_old);
        let metrics = &gateway.metrics.webhooks;
        let (state, wait) = match (&answer, pause_secs) {
            (Ok(answer), _) if answer.is_success() => {
                metrics.delivered.inc();
                (DeliveryState::Delivered, None)
            }
            (_, None) => {
                metrics.parked.inc();
                log::warn!("webhook {}: gave up event {}", self.webhook.id.0, delivery.id.0);
                (DeliveryState::Parked, None)
            }
            (answer, Some(secs)) => {
                metrics.failed.inc();
                let wait = answer.as_ref().ok().and_then(|answer| answer.wait).map_or(0, milliseconds);
                // A receiver may ask for a longer pause, up to an hour.
                (DeliveryState::Pending, Some(wait.min(3_600_000).max(secs.saturating_mul(1000))))
            }
        };
        let next_attempt_at_ms = wait.map(|wait_ms| now_ms.saturating_add(wait_ms));
        let attempt = Attempt {
            id: delivery.id,
            claim: self.claim,
            state,
            next_attempt_at_ms: next_attempt_at_ms.unwrap_or_default(),
            result: answer.map_or_else(|problem| problem, |answer| format!("HTTP {}", answer.status)),
            now_ms,
        };
        gateway.db.write(move |conn| webhook_deliveries::note_attempt(conn, &attempt)).await?;
        Ok(next_attempt_at_ms)
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Deletes what was delivered or parked long ago, and what is left of deleted webhooks.
pub(in crate::domain) async fn prune(gateway: &Gateway) {
    const AT_ONCE: i64 = 500;
    let now_ms = gateway.clock.now_ms();
    let before = |keep_ms| now_ms.saturating_sub(keep_ms);
    let (delivered_ms, parked_ms) = (before(KEEP_DELIVERED_MS), before(KEEP_PARKED_MS));
    let prune = move |conn: &mut Conn| -> Result<usize, StoreError> {
        Ok(webhook_deliveries::prune(conn, DeliveryState::Delivered, delivered_ms, AT_ONCE)?
            + webhook_deliveries::prune(conn, DeliveryState::Parked, parked_ms, AT_ONCE)?
            + webhook_deliveries::prune_orphans(conn, AT_ONCE)?)
    };
    loop {
        match gateway.db.write(prune).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return log::warn!("old deliveries to webhooks are deleted in an hour: {error}"),
        }
    }
}
