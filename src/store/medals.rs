//! Medals, and the users who have them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Conn, StoreError,
    schema::{medals, user_medals},
    selection,
};
use crate::model::{Listing, Medal, MedalDefinition, MedalId, Page, Position, TenantId, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = medals)]
struct MedalRow {
    id: i64,
    name: String,
    description: String,
    image_url: String,
    sort: i32,
}

impl From<MedalRow> for Medal {
    fn from(row: MedalRow) -> Self {
        Self {
            id: MedalId(row.id),
            name: row.name,
            description: row.description,
            image_url: row.image_url,
            sort: row.sort,
        }
    }
}

/// Inserts a medal.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant has a medal of that name.
pub fn insert(conn: &mut Conn, tenant: &TenantId, new: &MedalDefinition) -> Result<MedalId, StoreError> {
    let id: i64 = diesel::insert_into(medals::table)
        .values((
            medals::app_id.eq(tenant.as_str()),
            medals::name.eq(&new.name),
            medals::description.eq(&new.description),
            medals::image_url.eq(&new.image_url),
            medals::sort.eq(new.sort),
        ))
        .returning(medals::id)
        .get_result(conn)?;
    Ok(MedalId(id))
}

/// A page of the tenant's medals, in their display order.
pub fn list(conn: &mut Conn, tenant: &TenantId, page: Page) -> Result<Listing<Medal>, StoreError> {
    let mut query = medals::table
        .select(selection::<MedalRow>())
        .filter(medals::app_id.eq(tenant.as_str()))
        .order((medals::sort, medals::id))
        .offset(page.offset())
        .limit(page.limit())
        .into_boxed();
    if let Some(position @ Position { id, .. }) = page.position() {
        let sort = position.sort_32();
        query = query.filter(medals::sort.gt(sort).or(medals::sort.eq(sort).and(medals::id.gt(id))));
    }
    let rows: Vec<MedalRow> = query.load(conn)?;
    let medals = rows.into_iter().map(Medal::from).collect();
    Ok(Listing::new(page, medals, |medal: &Medal| Position { sort: medal.sort.into(), id: medal.id.0 }))
}

/// Whether the tenant has that medal.
pub fn exists(conn: &mut Conn, tenant: &TenantId, id: MedalId) -> Result<bool, StoreError> {
    let matches = medals::table.filter(medals::id.eq(id.0)).filter(medals::app_id.eq(tenant.as_str()));
    Ok(diesel::select(diesel::dsl::exists(matches)).get_result(conn)?)
}

/// A user's medals, in their display order.
pub fn list_of(conn: &mut Conn, user: UserId) -> Result<Vec<Medal>, StoreError> {
    let rows: Vec<MedalRow> = user_medals::table
        .inner_join(medals::table.on(medals::id.eq(user_medals::medal_id)))
        .filter(user_medals::user_id.eq(user.get()))
        .select(selection::<MedalRow>())
        .order((medals::sort, medals::id))
        .load(conn)?;
    Ok(rows.into_iter().map(Medal::from).collect())
}

/// The medals of several users, each in their display order.
pub(super) fn list_of_all(conn: &mut Conn, users: Vec<i64>) -> Result<HashMap<i64, Vec<Medal>>, StoreError> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i64, MedalRow)> = user_medals::table
        .inner_join(medals::table.on(medals::id.eq(user_medals::medal_id)))
        .filter(user_medals::user_id.eq_any(users))
        .select((user_medals::user_id, selection::<MedalRow>()))
        .order((medals::sort, medals::id))
        .load(conn)?;
    let mut all: HashMap<i64, Vec<Medal>> = HashMap::new();
    for (user, row) in rows {
        all.entry(user).or_default().push(row.into());
    }
    Ok(all)
}

/// Grants a medal to a user; no effect if the user has it. The user's row must be locked.
pub fn grant(conn: &mut Conn, user: UserId, medal: MedalId, now_ms: i64) -> Result<(), StoreError> {
    let insert = diesel::insert_into(user_medals::table).values((
        user_medals::user_id.eq(user.get()),
        user_medals::medal_id.eq(medal.0),
        user_medals::granted_at_ms.eq(now_ms),
    ));
    on_backend!(conn, |conn| insert.on_conflict_do_nothing().execute(conn))?;
    Ok(())
}

/// Revokes a user's medal; no effect if the user does not have it.
pub fn revoke(conn: &mut Conn, user: UserId, medal: MedalId) -> Result<(), StoreError> {
    diesel::delete(user_medals::table.find((user.get(), medal.0))).execute(conn)?;
    Ok(())
}
