//! Coins: balances that are never negative, and a ledger with a record of every change.

use super::{
    Caller, Error, Operator,
    audit::{Action, Target},
    lookups,
    unit_of_work::as_operator,
};
use crate::{
    gateway::Gateway,
    model::{CoinChange, CoinRecord, Page, UserId},
    store::{Conn, StoreError, coins, users},
};

/// Changes a user's balance. Idempotent: a retry with the same key changes nothing and returns the first record.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::CoinsInsufficient`]; [`Error::KeyReused`] if the key belongs to another change.
pub async fn adjust(
    gateway: &Gateway,
    operator: &Operator,
    id: UserId,
    change: CoinChange,
) -> Result<CoinRecord, Error> {
    as_operator(gateway, operator, Action::new("coins.adjust"), id, move |tx| {
        tx.lock_user(id)?;
        if let Some(known) = coins::find_by_key(tx.conn, id, &change.idempotency_key)? {
            let is_same = known.change == change.amount && known.typ == change.typ && known.reason == change.reason;
            tx.set_unchanged();
            return if is_same { Ok(known) } else { Err(Error::KeyReused) };
        }
        let record = coins::change(tx.conn, id, &change, tx.now_ms)?.ok_or(Error::CoinsInsufficient)?;
        tx.set_target(Target::of(id, format!("{id}: record {}", record.id)));
        Ok(record)
    })
    .await
}

/// A page of the caller's records, newest first, and their total number.
pub async fn list(gateway: &Gateway, caller: &Caller, page: Page) -> Result<(Vec<CoinRecord>, i64), Error> {
    let user = caller.user();
    Ok(gateway.db.read(move |conn| read(conn, user, page)).await?)
}

/// A page of the records of an account of the operator's tenant, newest first, and their total number.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn list_of(
    gateway: &Gateway,
    operator: &Operator,
    user: UserId,
    page: Page,
) -> Result<(Vec<CoinRecord>, i64), Error> {
    let tenant = operator.tenant_id().clone();
    let list = move |conn: &mut Conn| {
        if users::exists(conn, &tenant, user)? { Ok(read(conn, user, page)?) } else { Err(Error::UserNotFound) }
    };
    gateway.db.read(list).await
}

/// What a user has done for coins.
#[derive(Clone, Copy, Debug)]
pub struct Tasks {
    /// Advertisements that were paid for today.
    pub ads: i64,
    /// Changes of the avatar.
    pub avatar_edits: i64,
    /// Changes of the display name.
    pub nickname_edits: i64,
    /// Raffles of today.
    pub raffles: i64,
}

/// What the caller has done for coins.
pub async fn tasks(gateway: &Gateway, caller: &Caller) -> Result<Tasks, Error> {
    // The kinds of a ledger's rows (behaviour.md §4).
    const AD: i16 = 7;
    const RAFFLE: i16 = 8;
    let account = lookups::user(gateway, caller.tenant_id(), caller.user()).await?;
    let (user, since_ms) = (caller.user(), gateway.calendar.day_start_ms(gateway.clock.now_ms()));
    let count = move |conn: &mut Conn| -> Result<_, StoreError> {
        Ok((coins::count_since(conn, user, AD, since_ms)?, coins::count_since(conn, user, RAFFLE, since_ms)?))
    };
    let (ads, raffles) = gateway.db.read(count).await?;
    let nickname_edits = i64::from(account.name_id).saturating_sub(1);
    Ok(Tasks { ads, raffles, nickname_edits, avatar_edits: account.avatar_id })
}

fn read(conn: &mut Conn, user: UserId, page: Page) -> Result<(Vec<CoinRecord>, i64), StoreError> {
    let total = coins::count(conn, user)?;
    Ok((coins::list(conn, user, page, total)?, total))
}
