//! Registrations for notifications: at most one per device.

use std::collections::HashMap;

use diesel::{OptionalExtension as _, dsl::exists, prelude::*};

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{notifications, users},
    selection,
    statements::Statement,
};
use crate::model::{DeviceKey, Notification, NotificationRequest, TargetRegistration, TenantId, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = notifications)]
struct NotificationRow {
    id: i64,
    registration_id: String,
    is_open: bool,
    kind: i32,
    created_at_ms: i64,
    updated_at_ms: i64,
}

impl From<NotificationRow> for Notification {
    fn from(row: NotificationRow) -> Self {
        Self {
            id: row.id,
            registration_id: row.registration_id,
            is_open: row.is_open,
            kind: row.kind,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
        }
    }
}

/// The device's registration.
pub fn find(conn: &mut Conn, user: UserId, device: &DeviceKey) -> Result<Option<Notification>, StoreError> {
    let row: Option<NotificationRow> = notifications::table
        .select(selection::<NotificationRow>())
        .filter(notifications::user_id.eq(user.get()))
        .filter(notifications::device_key.eq(device.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(Notification::from))
}

/// The registrations of all devices of an account, by their client-side ids.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Vec<(String, Notification)>, StoreError> {
    let rows: Vec<(String, NotificationRow)> = notifications::table
        .select((notifications::device_key, selection::<NotificationRow>()))
        .filter(notifications::user_id.eq(user.get()))
        .order(notifications::id)
        .load(conn)?;
    Ok(rows.into_iter().map(|(device, row)| (device, row.into())).collect())
}

/// Stores the device's registration.
#[must_use]
pub fn save(user: UserId, new: &NotificationRequest, now_ms: i64) -> Statement {
    let values = (
        notifications::registration_id.eq(new.registration_id.clone()),
        notifications::is_open.eq(new.is_open),
        notifications::kind.eq(new.kind),
        notifications::updated_at_ms.eq(now_ms),
    );
    let insert = diesel::insert_into(notifications::table).values((
        notifications::user_id.eq(user.get()),
        notifications::device_key.eq(new.device.as_str().to_owned()),
        notifications::created_at_ms.eq(now_ms),
        values.clone(),
    ));
    let key = (notifications::user_id, notifications::device_key);
    Statement::new(insert.on_conflict(key).do_update().set(values))
}

/// Deletes all registrations of an account.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(notifications::table.filter(notifications::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}

/// The accounts of the tenant with a registration that has one of the push services' ids.
pub fn list_owners(conn: &mut Conn, tenant: &TenantId, registrations: &[String]) -> Result<Vec<UserId>, StoreError> {
    let mut owners = Vec::new();
    for chunk in registrations.chunks(MAX_PARAMETERS) {
        let ids: Vec<i64> = notifications::table
            .inner_join(users::table.on(users::id.eq(notifications::user_id)))
            .select(notifications::user_id)
            .filter(notifications::registration_id.eq_any(chunk))
            .filter(users::app_id.eq(tenant.as_str()))
            .load(conn)?;
        owners.extend(ids.into_iter().map(UserId::stored));
    }
    Ok(owners)
}

/// Empties the ids of registrations of the tenant's accounts, whose rows must be locked, and returns how many there
/// were. What the user chose stays.
pub fn remove_dead(conn: &mut Conn, tenant: &TenantId, registrations: &[String]) -> Result<usize, StoreError> {
    let in_tenant = users::id.eq(notifications::user_id).and(users::app_id.eq(tenant.as_str()));
    let mut removed = 0;
    for chunk in registrations.chunks(MAX_PARAMETERS) {
        let dead = notifications::registration_id.eq_any(chunk).and(exists(users::table.filter(in_tenant)));
        removed += diesel::update(notifications::table.filter(dead))
            .set(notifications::registration_id.eq(""))
            .execute(conn)?;
    }
    Ok(removed)
}

/// The registrations of the accounts, by the client's id of the device.
pub fn list_of_all(
    conn: &mut Conn,
    users: &[UserId],
) -> Result<HashMap<(UserId, String), TargetRegistration>, StoreError> {
    let columns = (notifications::registration_id, notifications::kind, notifications::is_open);
    let mut found = HashMap::new();
    for chunk in users.chunks(MAX_PARAMETERS) {
        let rows: Vec<(i64, String, (String, i32, bool))> = notifications::table
            .select((notifications::user_id, notifications::device_key, columns))
            .filter(notifications::user_id.eq_any(chunk.iter().map(|id| id.get())))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(user, device, (id, kind, is_open))| {
            ((UserId::stored(user), device), TargetRegistration { id, kind, is_open })
        }));
    }
    Ok(found)
}
