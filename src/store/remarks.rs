//! Remarks of users about other users.

use diesel::{OptionalExtension as _, declare_sql_function, prelude::*, sql_types::Text};

use super::{Conn, StoreError, schema::remarks, selection};
use crate::model::{Remark, Remarks, UserId};

#[declare_sql_function]
extern "SQL" {
    /// The number of characters.
    fn length(text: Text) -> Integer;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = remarks)]
struct RemarkRow {
    name: String,
    phone: String,
    others: String,
}

impl From<RemarkRow> for Remark {
    fn from(row: RemarkRow) -> Self {
        Self { name: row.name, phone: row.phone, others: row.others }
    }
}

/// The remark of `user` about `friend`, if any.
pub fn find(conn: &mut Conn, user: UserId, friend: UserId) -> Result<Option<Remark>, StoreError> {
    let row: Option<RemarkRow> =
        remarks::table.find((user.get(), friend.get())).select(selection::<RemarkRow>()).get_result(conn).optional()?;
    Ok(row.map(Remark::from))
}

/// All remarks of `user`, unless they are more than a node remembers.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Remarks, StoreError> {
    let limit = i64::try_from(Remarks::MAX + 1).unwrap_or(i64::MAX);
    let of_user = remarks::table.filter(remarks::user_id.eq(user.get()));
    // Before the texts are read, which may be long.
    let lengths: Vec<i32> = of_user.select(length(remarks::others)).limit(limit).load(conn)?;
    let chars: usize = lengths.iter().filter_map(|length| usize::try_from(*length).ok()).sum();
    if lengths.len() > Remarks::MAX || chars > Remarks::MAX_CHARS {
        return Ok(Remarks::TooMany);
    }
    let rows: Vec<(i64, RemarkRow)> =
        of_user.select((remarks::friend_id, selection::<RemarkRow>())).limit(limit).load(conn)?;
    Ok(Remarks::All(rows.into_iter().map(|(friend, row)| (UserId::stored(friend), row.into())).collect()))
}

/// The remarks of `user` by whom they are about, up to `limit`.
pub fn list_up_to(conn: &mut Conn, user: UserId, limit: i64) -> Result<Vec<(UserId, Remark)>, StoreError> {
    let rows: Vec<(i64, RemarkRow)> = remarks::table
        .select((remarks::friend_id, selection::<RemarkRow>()))
        .filter(remarks::user_id.eq(user.get()))
        .order(remarks::friend_id)
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(|(friend, row)| (UserId::stored(friend), row.into())).collect())
}

/// Stores the remark of `user` about `friend`. The row of `user` must be locked.
pub fn save(conn: &mut Conn, user: UserId, friend: UserId, remark: &Remark) -> Result<(), StoreError> {
    let values = (remarks::name.eq(&remark.name), remarks::phone.eq(&remark.phone), remarks::others.eq(&remark.others));
    let insert = diesel::insert_into(remarks::table).values((
        remarks::user_id.eq(user.get()),
        remarks::friend_id.eq(friend.get()),
        values,
    ));
    let key = (remarks::user_id, remarks::friend_id);
    on_backend!(conn, |conn| insert.on_conflict(key).do_update().set(values).execute(conn))?;
    Ok(())
}

/// Deletes all remarks of `user`.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(remarks::table.filter(remarks::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
