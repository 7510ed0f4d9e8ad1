//! Tenants.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::apps, selection};
use crate::model::{AppId, Tenant};

#[derive(Queryable, Selectable)]
#[diesel(table_name = apps)]
struct AppRow {
    id: String,
    registration_open: bool,
    created_at_ms: i64,
}

impl From<AppRow> for Tenant {
    fn from(row: AppRow) -> Self {
        Self {
            id: AppId::stored(row.id),
            is_registration_open: row.registration_open,
            created_at_ms: row.created_at_ms,
        }
    }
}

/// Adds a tenant with open registration.
///
/// # Errors
/// [`StoreError::Taken`] when there is one of that name.
pub fn insert(conn: &mut Conn, id: &AppId, now_ms: i64) -> Result<(), StoreError> {
    diesel::insert_into(apps::table)
        .values((apps::id.eq(id.as_str()), apps::registration_open.eq(true), apps::created_at_ms.eq(now_ms)))
        .execute(conn)?;
    Ok(())
}

/// The tenant of that name.
///
/// # Errors
/// When the query fails.
pub fn find(conn: &mut Conn, id: &AppId) -> Result<Option<Tenant>, StoreError> {
    let row: Option<AppRow> =
        apps::table.find(id.as_str()).select(selection::<AppRow>()).get_result(conn).optional()?;
    Ok(row.map(Tenant::from))
}

/// All tenants, by name.
///
/// # Errors
/// When the query fails.
pub fn list(conn: &mut Conn) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<AppRow> = apps::table.select(selection::<AppRow>()).order(apps::id).load(conn)?;
    Ok(rows.into_iter().map(Tenant::from).collect())
}
