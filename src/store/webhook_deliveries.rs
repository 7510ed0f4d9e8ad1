//! What is to be posted to webhooks, and what was. Triggers insert the rows, in the transactions of the changes.

use diesel::prelude::*;

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{webhook_deliveries, webhooks},
    selection,
};
use crate::model::{Delivery, DeliveryId, DeliveryState, Listing, Page, Position, UserId, WebhookId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
struct DeliveryRow {
    id: i64,
    user_id: i64,
    event: String,
    at_ms: i64,
    detail: String,
    state: i16,
    attempts: i32,
    next_attempt_at_ms: i64,
    last_attempt_at_ms: i64,
    result: String,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: DeliveryId(row.id),
            user: UserId::stored(row.user_id),
            event: row.event,
            at_ms: row.at_ms,
            detail: row.detail,
            state: DeliveryState::stored(row.state),
            attempts: row.attempts,
            next_attempt_at_ms: row.next_attempt_at_ms,
            last_attempt_at_ms: row.last_attempt_at_ms,
            result: row.result,
        }
    }
}

const PENDING: i16 = DeliveryState::Pending.code();

/// The condition of deliveries that no node has, and that are due at `now_ms`.
#[diesel::dsl::auto_type(no_type_alias)]
fn due(pending: i16, now_ms: i64) -> _ {
    webhook_deliveries::state
        .eq(pending)
        .and(webhook_deliveries::next_attempt_at_ms.le(now_ms))
        .and(webhook_deliveries::claimed_until_ms.le(now_ms))
}

/// The webhooks with deliveries that are due.
pub fn list_due_webhooks(conn: &mut Conn, now_ms: i64) -> Result<Vec<WebhookId>, StoreError> {
    let of_webhook = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(webhooks::id));
    let with_due = webhooks::table.filter(diesel::dsl::exists(of_webhook.filter(due(PENDING, now_ms))));
    let ids: Vec<i64> = with_due.select(webhooks::id).order(webhooks::id).load(conn)?;
    Ok(ids.into_iter().map(WebhookId).collect())
}

/// Claims up to `limit` deliveries of a webhook until `until_ms`, in order. Nothing is claimed of an account while an
/// earlier delivery of it is with a node or waits for its next attempt. The webhook's row must be locked.
pub fn claim(
    conn: &mut Conn,
    webhook: WebhookId,
    claim: i64,
    limit: i64,
    now_ms: i64,
    until_ms: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let earlier = diesel::alias!(webhook_deliveries as earlier);
    let is_blocking = earlier
        .filter(earlier.field(webhook_deliveries::webhook_id).eq(webhook_deliveries::webhook_id))
        .filter(earlier.field(webhook_deliveries::user_id).eq(webhook_deliveries::user_id))
        .filter(earlier.field(webhook_deliveries::state).eq(PENDING))
        .filter(earlier.field(webhook_deliveries::id).lt(webhook_deliveries::id))
        .filter(
            earlier
                .field(webhook_deliveries::next_attempt_at_ms)
                .gt(now_ms)
                .or(earlier.field(webhook_deliveries::claimed_until_ms).gt(now_ms)),
        );
    let rows: Vec<DeliveryRow> = webhook_deliveries::table
        .select(selection::<DeliveryRow>())
        .filter(webhook_deliveries::webhook_id.eq(webhook.0))
        .filter(due(PENDING, now_ms))
        .filter(diesel::dsl::not(diesel::dsl::exists(is_blocking)))
        .order(webhook_deliveries::id)
        .limit(limit)
        .load(conn)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    for part in ids.chunks(MAX_PARAMETERS) {
        diesel::update(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(part.to_vec())))
            .set((webhook_deliveries::claimed_until_ms.eq(until_ms), webhook_deliveries::claim.eq(claim)))
            .execute(conn)?;
    }
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The delivery.
    pub id: DeliveryId,
    /// The claim with which the node has it.
    pub claim: i64,
    /// The state that it has then.
    pub state: DeliveryState,
    /// When it is tried again.
    pub next_attempt_at_ms: i64,
    /// What the receiver answered, or why there was no answer.
    pub result: String,
    /// When it was tried.
    pub now_ms: i64,
}

