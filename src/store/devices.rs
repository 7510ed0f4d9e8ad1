//! Login devices.

use std::collections::HashMap;

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{devices, push_tokens, sessions},
    selection,
    sessions::usable,
    statements::Statement,
};
use crate::model::{
    Device, DeviceDetails, DeviceKey, DeviceSession, DeviceSn, LoginDevice, Platform, TargetDevice, UserId,
};

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

/// The id of the device with that number: the client's, or a generated one.
pub fn find_key(conn: &mut Conn, user: UserId, sn: DeviceSn) -> Result<Option<String>, StoreError> {
    let key: Option<Option<String>> =
        devices::table.find((user.get(), sn.0)).select(devices::device_key).get_result(conn).optional()?;
    Ok(key.flatten())
}

/// What a login reports about its device.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = devices)]
struct LoginColumns {
    platform: i16,
    platform_name: String,
    user_agent: String,
    last_login_at_ms: i64,
}

impl LoginColumns {
    fn new(device: &LoginDevice, user_agent: &str, now_ms: i64) -> Self {
        Self {
            platform: device.platform().code(),
            platform_name: device.platform().name().to_owned(),
            user_agent: user_agent.to_owned(),
            last_login_at_ms: now_ms,
        }
    }
}

/// Inserts a device at its first login.
#[must_use]
pub fn insert(user: UserId, sn: DeviceSn, device: &LoginDevice, user_agent: &str, now_ms: i64) -> Statement {
    Statement::new(diesel::insert_into(devices::table).values((
        devices::user_id.eq(user.get()),
        devices::sn.eq(sn.0),
        devices::device_key.eq(device.key().map(|key| key.as_str().to_owned())),
        devices::is_generated.eq(device.is_generated()),
        LoginColumns::new(device, user_agent, now_ms),
    )))
}

/// Updates a device at a further login.
#[must_use]
pub fn update(user: UserId, sn: DeviceSn, device: &LoginDevice, user_agent: &str, now_ms: i64) -> Statement {
    let columns = LoginColumns::new(device, user_agent, now_ms);
    let device = devices::user_id.eq(user.get()).and(devices::sn.eq(sn.0));
    Statement::new(super::update::update(&devices::table, device, columns))
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

/// Up to `limit` devices of the account, the last one used first, each with its session that has not been ended, was
/// opened or used after `idle_since_ms`, and has not expired at `now_ms`.
pub fn list_details(
    conn: &mut Conn,
    user: UserId,
    limit: i64,
    idle_since_ms: i64,
    now_ms: i64,
) -> Result<Vec<DeviceDetails>, StoreError> {
    let live: Vec<(i32, i64, i64, i64)> = sessions::table
        .select((sessions::device_sn, sessions::created_at_ms, sessions::last_used_at_ms, sessions::expires_at_ms))
        .filter(usable(user.get(), idle_since_ms, now_ms))
        .load(conn)?;
    let session = |(sn, created_at_ms, last_used_at_ms, expires_at_ms)| {
        (sn, DeviceSession { created_at_ms, last_used_at_ms, expires_at_ms })
    };
    let mut sessions: HashMap<i32, DeviceSession> = live.into_iter().map(session).collect();
    let rows: Vec<DetailsRow> = devices::table
        .select(selection::<DetailsRow>())
        .filter(devices::user_id.eq(user.get()))
        .order((devices::last_login_at_ms.desc(), devices::sn.desc()))
        .limit(limit)
        .load(conn)?;
    let device = |row: DetailsRow| DeviceDetails {
        sn: DeviceSn(row.sn),
        key: row.device_key.filter(|_| !row.is_generated),
        platform: row.platform,
        platform_name: row.platform_name,
        user_agent: row.user_agent,
        last_login_at_ms: row.last_login_at_ms,
        session: sessions.remove(&row.sn),
    };
    Ok(rows.into_iter().map(device).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = devices)]
struct DetailsRow {
    sn: i32,
    device_key: Option<String>,
    platform: i16,
    platform_name: String,
    user_agent: String,
    last_login_at_ms: i64,
    is_generated: bool,
}

/// Deletes a device; false if there is none.
pub fn delete(conn: &mut Conn, user: UserId, sn: DeviceSn) -> Result<bool, StoreError> {
    Ok(diesel::delete(devices::table.find((user.get(), sn.0))).execute(conn)? > 0)
}

/// Deletes devices and their push tokens; no statement without any.
#[must_use]
pub fn delete_statements(user: UserId, sns: &[DeviceSn]) -> Vec<Statement> {
    let delete = |sns: &[DeviceSn]| {
        let sns: Vec<i32> = sns.iter().map(|sn| sn.0).collect();
        let tokens = push_tokens::table
            .filter(push_tokens::user_id.eq(user.get()))
            .filter(push_tokens::device_sn.eq_any(sns.clone()));
        let devices = devices::table.filter(devices::user_id.eq(user.get())).filter(devices::sn.eq_any(sns));
        [Statement::new(diesel::delete(tokens)), Statement::new(diesel::delete(devices))]
    };
    sns.chunks(MAX_PARAMETERS).flat_map(delete).collect()
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = devices)]
struct TargetRow {
    user_id: i64,
    sn: i32,
    device_key: Option<String>,
    platform: i16,
    platform_name: String,
    is_generated: bool,
}

/// The devices of the accounts, by account and number.
pub fn list_targets(conn: &mut Conn, users: &[UserId]) -> Result<Vec<(UserId, TargetDevice)>, StoreError> {
    let mut found = Vec::new();
    for chunk in users.chunks(MAX_PARAMETERS) {
        let rows: Vec<TargetRow> = devices::table
            .select(selection::<TargetRow>())
            .filter(devices::user_id.eq_any(chunk.iter().map(|id| id.get())))
            .load(conn)?;
        found.extend(rows.into_iter().map(|row| {
            let device = TargetDevice {
                sn: DeviceSn(row.sn),
                key: row.device_key.filter(|_| !row.is_generated),
                platform: row.platform,
                platform_name: row.platform_name,
            };
            (UserId::stored(row.user_id), device)
        }));
    }
    found.sort_by_key(|(user, device)| (*user, device.sn));
    Ok(found)
}
