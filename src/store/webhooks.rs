//! Webhooks and what they subscribe to.

use std::collections::HashMap;

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, StoreError,
    schema::{webhook_subscriptions, webhooks},
    selection,
};
use crate::model::{BeforeEvent, Events, NewWebhook, Subscriptions, TenantId, Webhook, WebhookId, WebhookUrl};

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks)]
struct WebhookRow {
    id: i64,
    app_id: String,
    url: String,
    secret_version: i32,
    previous_secret_until_ms: i64,
    fails_open: bool,
    created_at_ms: i64,
}

/// Inserts a webhook.
pub fn insert(conn: &mut Conn, tenant: &TenantId, new: &NewWebhook, now_ms: i64) -> Result<WebhookId, StoreError> {
    let id: i64 = diesel::insert_into(webhooks::table)
        .values((
            webhooks::app_id.eq(tenant.as_str()),
            webhooks::url.eq(new.url.as_str()),
            webhooks::secret_version.eq(1),
            webhooks::previous_secret_until_ms.eq(0_i64),
            webhooks::fails_open.eq(new.fails_open),
            webhooks::created_at_ms.eq(now_ms),
        ))
        .returning(webhooks::id)
        .get_result(conn)?;
    for event in new.events.names() {
        diesel::insert_into(webhook_subscriptions::table)
            .values((
                webhook_subscriptions::app_id.eq(tenant.as_str()),
                webhook_subscriptions::event.eq(event),
                webhook_subscriptions::webhook_id.eq(id),
            ))
            .execute(conn)?;
    }
    Ok(WebhookId(id))
}

/// The webhooks of a tenant, oldest first.
pub fn list(conn: &mut Conn, tenant: &TenantId) -> Result<Vec<Webhook>, StoreError> {
    let rows = webhooks::table.filter(webhooks::app_id.eq(tenant.as_str())).order(webhooks::id);
    let rows: Vec<WebhookRow> = rows.select(selection::<WebhookRow>()).load(conn)?;
    let subscriptions: Vec<(i64, String)> = webhook_subscriptions::table
        .filter(webhook_subscriptions::app_id.eq(tenant.as_str()))
        .select((webhook_subscriptions::webhook_id, webhook_subscriptions::event))
        .load(conn)?;
    let mut events: HashMap<i64, Vec<String>> = HashMap::new();
    for (id, event) in subscriptions {
        events.entry(id).or_default().push(event);
    }
    let webhook = |row: WebhookRow| {
        let events = Events::stored(events.remove(&row.id).unwrap_or_default());
        webhook(row, events)
    };
    Ok(rows.into_iter().map(webhook).collect())
}

/// The ids of all webhooks.
pub fn list_ids(conn: &mut Conn) -> Result<Vec<WebhookId>, StoreError> {
    let ids: Vec<i64> = webhooks::table.select(webhooks::id).order(webhooks::id).load(conn)?;
    Ok(ids.into_iter().map(WebhookId).collect())
}

/// The webhook with that id.
pub fn find(conn: &mut Conn, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row: Option<WebhookRow> =
        webhooks::table.find(id.0).select(selection::<WebhookRow>()).get_result(conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let events: Vec<String> = webhook_subscriptions::table
        .filter(webhook_subscriptions::webhook_id.eq(id.0))
        .select(webhook_subscriptions::event)
        .load(conn)?;
    Ok(Some(webhook(row, Events::stored(events))))
}

fn webhook(row: WebhookRow, events: Events) -> Webhook {
    Webhook {
        id: WebhookId(row.id),
        tenant: TenantId::stored(row.app_id),
        url: WebhookUrl::stored(row.url),
        events,
        secret_version: row.secret_version,
        previous_secret_until_ms: row.previous_secret_until_ms,
        fails_open: row.fails_open,
        created_at_ms: row.created_at_ms,
    }
}

/// The number of webhooks of a tenant. The tenant's row must be locked, so that it stays.
pub fn count(conn: &mut Conn, tenant: &TenantId) -> Result<i64, StoreError> {
    Ok(webhooks::table.filter(webhooks::app_id.eq(tenant.as_str())).count().get_result(conn)?)
}

/// What the tenant's webhooks subscribe to that no trigger writes.
pub fn subscriptions(conn: &mut Conn, tenant: &TenantId) -> Result<Subscriptions, StoreError> {
    let events: Vec<String> = webhook_subscriptions::table
        .filter(webhook_subscriptions::app_id.eq(tenant.as_str()))
        .select(webhook_subscriptions::event)
        .load(conn)?;
    let has = |name: &str| events.iter().any(|event| event == name);
    Ok(Subscriptions {
        asks_before_register: has(BeforeEvent::Register.name()),
        asks_before_login: has(BeforeEvent::Login.name()),
        hears_of_presence: has("presence.online") || has("presence.offline"),
    })
}

/// Locks a webhook until the end of the transaction; false if there is none.
pub fn lock(conn: &mut Conn, id: WebhookId) -> Result<bool, StoreError> {
    let found: Option<i64> = get_locked!(conn, webhooks::table.find(id.0).select(webhooks::id)).optional()?;
    Ok(found.is_some())
}

/// Increments the version of a webhook's secret. The one before is valid until `previous_until_ms`.
pub fn bump_secret_version(conn: &mut Conn, id: WebhookId, previous_until_ms: i64) -> Result<(), StoreError> {
    diesel::update(webhooks::table.find(id.0))
        .set((
            webhooks::secret_version.eq(webhooks::secret_version + 1),
            webhooks::previous_secret_until_ms.eq(previous_until_ms),
        ))
        .execute(conn)?;
    Ok(())
}

/// Deletes a webhook. Its deliveries, of which there may be many, are deleted later.
pub fn delete(conn: &mut Conn, id: WebhookId) -> Result<(), StoreError> {
    let subscriptions = webhook_subscriptions::table.filter(webhook_subscriptions::webhook_id.eq(id.0));
    diesel::delete(subscriptions).execute(conn)?;
    diesel::delete(webhooks::table.find(id.0)).execute(conn)?;
    Ok(())
}
