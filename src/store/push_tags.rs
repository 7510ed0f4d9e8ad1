//! Tags, by which push messages select accounts: a set per account.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::push_tags};
use crate::model::{Tag, UserId};

/// The account's tags, in order.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Vec<String>, StoreError> {
    let tags = push_tags::table.select(push_tags::tag).filter(push_tags::user_id.eq(user.get()));
    Ok(tags.order(push_tags::tag).load(conn)?)
}

/// Inserts a tag that the account does not have. The account's row must be locked.
pub fn insert(conn: &mut Conn, user: UserId, tag: &Tag) -> Result<(), StoreError> {
    let values = (push_tags::user_id.eq(user.get()), push_tags::tag.eq(tag.as_str()));
    diesel::insert_into(push_tags::table).values(values).execute(conn)?;
    Ok(())
}

/// Deletes a tag, if the account has it.
pub fn delete(conn: &mut Conn, user: UserId, tag: &Tag) -> Result<(), StoreError> {
    diesel::delete(push_tags::table.find((user.get(), tag.as_str()))).execute(conn)?;
    Ok(())
}

/// Deletes all tags of an account.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(push_tags::table.filter(push_tags::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
