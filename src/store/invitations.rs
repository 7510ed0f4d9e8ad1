//! Who invited whom.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::invitations, statements::Statement};
use crate::model::UserId;

/// Notes that `inviter` has invited a new account on that day, whose number has that MAC.
#[must_use]
pub fn insert(new: UserId, inviter: UserId, number_mac: &str, day: i32, now_ms: i64) -> Statement {
    Statement::new(diesel::insert_into(invitations::table).values((
        invitations::invitee_id.eq(new.get()),
        invitations::inviter_id.eq(inviter.get()),
        invitations::day.eq(day),
        invitations::created_at_ms.eq(now_ms),
        invitations::number_mac.eq(number_mac.to_owned()),
    )))
}

/// Whether an account with the number of that MAC was invited, even if it has been erased.
pub fn has_number(conn: &mut Conn, number_mac: &str) -> Result<bool, StoreError> {
    let known = invitations::table.filter(invitations::number_mac.eq(number_mac));
    Ok(diesel::select(diesel::dsl::exists(known)).get_result(conn)?)
}

/// How many accounts a user has invited: on that day, and in all.
pub fn count(conn: &mut Conn, inviter: UserId, day: i32) -> Result<(i64, i64), StoreError> {
    let all = invitations::table.filter(invitations::inviter_id.eq(inviter.get()));
    let of_day: i64 = all.filter(invitations::day.eq(day)).count().get_result(conn)?;
    Ok((of_day, all.count().get_result(conn)?))
}

/// By whom a user was invited, and when.
pub fn find_inviter(conn: &mut Conn, invitee: UserId) -> Result<Option<(UserId, i64)>, StoreError> {
    let columns = (invitations::inviter_id, invitations::created_at_ms);
    let found: Option<(i64, i64)> =
        invitations::table.find(invitee.get()).select(columns).get_result(conn).optional()?;
    Ok(found.map(|(inviter, at_ms)| (UserId::stored(inviter), at_ms)))
}

/// The first `limit` accounts that a user has invited, newest first, and when.
pub fn list_up_to(conn: &mut Conn, inviter: UserId, limit: i64) -> Result<Vec<(UserId, i64)>, StoreError> {
    let rows: Vec<(i64, i64)> = invitations::table
        .filter(invitations::inviter_id.eq(inviter.get()))
        .order((invitations::created_at_ms.desc(), invitations::invitee_id.desc()))
        .select((invitations::invitee_id, invitations::created_at_ms))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(|(invitee, at_ms)| (UserId::stored(invitee), at_ms)).collect())
}
