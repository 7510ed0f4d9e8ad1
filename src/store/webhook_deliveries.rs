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

/// The webhooks with deliveries that are due.
pub fn list_due_webhooks(conn: &mut Conn, now_ms: i64) -> Result<Vec<WebhookId>, StoreError> {
    let due = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhooks::id))
        .filter(webhook_deliveries::state.eq(PENDING))
        .filter(webhook_deliveries::next_attempt_at_ms.le(now_ms));
    let with_due = webhooks::table.filter(diesel::dsl::exists(due));
    let ids: Vec<i64> = with_due.select(webhooks::id).order(webhooks::id).load(conn)?;
    Ok(ids.into_iter().map(WebhookId).collect())
}

/// Up to `limit` accounts with deliveries of a webhook that are due, those that have waited longest first.
pub fn list_due_accounts(
    conn: &mut Conn,
    webhook: WebhookId,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    /// An account may have many that are due.
    const LOOKED_AT: i64 = 200;
    let due: Vec<i64> = webhook_deliveries::table
        .select(webhook_deliveries::user_id)
        .filter(webhook_deliveries::webhook_id.eq(webhook.0))
        .filter(webhook_deliveries::state.eq(PENDING))
        .filter(webhook_deliveries::next_attempt_at_ms.le(now_ms))
        .order((webhook_deliveries::next_attempt_at_ms, webhook_deliveries::id))
        .limit(LOOKED_AT)
        .load(conn)?;
    let mut accounts = Vec::new();
    for user in due.into_iter().map(UserId::stored) {
        if accounts.len() < limit && !accounts.contains(&user) {
            accounts.push(user);
        }
    }
    Ok(accounts)
}

/// Claims the first deliveries of an account until `until_ms`, up to `limit`, in order. None if the first waits for its next
/// attempt, or one may be with a node, which has it until `until_ms` at most: all of the account's then wait for that. The
/// webhook's row must be locked.
pub fn claim(
    conn: &mut Conn,
    queue: Queue,
    claim: i64,
    limit: i64,
    now_ms: i64,
    until_ms: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let first: Vec<DeliveryRow> = webhook_deliveries::table
        .select(selection::<DeliveryRow>())
        .filter(webhook_deliveries::webhook_id.eq(queue.webhook.0))
        .filter(webhook_deliveries::state.eq(PENDING))
        .filter(webhook_deliveries::user_id.eq(queue.user.get()))
        .order(webhook_deliveries::id)
        .limit(limit)
        .load(conn)?;
    let is_busy = |(index, row): &(usize, &DeliveryRow)| {
        row.next_attempt_at_ms > now_ms && (*index == 0 || row.next_attempt_at_ms <= until_ms)
    };
    let busy_until_ms = first.iter().enumerate().filter(is_busy).map(|(_, row)| row.next_attempt_at_ms).max();
    if let Some(busy_until_ms) = busy_until_ms {
        put_off(conn, queue, busy_until_ms)?;
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = first.iter().map(|row| row.id).collect();
    diesel::update(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(ids)))
        .set((webhook_deliveries::next_attempt_at_ms.eq(until_ms), webhook_deliveries::claim.eq(claim)))
        .execute(conn)?;
    Ok(first.into_iter().map(Delivery::from).collect())
}

/// The deliveries of a webhook that are about an account.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// The webhook.
    pub webhook: WebhookId,
    /// The account.
    pub user: UserId,
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
            webhook_deliveries::last_attempt_at_ms.eq(attempt.now_ms),
            webhook_deliveries::result.eq(&attempt.result),
        ))
        .execute(conn)?;
    Ok(())
}

/// Puts off all deliveries of an account that are due earlier.
pub fn put_off(conn: &mut Conn, queue: Queue, next_attempt_at_ms: i64) -> Result<(), StoreError> {
    let earlier = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(queue.webhook.0))
        .filter(webhook_deliveries::user_id.eq(queue.user.get()))
        .filter(webhook_deliveries::state.eq(PENDING))
        .filter(webhook_deliveries::next_attempt_at_ms.lt(next_attempt_at_ms));
    diesel::update(earlier).set(webhook_deliveries::next_attempt_at_ms.eq(next_attempt_at_ms)).execute(conn)?;
    Ok(())
}

