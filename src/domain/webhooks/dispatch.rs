//! Posts events to webhooks, in order per account and at least once. All nodes share the work: a node claims deliveries
//! for a while, and those of a node that stops or crashes in the meantime are claimed by another one. Each webhook is
//! served on its own, so that a slow receiver delays no other one.

use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt as _, stream, stream::FuturesUnordered};

use super::{TIMEOUT, keys};
use crate::{
    delivery::{Post, event_body},
    domain::Error,
    gateway::Gateway,
    model::{Delivery, DeliveryState, UserId, Webhook, WebhookId},
    store::{Conn, webhook_deliveries, webhook_deliveries::Attempt, webhooks},
};

/// The pause between two checks of whether something is due.
const TICK: Duration = Duration::from_millis(250);

/// How long a node has what it claimed.
const LEASE_MS: i64 = 60 * 1000;

/// How many deliveries of a webhook a node claims at a time.
const BATCH: i64 = 100;

/// How many posts to a webhook a node has under way at a time, each of another account.
const AT_ONCE: usize = 8;

/// The pauses between the attempts: a day in all. Then the delivery is parked.
const PAUSES_SECS: [i64; 10] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 29_845];

/// How long what was delivered can be listed and resent.
const KEEP_DELIVERED_MS: i64 = 24 * 60 * 60 * 1000;

/// How long what was parked can be.
const KEEP_PARKED_MS: i64 = 30 * KEEP_DELIVERED_MS;

/// Posts whatever is due, until the node stops.
pub(in crate::domain) async fn run(gateway: &Gateway) {
    let mut served: HashSet<WebhookId> = HashSet::new();
    let mut serving = FuturesUnordered::new();
    loop {
        let now_ms = gateway.clock.now_ms();
        match gateway.db.read(move |conn| webhook_deliveries::list_due_webhooks(conn, now_ms)).await {
            Ok(due) => {
                for id in due.into_iter().filter(|id| served.insert(*id)).collect::<Vec<_>>() {
                    serving.push(async move { serve(gateway, id).await.map_err(|error| (id, error)).map(|()| id) });
                }
            }
            Err(error) => log::debug!("webhooks wait: {error}"),
        }
        let tick = tokio::time::sleep(TICK);
        tokio::pin!(tick);
        loop {
            tokio::select! {
                () = &mut tick => break,
                Some(ended) = serving.next() => {
                    let id = ended.unwrap_or_else(|(id, error)| {
                        log::debug!("webhook {} waits: {error}", id.0);
                        id
                    });
                    served.remove(&id);
                }
            }
        }
    }
}

/// Posts what is due to a webhook, until nothing is.
async fn serve(gateway: &Gateway, id: WebhookId) -> Result<(), Error> {
    loop {
        let Some((webhook, claim, batch)) = claim(gateway, id).await? else { return Ok(()) };
        let mut accounts: Vec<(UserId, Vec<Delivery>)> = Vec::new();
        for delivery in batch.deliveries {
            match accounts.iter_mut().find(|(user, _)| *user == delivery.user) {
                Some((_, deliveries)) => deliveries.push(delivery),
                None => accounts.push((delivery.user, vec![delivery])),
            }
        }
        let (webhook, until_ms) = (&webhook, batch.until_ms);
        let posts = accounts.into_iter().map(|(user, deliveries)| async move {
            let claimed = Claimed { webhook, user, claim, until_ms };
            claimed.post_in_order(gateway, deliveries).await
        });
        let outcomes: Vec<Result<(), Error>> = stream::iter(posts).buffer_unordered(AT_ONCE).collect().await;
        outcomes.into_iter().collect::<Result<(), Error>>()?;
    }
}

/// Deliveries that this node has for a while.
struct Batch {
    deliveries: Vec<Delivery>,
    until_ms: i64,
}

