//! Per-device settings of users: notifications and ignored modules.

use super::{
    Caller, Error,
    audit::Action,
    unit_of_work::{as_caller, change_own},
};
use crate::{
    gateway::Gateway,
    model::{DeviceKey, Invalid, ModuleIgnore, Notification, NotificationRequest, TenantId, UserId, VipState},
    store::{Conn, module_ignores, notifications, users},
};

/// The device's registration for notifications, or the default one.
pub async fn get(gateway: &Gateway, caller: &Caller, device: DeviceKey) -> Result<Notification, Error> {
    let user = caller.user();
    let found = gateway.db.read(move |conn| notifications::find(conn, user, &device)).await?;
    Ok(found.unwrap_or_default())
}

/// Registers a device for notifications, or changes its registration.
pub async fn register(gateway: &Gateway, caller: &Caller, new: NotificationRequest) -> Result<(), Error> {
    let now_ms = gateway.clock.now_ms();
    change_own(gateway, caller, Action::routine("notification.register"), move |user| {
        vec![notifications::save(user, &new, now_ms)]
    })
    .await
}

/// The modules that a VIP ignores on a device; empty unless set. The VIP check comes before that of the device id.
///
/// # Errors
/// [`Error::VipOnly`]; [`Error::Invalid`] for an invalid device id.
pub async fn get_ignored_modules(
    gateway: &Gateway,
    caller: &Caller,
    device: Result<DeviceKey, Invalid>,
) -> Result<ModuleIgnore, Error> {
    let (caller, now_ms) = (caller.clone(), gateway.clock.now_ms());
    gateway
        .db
        .read(move |conn| {
            vip_only(conn, caller.tenant_id(), caller.user(), now_ms)?;
            Ok(module_ignores::find(conn, caller.user(), &device?)?.unwrap_or_default())
        })
        .await
}

/// Sets the modules that a VIP ignores on a device.
///
/// # Errors
/// [`Error::VipOnly`].
pub async fn set_ignored_modules(
    gateway: &Gateway,
    caller: &Caller,
    device: DeviceKey,
    ignored: String,
) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("module.ignore"), move |tx| {
        vip_only(tx.conn, tx.tenant, tx.user, tx.now_ms)?;
        Ok(module_ignores::save(tx.conn, tx.user, &device, &ignored, tx.now_ms)?)
    })
    .await
}

fn vip_only(conn: &mut Conn, tenant: &TenantId, user: UserId, now_ms: i64) -> Result<(), Error> {
    let user = users::find(conn, tenant, user)?.ok_or(Error::UserNotFound)?;
    match user.vip_state(now_ms) {
        VipState::Active => Ok(()),
        VipState::None | VipState::Expired => Err(Error::VipOnly),
    }
}
