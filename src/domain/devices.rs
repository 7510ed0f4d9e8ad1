//! The login devices of an account.

use super::{Caller, Error, audit::Action, presence, unit_of_work::as_caller};
use crate::{
    gateway::Gateway,
    model::{Device, DeviceSn, EndReason, PushToken},
    store::{Conn, StoreError, devices, push_tokens, sessions, users},
};

/// A page of an account's devices.
#[derive(Debug)]
pub struct DevicePage {
    /// The devices, by number.
    pub devices: Vec<Device>,
    /// The cursor of the next page, if there is one.
    pub next: Option<DeviceSn>,
    /// Incremented whenever the devices change.
    pub version: i64,
}

/// Up to `limit` of the caller's devices, starting after `cursor`.
pub async fn list(
    gateway: &Gateway,
    caller: &Caller,
    cursor: Option<DeviceSn>,
    limit: i64,
) -> Result<DevicePage, Error> {
    let (user, after) = (caller.user(), cursor.map_or(0, |sn| sn.0));
    let find = move |conn: &mut Conn| -> Result<_, StoreError> {
        let found = devices::list(conn, user, after, limit.saturating_add(1))?;
        Ok((found, users::devices_version(conn, user)?))
    };
    let (mut found, version) = gateway.db.read(find).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = if has_more { found.last().map(|device| device.sn) } else { None };
    Ok(DevicePage { devices: found, next, version })
}

/// Deletes one of the caller's devices and ends its session.
///
/// # Errors
/// [`Error::DeviceNotFound`].
pub async fn remove(gateway: &Gateway, caller: &Caller, device: DeviceSn) -> Result<(), Error> {
    as_caller(gateway, caller, Action::new("device.remove"), move |tx| {
        if !devices::delete(tx.conn, tx.user, device)? {
            return Err(Error::DeviceNotFound);
        }
        sessions::end_on(tx.conn, tx.user, Some(device), None, EndReason::DeviceRemoved, tx.now_ms)?;
        push_tokens::unbind(tx.conn, tx.user, device)?;
        users::bump_devices_version(tx.conn, tx.user)?;
        tx.set_target(format!("{}: device {}", tx.user, device.0));
        Ok(())
    })
    .await?;
    presence::end(gateway, caller.tenant_id(), caller.user(), Some(device)).await;
    Ok(())
}

/// Binds a push token to one of the caller's devices. Another device of the tenant that had the token loses it.
///
/// # Errors
/// [`Error::DeviceNotFound`]; [`Error::Busy`] if another device takes the token at the same time.
pub async fn bind_push_token(
    gateway: &Gateway,
    caller: &Caller,
    device: DeviceSn,
    token: PushToken,
) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("device.bind_token"), move |tx| {
        if !devices::exists(tx.conn, tx.user, device)? {
            return Err(Error::DeviceNotFound);
        }
        push_tokens::bind(tx.conn, tx.tenant, tx.user, device, &token).map_err(Error::Busy.if_taken())
    })
    .await
}

/// Removes the push token of one of the caller's devices.
///
/// # Errors
/// [`Error::DeviceNotFound`].
pub async fn unbind_push_token(gateway: &Gateway, caller: &Caller, device: DeviceSn) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("device.unbind_token"), move |tx| {
        if !devices::exists(tx.conn, tx.user, device)? {
            return Err(Error::DeviceNotFound);
        }
        Ok(push_tokens::unbind(tx.conn, tx.user, device)?)
    })
    .await
}