/// Notes how an attempt ended, unless the claim has passed to another node.
pub fn note_attempt(conn: &mut Conn, attempt: &Attempt) -> Result<(), StoreError> {
    let claimed = webhook_deliveries::table
        .filter(webhook_deliveries::id.eq(attempt.id.0))
        .filter(webhook_deliveries::claim.eq(attempt.claim))
        .filter(webhook_deliveries::state.eq(PENDING));
    diesel::update(claimed)
        .set((
            webhook_deliveries::state.eq(attempt.state.code()),
            webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
            webhook_deliveries::next_attempt_at_ms.eq(attempt.next_attempt_at_ms),
            webhook_deliveries::claimed_until_ms.eq(0_i64),
            webhook_deliveries::last_attempt_at_ms.eq(attempt.now_ms),
            webhook_deliveries::result.eq(&attempt.result),
        ))
        .execute(conn)?;
    Ok(())
}

/// Gives back what is left of a claim on an account's deliveries. All that are pending for the account wait until
/// `next_attempt_at_ms`, as the first of them does.
pub fn put_off(
    conn: &mut Conn,
    webhook: WebhookId,
    user: UserId,
    claim: i64,
    next_attempt_at_ms: i64,
) -> Result<(), StoreError> {
    let of_account = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook.0))
        .filter(webhook_deliveries::user_id.eq(user.get()))
        .filter(webhook_deliveries::state.eq(PENDING));
    diesel::update(of_account.filter(webhook_deliveries::next_attempt_at_ms.lt(next_attempt_at_ms)))
        .set(webhook_deliveries::next_attempt_at_ms.eq(next_attempt_at_ms))
        .execute(conn)?;
    diesel::update(of_account.filter(webhook_deliveries::claim.eq(claim)))
        .set(webhook_deliveries::claimed_until_ms.eq(0_i64))
        .execute(conn)?;
    Ok(())
}

/// A page of a webhook's deliveries, newest first, those in `state` only if it is given.
pub fn list(
    conn: &mut Conn,
    webhook: WebhookId,
    state: Option<DeliveryState>,
    page: Page,
) -> Result<Listing<Delivery>, StoreError> {
    let mut query = webhook_deliveries::table
        .select(selection::<DeliveryRow>())
        .filter(webhook_deliveries::webhook_id.eq(webhook.0))
        .order(webhook_deliveries::id.desc())
        .offset(page.offset())
        .limit(page.limit())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(webhook_deliveries::state.eq(state.code()));
    }
    if let Some(Position { id, .. }) = page.position() {
        query = query.filter(webhook_deliveries::id.lt(id));
    }
    let rows: Vec<DeliveryRow> = query.load(conn)?;
    let position = |delivery: &Delivery| Position { sort: delivery.id.0, id: delivery.id.0 };
    Ok(Listing::new(page, rows.into_iter().map(Delivery::from).collect(), position))
}

/// Makes the deliveries of a webhook pending again: those in `ids` or, without any, all that are parked. Returns how many
/// they are.
pub fn resend(conn: &mut Conn, webhook: WebhookId, ids: &[DeliveryId]) -> Result<usize, StoreError> {
    let done = webhook_deliveries::webhook_id.eq(webhook.0).and(webhook_deliveries::state.ne(PENDING));
    let again = (
        webhook_deliveries::state.eq(PENDING),
        webhook_deliveries::attempts.eq(0),
        webhook_deliveries::next_attempt_at_ms.eq(0_i64),
    );
    if ids.is_empty() {
        let parked = webhook_deliveries::state.eq(DeliveryState::Parked.code());
        return Ok(diesel::update(webhook_deliveries::table.filter(done.and(parked))).set(again).execute(conn)?);
    }
    let mut count = 0;
    for part in ids.chunks(MAX_PARAMETERS) {
        let meant = webhook_deliveries::id.eq_any(part.iter().map(|id| id.0).collect::<Vec<_>>());
        count += diesel::update(webhook_deliveries::table.filter(done.and(meant))).set(again).execute(conn)?;
    }
    Ok(count)
}

/// Deletes up to `limit` deliveries in `state` that were last tried before `before_ms`. Returns how many they were.
pub fn prune(conn: &mut Conn, state: DeliveryState, before_ms: i64, limit: i64) -> Result<usize, StoreError> {
    let old: Vec<i64> = webhook_deliveries::table
        .select(webhook_deliveries::id)
        .filter(webhook_deliveries::state.eq(state.code()))
        .filter(webhook_deliveries::last_attempt_at_ms.lt(before_ms))
        .limit(limit)
        .load(conn)?;
    Ok(diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(old))).execute(conn)?)
}
