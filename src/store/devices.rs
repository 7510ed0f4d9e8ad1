//! Login devices.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::devices};
use crate::model::{DeviceKey, DeviceSn, LoginDevice, UserId};

/// The number of the device that the client calls `key`.
///
/// # Errors
/// When the query fails.
pub fn find_by_key(conn: &mut Conn, user: UserId, key: &DeviceKey) -> Result<Option<DeviceSn>, StoreError> {
    let sn: Option<i32> = devices::table
        .select(devices::sn)
        .filter(devices::user_id.eq(user.get()))
        .filter(devices::device_key.eq(key.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(sn.map(DeviceSn))
}

/// What a login tells of its device.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = devices)]
struct LoginColumns<'a> {
    platform: i16,
    platform_name: &'a str,
    user_agent: &'a str,
    last_login_at_ms: i64,
}

impl<'a> LoginColumns<'a> {
    fn new(device: &'a LoginDevice, user_agent: &'a str, now_ms: i64) -> Self {
        Self {
            platform: device.platform().code(),
            platform_name: device.platform().name(),
            user_agent,
            last_login_at_ms: now_ms,
        }
    }
}

/// Adds a device that logs in.
///
/// # Errors
/// When the query fails.
pub fn insert(
    conn: &mut Conn,
    user: UserId,
    sn: DeviceSn,
    device: &LoginDevice,
    user_agent: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    diesel::insert_into(devices::table)
        .values((
            devices::user_id.eq(user.get()),
            devices::sn.eq(sn.0),
            devices::device_key.eq(device.key().map(DeviceKey::as_str)),
            LoginColumns::new(device, user_agent, now_ms),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes another login on a device, with what it says of itself now.
///
/// # Errors
/// When the query fails.
pub fn update(
    conn: &mut Conn,
    user: UserId,
    sn: DeviceSn,
    device: &LoginDevice,
    user_agent: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let columns = LoginColumns::new(device, user_agent, now_ms);
    diesel::update(devices::table.find((user.get(), sn.0))).set(columns).execute(conn)?;
    Ok(())
}

/// When the account last logged in, on any device.
///
/// # Errors
/// When the query fails.
pub fn last_login_at_ms(conn: &mut Conn, user: UserId) -> Result<Option<i64>, StoreError> {
    let newest = diesel::dsl::max(devices::last_login_at_ms);
    Ok(devices::table.filter(devices::user_id.eq(user.get())).select(newest).get_result(conn)?)
}

/// Forgets the devices of an account.
///
/// # Errors
/// When the query fails.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(devices::table.filter(devices::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
