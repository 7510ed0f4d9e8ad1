//! The modules that users ignore: at most one row per device.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::module_ignores, selection};
use crate::model::{DeviceKey, ModuleIgnore, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = module_ignores)]
struct ModuleIgnoreRow {
    id: i64,
    ignored: String,
    updated_at_ms: i64,
}

/// The modules ignored on the device, if any were set.
pub fn find(conn: &mut Conn, user: UserId, device: &DeviceKey) -> Result<Option<ModuleIgnore>, StoreError> {
    let row: Option<ModuleIgnoreRow> = module_ignores::table
        .select(selection::<ModuleIgnoreRow>())
        .filter(module_ignores::user_id.eq(user.get()))
        .filter(module_ignores::device_key.eq(device.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|row| ModuleIgnore { id: row.id, ignored: row.ignored, updated_at_ms: row.updated_at_ms }))
}

/// The ignored modules of all devices of an account, by their client-side ids.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Vec<(String, ModuleIgnore)>, StoreError> {
    let rows: Vec<(String, ModuleIgnoreRow)> = module_ignores::table
        .select((module_ignores::device_key, selection::<ModuleIgnoreRow>()))
        .filter(module_ignores::user_id.eq(user.get()))
        .order(module_ignores::id)
        .load(conn)?;
    let ignored =
        |row: ModuleIgnoreRow| ModuleIgnore { id: row.id, ignored: row.ignored, updated_at_ms: row.updated_at_ms };
    Ok(rows.into_iter().map(|(device, row)| (device, ignored(row))).collect())
}

/// Stores the modules ignored on the device. The user's row must be locked.
pub fn save(conn: &mut Conn, user: UserId, device: &DeviceKey, ignored: &str, now_ms: i64) -> Result<(), StoreError> {
    let values = (module_ignores::ignored.eq(ignored), module_ignores::updated_at_ms.eq(now_ms));
    let insert = diesel::insert_into(module_ignores::table).values((
        module_ignores::user_id.eq(user.get()),
        module_ignores::device_key.eq(device.as_str()),
        values,
    ));
    let key = (module_ignores::user_id, module_ignores::device_key);
    on_backend!(conn, |conn| insert.on_conflict(key).do_update().set(values).execute(conn))?;
    Ok(())
}

/// Deletes the ignored modules of all devices of an account.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(module_ignores::table.filter(module_ignores::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
