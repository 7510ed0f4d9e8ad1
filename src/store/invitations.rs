//! Who invited whom.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::invitations, statements::Statement};
use crate::model::UserId;

/// Notes that `host` has invited `guest` on that day.
#[must_use]
pub fn insert(guest: UserId, host: UserId, day: i32, now_ms: i64) -> Statement {
    Statement::new(diesel::insert_into(invitations::table).values((
        invitations::invitee_id.eq(guest.get()),
        invitations::inviter_id.eq(host.get()),
        invitations::day.eq(day),
        invitations::created_at_ms.eq(now_ms),
    )))
}

/// How many accounts a user has invited: on that day, and in all.
pub fn count(conn: &mut Conn, inviter: UserId, day: i32) -> Result<(i64, i64), StoreError> {
    let all = invitations::table.filter(invitations::inviter_id.eq(inviter.get()));
    let of_day: i64 = all.filter(invitations::day.eq(day)).count().get_result(conn)?;
    Ok((of_day, all.count().get_result(conn)?))
}

/// Deletes by whom an account was invited.
pub fn delete(conn: &mut Conn, invitee: UserId) -> Result<(), StoreError> {
    diesel::delete(invitations::table.find(invitee.get())).execute(conn)?;
    Ok(())
}
