//! The accounts that a Tinode server has made for ours.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::tinode_links};
use crate::model::{TinodeUid, UserId};

/// Tinode's id of the account, if it has one there.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<TinodeUid>, StoreError> {
    let uid: Option<String> =
        tinode_links::table.find(user.get()).select(tinode_links::uid).get_result(conn).optional()?;
    Ok(uid.map(TinodeUid::stored))
}

/// Stores Tinode's id of an account.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one.
pub fn insert(conn: &mut Conn, user: UserId, uid: &TinodeUid, now_ms: i64) -> Result<(), StoreError> {
    let values = (
        tinode_links::user_id.eq(user.get()),
        tinode_links::uid.eq(uid.as_str()),
        tinode_links::created_at_ms.eq(now_ms),
    );
    diesel::insert_into(tinode_links::table).values(values).execute(conn)?;
    Ok(())
}

/// Forgets Tinode's id of an account.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(tinode_links::table.find(user.get())).execute(conn)?;
    Ok(())
}
