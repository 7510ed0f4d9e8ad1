//! What a login reads of an account, in one query.

use diesel::prelude::*;

use super::{
    Conn, StoreError,
    schema::{devices, sessions, users},
    statements::Statement,
    update::update,
    users::{ActivityColumns, Credentials},
};
use crate::model::{AccountStatus, Activity, DeviceKey, DeviceSn, SessionId, TenantId, UserId};

/// An account before a login.
#[derive(Debug)]
pub struct LoginState {
    /// The account's credentials.
    pub credentials: Credentials,
    /// The account's activity.
    pub activity: Activity,
    /// The highest device number of the account.
    pub last_device: DeviceSn,
    /// Where its last login came from.
    pub place: String,
    /// The devices that matter: the one that logs in, those with a live session, and those with a generated id. In the
    /// order in which their sessions are evicted in favour of new ones: those on devices with a generated id first,
    /// then the least recently used.
    pub devices: Vec<KnownDevice>,
}

/// A device of the account.
#[derive(Clone, Copy, Debug)]
pub struct KnownDevice {
    /// The device's number.
    pub sn: DeviceSn,
    /// Whether it is the device that logs in.
    pub is_login_device: bool,
    /// Whether its id was generated.
    pub is_generated: bool,
    /// Its session that has not been ended; it may have expired.
    pub session: Option<SessionId>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct AccountColumns {
    id: i64,
    status: i16,
    password_hash: Option<String>,
    #[diesel(embed)]
    activity: ActivityColumns,
    last_device_sn: i32,
    place: String,
}

type DeviceColumns = (i32, Option<String>, bool);

/// Reads the account, which must be locked, for a login from the device with the id `key`.
pub fn find_state(
    conn: &mut Conn,
    tenant: &TenantId,
    user: UserId,
    key: Option<&DeviceKey>,
) -> Result<Option<LoginState>, StoreError> {
    let key = key.map(|key| key.as_str().to_owned());
    let is_live = sessions::user_id.eq(user.get()).and(sessions::ended_at_ms.is_null());
    let live_devices = sessions::table.select(sessions::device_sn).filter(is_live);
    let matters =
        devices::device_key.eq(key.clone()).or(devices::is_generated).or(devices::sn.eq_any(live_devices).nullable());
    let rows: Vec<(AccountColumns, Option<DeviceColumns>, Option<i64>)> = users::table
        .left_join(devices::table.on(devices::user_id.eq(users::id).and(matters)))
        .left_join(sessions::table.on(is_live.and(sessions::device_sn.nullable().eq(devices::sn.nullable()))))
        .filter(users::id.eq(user.get()))
        .filter(users::app_id.eq(tenant.as_str()))
        .order((devices::is_generated.nullable().desc(), sessions::last_used_at_ms.nullable(), sessions::id.nullable()))
        .select((
            super::selection::<AccountColumns>(),
            (devices::sn, devices::device_key, devices::is_generated).nullable(),
            sessions::id.nullable(),
        ))
        .load(conn)?;
    let known = |device: &DeviceColumns, session: Option<i64>| KnownDevice {
        sn: DeviceSn(device.0),
        is_login_device: key.is_some() && device.1 == key,
        is_generated: device.2,
        session: session.map(SessionId),
    };
    let devices = rows.iter().filter_map(|(_, device, session)| Some(known(device.as_ref()?, *session))).collect();
    Ok(rows.into_iter().next().map(|(account, ..)| LoginState {
        credentials: Credentials {
            user: UserId::stored(account.id),
            status: AccountStatus::stored(account.status),
            password_hash: account.password_hash,
        },
        activity: Activity::from(account.activity),
        last_device: DeviceSn(account.last_device_sn),
        place: account.place,
        devices,
    }))
}

/// Stores in the account's row that it is logged in to: its activity, the highest device number, that its devices
/// changed, and the `place` that the login came from, if that is another one.
#[must_use]
pub fn update_account(user: UserId, activity: Activity, last_device: DeviceSn, place: Option<&str>) -> Statement {
    let changes = (
        ActivityColumns::from(activity),
        users::last_device_sn.eq(last_device.0),
        users::devices_version.eq(users::devices_version + 1),
    );
    let account = users::id.eq(user.get());
    match place.map(str::to_owned) {
        // Setting it would tell all nodes to read the account again.
        None => Statement::new(update(&users::table, account, changes)),
        Some(place) => Statement::new(update(&users::table, account, (changes, users::place.eq(place)))),
    }
}
