//! Coins: balances that are never negative, and a ledger that tells every change.

use super::{
    Caller, Error, Operator,
    accounts::require_user,
    audit::{AuditContext, with_refusal},
};
use crate::{
    gateway::Gateway,
    model::{CoinChange, CoinRecord, Page, UserId},
    store::{Conn, StoreError, coins, users},
};

/// Changes a user's balance. The same key again changes nothing and returns the record of the first time.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::CoinsInsufficient`]; [`Error::KeyReused`] when the key belongs to another change.
pub async fn adjust(
    gateway: &Gateway,
    operator: &Operator,
    id: UserId,
    change: CoinChange,
) -> Result<CoinRecord, Error> {
    const ACTION: &str = "coins.adjust";
    let (tenant, audit, now_ms) =
        (operator.tenant_id().clone(), AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    let done = audit.clone();
    let outcome = gateway
        .db
        .write(move |conn| {
            users::lock(conn, id)?;
            require_user(conn, &tenant, id)?;
            if let Some(known) = coins::find_by_key(conn, id, &change.idempotency_key)? {
                let is_same = known.change == change.amount && known.typ == change.typ && known.reason == change.reason;
                return if is_same { Ok(known) } else { Err(Error::KeyReused) };
            }
            let record = coins::change(conn, id, &change, now_ms)?.ok_or(Error::CoinsInsufficient)?;
            done.done(conn, ACTION, &format!("{id}: record {}", record.id))?;
            Ok(record)
        })
        .await;
    with_refusal(gateway, audit, ACTION, id.to_string(), outcome).await
}

/// A page of the caller's records, newest first, and how many there are in all.
pub async fn list(gateway: &Gateway, caller: &Caller, page: Page) -> Result<(Vec<CoinRecord>, i64), Error> {
    let user = caller.user();
    let list = move |conn: &mut Conn| -> Result<_, StoreError> {
        let total = coins::count(conn, user)?;
        Ok((coins::list(conn, user, page, total)?, total))
    };
    Ok(gateway.db.read(list).await?)
}
