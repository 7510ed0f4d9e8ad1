//! The accounts that are online, of tenants with a webhook that hears of it. Triggers note when a row comes and goes.

use diesel::prelude::*;

use super::{Conn, MAX_PARAMETERS, StoreError, schema::online_accounts};
use crate::model::UserId;

/// Notes that accounts are online until `until_ms` at least.
pub fn note(conn: &mut Conn, users: &[UserId], until_ms: i64) -> Result<(), StoreError> {
    for user in users {
        let until = online_accounts::until_ms.eq(until_ms);
        let insert =
            diesel::insert_into(online_accounts::table).values((online_accounts::user_id.eq(user.get()), until));
        on_backend!(conn, |conn| insert.on_conflict(online_accounts::user_id).do_update().set(until).execute(conn))?;
    }
    Ok(())
}

/// Notes that an account is not online.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(online_accounts::table.find(user.get())).execute(conn)?;
    Ok(())
}

/// Whether any account was online until `now_ms` at most.
pub fn has_expired(conn: &mut Conn, now_ms: i64) -> Result<bool, StoreError> {
    let expired = online_accounts::table.filter(online_accounts::until_ms.le(now_ms));
    Ok(diesel::select(diesel::dsl::exists(expired)).get_result(conn)?)
}

/// Notes that some of the accounts are not online that were until `now_ms` at most.
pub fn delete_expired(conn: &mut Conn, now_ms: i64) -> Result<(), StoreError> {
    let expired: Vec<i64> = online_accounts::table
        .select(online_accounts::user_id)
        .filter(online_accounts::until_ms.le(now_ms))
        .order(online_accounts::user_id)
        .limit(i64::try_from(MAX_PARAMETERS).unwrap_or(i64::MAX))
        .load(conn)?;
    let still = online_accounts::user_id.eq_any(expired).and(online_accounts::until_ms.le(now_ms));
    diesel::delete(online_accounts::table.filter(still)).execute(conn)?;
    Ok(())
}
