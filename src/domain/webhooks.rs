//! Webhooks: the servers that hear what happens to the accounts of a tenant. The tenant's operators manage them here;
//! `dispatch` posts.

pub(super) mod dispatch;
pub(super) mod questions;

pub use crate::delivery::Answer;

use std::time::Duration;

use super::{Error, Operator, audit::Action, unit_of_work::as_operator};
use crate::{
    delivery::{Post, WebhookKey, test_body},
    gateway::Gateway,
    model::{Delivery, DeliveryId, DeliveryState, Invalid, Listing, NewWebhook, Page, Problem, Webhook, WebhookId},
    secret::KeyPurpose,
    store::{Conn, StoreError, tenants, webhook_deliveries, webhooks},
    time_limit,
};

/// Maximum number of webhooks of a tenant.
const MAX_WEBHOOKS: usize = 20;

/// How long posts are also signed with the secret before, so that a receiver can change to the new one in time.
const PREVIOUS_SECRET_MS: i64 = 24 * 60 * 60 * 1000;

/// How long the receiver of an event may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The keys that sign the posts to a webhook: that of its secret and, for a while after a change, that of the one before.
fn keys(gateway: &Gateway, webhook: &Webhook) -> Vec<WebhookKey> {
    let mut keys = vec![key(gateway, webhook, webhook.secret_version)];
    if webhook.previous_secret_until_ms > gateway.clock.now_ms() {
        keys.push(key(gateway, webhook, webhook.secret_version - 1));
    }
    keys
}

/// The key of a secret, which is not stored but derived from the server's secret.
fn key(gateway: &Gateway, webhook: &Webhook, version: i32) -> WebhookKey {
    let text = format!("{}\n{}\n{version}", webhook.id.0, webhook.created_at_ms);
    WebhookKey::new(gateway.secret.mac(KeyPurpose::Webhook, text.as_bytes()).to_vec())
}

/// Creates a webhook. Returns its id and its secret.
///
/// # Errors
/// [`Error::Invalid`] if there are too many.
pub async fn create(gateway: &Gateway, operator: &Operator, new: NewWebhook) -> Result<(WebhookId, String), Error> {
    // The query may hold a secret.
    let target = new.url.without_query().to_owned();
    let webhook = as_operator(gateway, operator, Action::new("webhook.create"), target, move |tx| {
        tenants::lock(tx.conn, tx.tenant)?;
        if usize::try_from(webhooks::count(tx.conn, tx.tenant)?).unwrap_or(usize::MAX) >= MAX_WEBHOOKS {
            return Err(Invalid::new("webhooks", Problem::TooMany { max: MAX_WEBHOOKS }).into());
        }
        let id = webhooks::insert(tx.conn, tx.tenant, &new, tx.now_ms)?;
        webhooks::find(tx.conn, id)?.ok_or(Error::WebhookNotFound)
    })
    .await?;
    Ok((webhook.id, key(gateway, &webhook, webhook.secret_version).reveal()))
}

/// The webhooks of the operator's tenant, oldest first.
pub async fn list(gateway: &Gateway, operator: &Operator) -> Result<Vec<Webhook>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| webhooks::list(conn, &tenant)).await?)
}

async fn get(gateway: &Gateway, operator: &Operator, id: WebhookId) -> Result<Webhook, Error> {
    let found = gateway.db.read(move |conn| webhooks::find(conn, id)).await?;
    found.filter(|webhook| webhook.tenant == *operator.tenant_id()).ok_or(Error::WebhookNotFound)
}

/// Deletes a webhook with all that has not been delivered yet.
///
/// # Errors
/// [`Error::WebhookNotFound`].
pub async fn delete(gateway: &Gateway, operator: &Operator, id: WebhookId) -> Result<(), Error> {
    get(gateway, operator, id).await?;
    as_operator(gateway, operator, Action::new("webhook.delete"), id.0.to_string(), move |tx| {
        webhooks::lock(tx.conn, id)?;
        Ok(webhooks::delete(tx.conn, id)?)
    })
    .await
}