/// Makes the deliveries of an account due at `next_attempt_at_ms` that a node had until `until_ms`, and those that have
/// waited for it.
pub fn release(conn: &mut Conn, queue: Queue, until_ms: i64, next_attempt_at_ms: i64) -> Result<(), StoreError> {
    let held = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(queue.webhook.0))
        .filter(webhook_deliveries::user_id.eq(queue.user.get()))
        .filter(webhook_deliveries::state.eq(PENDING))
        .filter(webhook_deliveries::next_attempt_at_ms.eq(until_ms));
    diesel::update(held).set(webhook_deliveries::next_attempt_at_ms.eq(next_attempt_at_ms)).execute(conn)?;
    Ok(())
}

/// Makes those deliveries of a webhook due that `claim` has until some time from `now_ms` to `until_ms`.
pub fn release_all(
    conn: &mut Conn,
    webhook: WebhookId,
    claim: i64,
    now_ms: i64,
    until_ms: i64,
) -> Result<(), StoreError> {
    let held = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook.0))
        .filter(webhook_deliveries::state.eq(PENDING))
        .filter(webhook_deliveries::next_attempt_at_ms.gt(now_ms))
        .filter(webhook_deliveries::next_attempt_at_ms.le(until_ms))
        .filter(webhook_deliveries::claim.eq(claim));
    diesel::update(held).set(webhook_deliveries::next_attempt_at_ms.eq(0_i64)).execute(conn)?;
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

/// Posts those deliveries of a webhook again, from the first attempt on, which no node can have: those that wait for longer
/// than until `busy_until_ms`, or are done.
pub fn resend(
    conn: &mut Conn,
    webhook: WebhookId,
    ids: &[DeliveryId],
    busy_until_ms: i64,
) -> Result<usize, StoreError> {
    let mut count = 0;
    for part in ids.chunks(MAX_PARAMETERS) {
        let meant = webhook_deliveries::table
            .filter(webhook_deliveries::id.eq_any(part.iter().map(|id| id.0).collect::<Vec<_>>()))
            .filter(webhook_deliveries::webhook_id.eq(webhook.0))
            .filter(webhook_deliveries::state.ne(PENDING).or(webhook_deliveries::next_attempt_at_ms.gt(busy_until_ms)));
        count += diesel::update(meant)
            .set((
                webhook_deliveries::state.eq(PENDING),
                webhook_deliveries::attempts.eq(0),
                webhook_deliveries::next_attempt_at_ms.eq(0_i64),
            ))
            .execute(conn)?;
    }
    Ok(count)
}

/// Up to `limit` deliveries of a webhook that are parked, or wait for longer than until `busy_until_ms`.
pub fn list_stuck(
    conn: &mut Conn,
    webhook: WebhookId,
    busy_until_ms: i64,
    limit: i64,
) -> Result<Vec<DeliveryId>, StoreError> {
    let is_waiting =
        webhook_deliveries::state.eq(PENDING).and(webhook_deliveries::next_attempt_at_ms.gt(busy_until_ms));
    let ids: Vec<i64> = webhook_deliveries::table
        .select(webhook_deliveries::id)
        .filter(webhook_deliveries::webhook_id.eq(webhook.0))
        .filter(is_waiting.or(webhook_deliveries::state.eq(DeliveryState::Parked.code())))
        .order((webhook_deliveries::user_id, webhook_deliveries::id))
        .limit(limit)
        .load(conn)?;
    Ok(ids.into_iter().map(DeliveryId).collect())
}

/// Deletes up to `limit` deliveries in `state` that were last tried before `before_ms`. Returns how many they were.
pub fn prune(conn: &mut Conn, state: DeliveryState, before_ms: i64, limit: i64) -> Result<usize, StoreError> {
    let is_old = webhook_deliveries::state.eq(state.code()).and(webhook_deliveries::last_attempt_at_ms.lt(before_ms));
    let old: Vec<i64> =
        webhook_deliveries::table.select(webhook_deliveries::id).filter(is_old).limit(limit).load(conn)?;
    let still = webhook_deliveries::id.eq_any(old).and(is_old);
    Ok(diesel::delete(webhook_deliveries::table.filter(still)).execute(conn)?)
}

/// Deletes up to `limit` deliveries of webhooks that were deleted. Returns how many they were.
pub fn prune_orphans(conn: &mut Conn, limit: i64) -> Result<usize, StoreError> {
    let of_webhook = webhooks::table.filter(webhooks::id.eq(webhook_deliveries::webhook_id));
    let orphans: Vec<i64> = webhook_deliveries::table
        .select(webhook_deliveries::id)
        .filter(diesel::dsl::not(diesel::dsl::exists(of_webhook)))
        .limit(limit)
        .load(conn)?;
    Ok(diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(orphans))).execute(conn)?)
}
