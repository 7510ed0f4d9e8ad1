//! Coin balances and their ledger. The ledger is append-only, which triggers enforce.

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, StoreError,
    schema::{coin_ledger, users},
    selection,
};
use crate::model::{Cents, CoinChange, CoinRecord, Page, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = coin_ledger)]
struct CoinRecordRow {
    id: i64,
    before_cents: i64,
    change_cents: i64,
    after_cents: i64,
    typ: i16,
    reason: String,
    remark: String,
    created_at_ms: i64,
}

impl From<CoinRecordRow> for CoinRecord {
    fn from(row: CoinRecordRow) -> Self {
        Self {
            id: row.id,
            before: Cents(row.before_cents),
            change: Cents(row.change_cents),
            after: Cents(row.after_cents),
            typ: row.typ,
            reason: row.reason,
            remark: row.remark,
            created_at_ms: row.created_at_ms,
        }
    }
}

/// The account's record with that idempotency key. The caller locks the account's row, so that no other record is added
/// concurrently.
pub fn find_by_key(conn: &mut Conn, user: UserId, key: &str) -> Result<Option<CoinRecord>, StoreError> {
    let row: Option<CoinRecordRow> = coin_ledger::table
        .select(selection::<CoinRecordRow>())
        .filter(coin_ledger::user_id.eq(user.get()))
        .filter(coin_ledger::idempotency_key.eq(key))
        .get_result(conn)
        .optional()?;
    Ok(row.map(CoinRecord::from))
}

/// Changes a balance and inserts the ledger row; `None` if the balance would leave the range from 0 to [`Cents::MAX`].
pub fn change(
    conn: &mut Conn,
    user: UserId,
    change: &CoinChange,
    now_ms: i64,
) -> Result<Option<CoinRecord>, StoreError> {
    let cents = change.amount.0;
    let possible = users::table
        .filter(users::id.eq(user.get()))
        .filter(users::coin_cents.ge(-cents))
        .filter(users::coin_cents.le(Cents::MAX.0 - cents));
    let changed: Option<(i64, i64)> = diesel::update(possible)
        .set((users::coin_cents.eq(users::coin_cents + cents), users::coin_records.eq(users::coin_records + 1)))
        .returning((users::coin_cents, users::coin_records))
        .get_result(conn)
        .optional()?;
    let Some((after_cents, seq)) = changed else { return Ok(None) };
    let id: i64 = diesel::insert_into(coin_ledger::table)
        .values((
            coin_ledger::user_id.eq(user.get()),
            coin_ledger::seq.eq(seq),
            coin_ledger::typ.eq(change.typ),
            coin_ledger::before_cents.eq(after_cents - cents),
            coin_ledger::change_cents.eq(cents),
            coin_ledger::after_cents.eq(after_cents),
            coin_ledger::reason.eq(&change.reason),
            coin_ledger::remark.eq(&change.remark),
            coin_ledger::idempotency_key.eq(&change.idempotency_key),
            coin_ledger::created_at_ms.eq(now_ms),
        ))
        .returning(coin_ledger::id)
        .get_result(conn)?;
    Ok(Some(CoinRecord {
        id,
        before: Cents(after_cents - cents),
        change: change.amount,
        after: Cents(after_cents),
        typ: change.typ,
        reason: change.reason.clone(),
        remark: change.remark.clone(),
        created_at_ms: now_ms,
    }))
}

/// The number of the account's records.
pub fn count(conn: &mut Conn, user: UserId) -> Result<i64, StoreError> {
    let count: Option<i64> = users::table.find(user.get()).select(users::coin_records).get_result(conn).optional()?;
    Ok(count.unwrap_or(0))
}

/// The account's records, newest first, up to `limit`.
pub fn list_up_to(conn: &mut Conn, user: UserId, limit: i64) -> Result<Vec<CoinRecord>, StoreError> {
    let rows: Vec<CoinRecordRow> = coin_ledger::table
        .select(selection::<CoinRecordRow>())
        .filter(coin_ledger::user_id.eq(user.get()))
        .order(coin_ledger::seq.desc())
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(CoinRecord::from).collect())
}

/// How many of the account's records of a kind were made at `since_ms` or later.
pub fn count_since(conn: &mut Conn, user: UserId, typ: i16, since_ms: i64) -> Result<i64, StoreError> {
    let matches = coin_ledger::table
        .filter(coin_ledger::user_id.eq(user.get()))
        .filter(coin_ledger::typ.eq(typ))
        .filter(coin_ledger::created_at_ms.ge(since_ms));
    Ok(matches.count().get_result(conn)?)
}

/// A page of the account's records, newest first, out of `total`. The rows are numbered, so a deep page is found as
/// quickly as the first.
pub fn list(conn: &mut Conn, user: UserId, page: Page, total: i64) -> Result<Vec<CoinRecord>, StoreError> {
    let newest = total - page.offset();
    let rows: Vec<CoinRecordRow> = coin_ledger::table
        .select(selection::<CoinRecordRow>())
        .filter(coin_ledger::user_id.eq(user.get()))
        .filter(coin_ledger::seq.le(newest))
        .filter(coin_ledger::seq.gt(newest - page.size()))
        .order(coin_ledger::seq.desc())
        .load(conn)?;
    Ok(rows.into_iter().map(CoinRecord::from).collect())
}