/// Claims what is due of a webhook; `None` if nothing is, or the webhook was deleted.
async fn claim(gateway: &Gateway, id: WebhookId) -> Result<Option<(Webhook, i64, Batch)>, Error> {
    let now_ms = gateway.clock.now_ms();
    // Not a secret: it tells this claim from an earlier one.
    let claim = i64::from_ne_bytes(gateway.random.number().to_ne_bytes());
    let until_ms = now_ms.saturating_add(LEASE_MS);
    let queries = move |conn: &mut Conn| -> Result<_, Error> {
        if !webhooks::lock(conn, id)? {
            return Ok(None);
        }
        let deliveries = webhook_deliveries::claim(conn, id, claim, BATCH, now_ms, until_ms)?;
        Ok(webhooks::find(conn, id)?.filter(|_| !deliveries.is_empty()).map(|webhook| (webhook, deliveries)))
    };
    let found = gateway.db.write(queries).await?;
    Ok(found.map(|(webhook, deliveries)| (webhook, claim, Batch { deliveries, until_ms })))
}

/// The part of a claim that concerns an account.
struct Claimed<'a> {
    webhook: &'a Webhook,
    user: UserId,
    claim: i64,
    until_ms: i64,
}

impl Claimed<'_> {
    /// Posts the deliveries one after the other. Those after one that fails wait for it.
    async fn post_in_order(&self, gateway: &Gateway, deliveries: Vec<Delivery>) -> Result<(), Error> {
        for delivery in deliveries {
            let now_ms = gateway.clock.now_ms();
            // A post that does not end before the claim does could be made twice at once.
            if now_ms.saturating_add(milliseconds(TIMEOUT)) >= self.until_ms {
                return self.put_off(gateway, now_ms).await;
            }
            if let Some(next_attempt_at_ms) = self.post(gateway, &delivery).await? {
                return self.put_off(gateway, next_attempt_at_ms).await;
            }
        }
        Ok(())
    }

    /// Posts an event. Returns when it is to be tried again, if it was not accepted and is not parked.
    async fn post(&self, gateway: &Gateway, delivery: &Delivery) -> Result<Option<i64>, Error> {
        let post = Post {
            url: self.webhook.url.as_str().to_owned(),
            id: delivery.message_id(),
            timestamp_secs: gateway.clock.now_ms().div_euclid(1000),
            keys: keys(gateway, self.webhook),
            body: event_body(&self.webhook.tenant, delivery),
            timeout: TIMEOUT,
        };
        let answer = gateway.posts.send(post).await;
        let now_ms = gateway.clock.now_ms();
        let pause_secs = usize::try_from(delivery.attempts).ok().and_then(|done| PAUSES_SECS.get(done).copied());
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

    /// Gives back what is left of the claim, to be tried at that time.
    async fn put_off(&self, gateway: &Gateway, next_attempt_at_ms: i64) -> Result<(), Error> {
        let (webhook, user, claim) = (self.webhook.id, self.user, self.claim);
        let put_off =
            move |conn: &mut Conn| webhook_deliveries::put_off(conn, webhook, user, claim, next_attempt_at_ms);
        Ok(gateway.db.write(put_off).await?)
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Deletes what was delivered or parked long ago.
pub(in crate::domain) async fn prune(gateway: &Gateway) {
    const AT_ONCE: i64 = 500;
    let now_ms = gateway.clock.now_ms();
    for (state, keep_ms) in [(DeliveryState::Delivered, KEEP_DELIVERED_MS), (DeliveryState::Parked, KEEP_PARKED_MS)] {
        let before_ms = now_ms.saturating_sub(keep_ms);
        loop {
            let prune = move |conn: &mut Conn| webhook_deliveries::prune(conn, state, before_ms, AT_ONCE);
            match gateway.db.write(prune).await {
                Ok(deleted) if i64::try_from(deleted).unwrap_or(i64::MAX) >= AT_ONCE => {}
                Ok(_) => break,
                Err(error) => {
                    log::warn!("old deliveries to webhooks are deleted in an hour: {error}");
                    return;
                }
            }
        }
    }
}
