//! Login devices.

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, StoreError, push_tokens,
    schema::{devices, sessions},
};
use crate::model::{Device, DeviceKey, DeviceSn, LoginDevice, Platform, UserId};

/// The number of the device with the client-side id `key`.
pub fn find_by_key(conn: &mut Conn, user: UserId, key: &DeviceKey) -> Result<Option<DeviceSn>, StoreError> {
    let sn: Option<i32> = devices::table
        .select(devices::sn)
        .filter(devices::user_id.eq(user.get()))
        .filter(devices::device_key.eq(key.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(sn.map(DeviceSn))
}

/// What a login reports about its device.
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

/// Inserts a device at its first login.
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
            devices::is_generated.eq(device.is_generated()),
            LoginColumns::new(device, user_agent, now_ms),
        ))
        .execute(conn)?;
    Ok(())
}

/// Updates a device at a further login.
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

/// Whether the account has a device with that number.
pub fn exists(conn: &mut Conn, user: UserId, sn: DeviceSn) -> Result<bool, StoreError> {
    Ok(diesel::select(diesel::dsl::exists(devices::table.find((user.get(), sn.0)))).get_result(conn)?)
}

/// Up to `limit` devices of the account with numbers above `after`, by number.
pub fn list(conn: &mut Conn, user: UserId, after: i32, limit: i64) -> Result<Vec<Device>, StoreError> {
    let rows: Vec<(i32, i16, String)> = devices::table
        .select((devices::sn, devices::platform, devices::user_agent))
        .filter(devices::user_id.eq(user.get()))
        .filter(devices::sn.gt(after))
        .order(devices::sn)
        .limit(limit)
        .load(conn)?;
    let device = |(sn, platform, user_agent)| Device { sn: DeviceSn(sn), platform, user_agent };
    Ok(rows.into_iter().map(device).collect())
}

/// Deletes a device; false if there is none.
pub fn delete(conn: &mut Conn, user: UserId, sn: DeviceSn) -> Result<bool, StoreError> {
    Ok(diesel::delete(devices::table.find((user.get(), sn.0))).execute(conn)? > 0)
}

/// Deletes the devices with a generated id that have no session: no later login can refer to them.
pub fn delete_lost(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    let live: Vec<i32> = sessions::table
        .select(sessions::device_sn)
        .filter(sessions::user_id.eq(user.get()))
        .filter(sessions::ended_at_ms.is_null())
        .load(conn)?;
    let lost = devices::table
        .filter(devices::user_id.eq(user.get()))
        .filter(devices::is_generated.eq(true))
        .filter(devices::sn.ne_all(live));
    let sns: Vec<i32> = diesel::delete(lost).returning(devices::sn).get_results(conn)?;
    for sn in sns {
        push_tokens::unbind(conn, user, DeviceSn(sn))?;
    }
    Ok(())
}

/// Whether the device has an id, and its login named no platform.
pub fn lacks_platform(conn: &mut Conn, user: UserId, sn: DeviceSn) -> Result<bool, StoreError> {
    let nameless = devices::table
        .find((user.get(), sn.0))
        .filter(devices::is_generated.eq(false))
        .filter(devices::platform_name.eq(""));
    Ok(diesel::select(diesel::dsl::exists(nameless)).get_result(conn)?)
}

/// Sets the device's platform.
pub fn set_platform(conn: &mut Conn, user: UserId, sn: DeviceSn, platform: &Platform) -> Result<(), StoreError> {
    diesel::update(devices::table.find((user.get(), sn.0)))
        .set((devices::platform.eq(platform.code()), devices::platform_name.eq(platform.name())))
        .execute(conn)?;
    Ok(())
}

/// When the account last logged in, on any device.
pub fn last_login_at_ms(conn: &mut Conn, user: UserId) -> Result<Option<i64>, StoreError> {
    let newest = diesel::dsl::max(devices::last_login_at_ms);
    Ok(devices::table.filter(devices::user_id.eq(user.get())).select(newest).get_result(conn)?)
}

/// Deletes all devices of an account.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(devices::table.filter(devices::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
