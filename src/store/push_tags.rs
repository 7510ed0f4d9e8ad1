//! Tags, by which push messages select accounts: a set per account.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use super::{Conn, MAX_PARAMETERS, StoreError, schema::push_tags, statements::Statement};
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

/// Deletes those of the tags that the account has.
#[must_use]
pub fn delete(user: UserId, tags: &BTreeSet<Tag>) -> Vec<Statement> {
    let tags: Vec<String> = tags.iter().map(|tag| tag.as_str().to_owned()).collect();
    let delete = |part: &[String]| {
        let meant = push_tags::user_id.eq(user.get()).and(push_tags::tag.eq_any(part.to_vec()));
        Statement::new(diesel::delete(push_tags::table.filter(meant)))
    };
    tags.chunks(MAX_PARAMETERS).map(delete).collect()
}

/// Deletes all tags of an account.
#[must_use]
pub fn delete_all_of(user: UserId) -> Statement {
    Statement::new(diesel::delete(push_tags::table.filter(push_tags::user_id.eq(user.get()))))
}

/// Those of the tags that each of the accounts has; an account without any is absent.
pub fn list_of_all(
    conn: &mut Conn,
    users: &[UserId],
    tags: &BTreeSet<&Tag>,
) -> Result<HashMap<UserId, HashSet<String>>, StoreError> {
    let mut found = HashMap::<_, HashSet<_>>::new();
    for chunk in users.chunks(MAX_PARAMETERS.saturating_sub(tags.len())) {
        let rows: Vec<(i64, String)> = push_tags::table
            .select((push_tags::user_id, push_tags::tag))
            .filter(push_tags::user_id.eq_any(chunk.iter().map(|id| id.get())))
            .filter(push_tags::tag.eq_any(tags.iter().map(|tag| tag.as_str())))
            .load(conn)?;
        for (user, tag) in rows {
            found.entry(UserId::stored(user)).or_default().insert(tag);
        }
    }
    Ok(found)
}
