//! Tenants.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::apps};
use crate::model::AppId;

/// A tenant.
#[derive(Clone, Debug)]
pub struct AppRow {
    /// Its name.
    pub id: AppId,
    /// Whether anyone may register.
    pub is_registration_open: bool,
    /// When it was made.
    pub created_at_ms: i64,
}

type Columns = (String, bool, i64);

fn row((id, is_registration_open, created_at_ms): Columns) -> AppRow {
    AppRow { id: AppId::stored(id), is_registration_open, created_at_ms }
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
pub fn find(conn: &mut Conn, id: &AppId) -> Result<Option<AppRow>, StoreError> {
    let columns: Option<Columns> = apps::table.find(id.as_str()).get_result(conn).optional()?;
    Ok(columns.map(row))
}

/// All tenants, by name.
///
/// # Errors
/// When the query fails.
pub fn list(conn: &mut Conn) -> Result<Vec<AppRow>, StoreError> {
    let all: Vec<Columns> = apps::table.order(apps::id).load(conn)?;
    Ok(all.into_iter().map(row).collect())
}