/// Replaces a webhook's secret, and returns the new one. Posts are signed with both for a day.
///
/// # Errors
/// [`Error::WebhookNotFound`].
pub async fn rotate(gateway: &Gateway, operator: &Operator, id: WebhookId) -> Result<String, Error> {
    get(gateway, operator, id).await?;
    let webhook = as_operator(gateway, operator, Action::new("webhook.rotate"), id.0.to_string(), move |tx| {
        webhooks::bump_secret_version(tx.conn, id, tx.now_ms.saturating_add(PREVIOUS_SECRET_MS))?;
        webhooks::find(tx.conn, id)?.ok_or(Error::WebhookNotFound)
    })
    .await?;
    Ok(key(gateway, &webhook, webhook.secret_version).reveal())
}

/// Posts a test event to a webhook, and returns the answer or why there was none.
///
/// # Errors
/// [`Error::WebhookNotFound`].
pub async fn test(gateway: &Gateway, operator: &Operator, id: WebhookId) -> Result<Result<Answer, String>, Error> {
    const ID_CHARS: usize = 22;
    let webhook = get(gateway, operator, id).await?;
    let now_ms = gateway.clock.now_ms();
    let post = Post {
        url: webhook.url.as_str().to_owned(),
        id: format!("test_{}", gateway.random.base62(ID_CHARS)?),
        timestamp_secs: now_ms.div_euclid(1000),
        keys: keys(gateway, &webhook),
        body: test_body(&webhook.tenant, now_ms),
        timeout: TIMEOUT,
    };
    Ok(gateway.posts.send(post).await)
}

/// A page of what was or is to be posted to a webhook, newest first.
///
/// # Errors
/// [`Error::WebhookNotFound`].
pub async fn list_deliveries(
    gateway: &Gateway,
    operator: &Operator,
    id: WebhookId,
    state: Option<DeliveryState>,
    page: Page,
) -> Result<Listing<Delivery>, Error> {
    get(gateway, operator, id).await?;
    Ok(gateway.db.read(move |conn| webhook_deliveries::list(conn, id, state, page)).await?)
}

/// Posts events to a webhook again: those in `ids` or, without any, all that are parked or wait for longer than a minute.
/// Returns how many they are.
///
/// # Errors
/// [`Error::WebhookNotFound`].
pub async fn resend(
    gateway: &Gateway,
    operator: &Operator,
    id: WebhookId,
    ids: Vec<DeliveryId>,
) -> Result<usize, Error> {
    get(gateway, operator, id).await?;
    let busy_until_ms = gateway.clock.now_ms().saturating_add(dispatch::LEASE_MS);
    let is_all = ids.is_empty();
    let named = as_operator(gateway, operator, Action::new("webhook.resend"), id.0.to_string(), move |tx| {
        Ok(webhook_deliveries::resend(tx.conn, id, &ids, busy_until_ms)?)
    })
    .await?;
    if is_all { resend_stuck(gateway, id, busy_until_ms).await } else { Ok(named) }
}

/// Posts all events to a webhook again that are parked, or wait for longer than until `busy_until_ms`.
async fn resend_stuck(gateway: &Gateway, id: WebhookId, busy_until_ms: i64) -> Result<usize, Error> {
    let mut count = 0;
    loop {
        // All of them could take too long for one transaction.
        let some = move |conn: &mut Conn| -> Result<usize, StoreError> {
            let stuck = webhook_deliveries::list_stuck(conn, id, busy_until_ms, RESENT_AT_ONCE)?;
            webhook_deliveries::resend(conn, id, &stuck, busy_until_ms)
        };
        match time_limit::with_own(gateway.db.write(some)).await? {
            0 => return Ok(count),
            more => count += more,
        }
    }
}

/// How many events are posted again in a transaction.
const RESENT_AT_ONCE: i64 = 1000;
