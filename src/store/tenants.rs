//! Tenants.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::apps, selection};
use crate::model::{Tenant, TenantId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = apps)]
struct AppRow {
    id: String,
    registration_open: bool,
    created_at_ms: i64,
    secret_version: i32,
    push_sign_required: bool,
}

impl From<AppRow> for Tenant {
    fn from(row: AppRow) -> Self {
        Self {
            id: TenantId::stored(row.id),
            is_registration_open: row.registration_open,
            created_at_ms: row.created_at_ms,
            secret_version: row.secret_version,
            is_push_sign_required: row.push_sign_required,
        }
    }
}

/// Inserts a tenant with open registration.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant exists.
pub fn insert(conn: &mut Conn, id: &TenantId, now_ms: i64) -> Result<(), StoreError> {
    diesel::insert_into(apps::table)
        .values((
            apps::id.eq(id.as_str()),
            apps::registration_open.eq(true),
            apps::created_at_ms.eq(now_ms),
            apps::secret_version.eq(1),
            apps::push_sign_required.eq(false),
        ))
        .execute(conn)?;
    Ok(())
}

/// Opens or closes registration.
pub fn set_registration_open(conn: &mut Conn, id: &TenantId, is_open: bool) -> Result<(), StoreError> {
    diesel::update(apps::table.find(id.as_str())).set(apps::registration_open.eq(is_open)).execute(conn)?;
    Ok(())
}

/// Sets whether push registrations must be signed.
pub fn set_push_sign_required(conn: &mut Conn, id: &TenantId, is_required: bool) -> Result<(), StoreError> {
    diesel::update(apps::table.find(id.as_str())).set(apps::push_sign_required.eq(is_required)).execute(conn)?;
    Ok(())
}

/// Increments the version of the tenant's secret and returns it.
pub fn bump_secret_version(conn: &mut Conn, id: &TenantId) -> Result<i32, StoreError> {
    Ok(diesel::update(apps::table.find(id.as_str()))
        .set(apps::secret_version.eq(apps::secret_version + 1))
        .returning(apps::secret_version)
        .get_result(conn)?)
}

/// The tenant with that id.
pub fn find(conn: &mut Conn, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
    let row: Option<AppRow> =
        apps::table.find(id.as_str()).select(selection::<AppRow>()).get_result(conn).optional()?;
    Ok(row.map(Tenant::from))
}

/// Locks a tenant until the end of the transaction, for data that may not have a row of its own yet.
pub fn lock(conn: &mut Conn, id: &TenantId) -> Result<(), StoreError> {
    let _: Option<String> = get_locked!(conn, apps::table.find(id.as_str()).select(apps::id)).optional()?;
    Ok(())
}

/// All tenants, by name.
pub fn list(conn: &mut Conn) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<AppRow> = apps::table.select(selection::<AppRow>()).order(apps::id).load(conn)?;
    Ok(rows.into_iter().map(Tenant::from).collect())
}
