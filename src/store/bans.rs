//! Bans: at most one per user.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::bans, selection};
use crate::model::{Ban, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = bans)]
pub(super) struct BanRow {
    id: i64,
    reason: String,
    ends_at_ms: i64,
}

impl From<BanRow> for Ban {
    fn from(row: BanRow) -> Self {
        Self { id: row.id, reason: row.reason, ends_at_ms: row.ends_at_ms }
    }
}

/// The user's ban, if it has one; it may have ended.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<Ban>, StoreError> {
    let row: Option<BanRow> =
        bans::table.select(selection::<BanRow>()).filter(bans::user_id.eq(user.get())).get_result(conn).optional()?;
    Ok(row.map(Ban::from))
}

/// Bans the user, replacing an earlier ban. The user's row must be locked.
pub fn set(conn: &mut Conn, user: UserId, reason: &str, ends_at_ms: i64) -> Result<(), StoreError> {
    lift(conn, user)?;
    diesel::insert_into(bans::table)
        .values((bans::user_id.eq(user.get()), bans::reason.eq(reason), bans::ends_at_ms.eq(ends_at_ms)))
        .execute(conn)?;
    Ok(())
}

/// Lifts the user's ban, if it has one.
pub fn lift(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(bans::table.filter(bans::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
