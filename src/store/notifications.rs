//! Registrations for notifications: at most one per device.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::notifications, selection, statements::Statement};
use crate::model::{DeviceKey, Notification, NotificationRequest, UserId};

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

/// The device's registration.
pub fn find(conn: &mut Conn, user: UserId, device: &DeviceKey) -> Result<Option<Notification>, StoreError> {
    let row: Option<NotificationRow> = notifications::table
        .select(selection::<NotificationRow>())
        .filter(notifications::user_id.eq(user.get()))
        .filter(notifications::device_key.eq(device.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|row| Notification {
        id: row.id,
        registration_id: row.registration_id,
        is_open: row.is_open,
        kind: row.kind,
        created_at_ms: row.created_at_ms,
        updated_at_ms: row.updated_at_ms,
    }))
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
