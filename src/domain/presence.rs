//! Whether users are there: after a request of their own, for a while. Losing it harms nobody, so its failures are logged
//! and not told, but to those who ask for it.

use super::{Caller, Error};
use crate::{
    app::App,
    model::{AppId, DeviceSn, UserId},
    state::State as _,
};

/// A device's requests are noted so many times within the time that one of them counts.
const NOTES_PER_TTL: i64 = 3;

/// Notes that a device is used now; of many requests a few.
pub(super) async fn note(app: &App, tenant: &AppId, user: UserId, device: DeviceSn, now_ms: i64) {
    let account = account(tenant, user);
    let subject = format!("presence:{account}:{}", device.0);
    let interval_ms = app.config.presence_ttl_ms / NOTES_PER_TTL;
    if app.own_state.count_use(&subject, interval_ms, now_ms).await.is_ok_and(|uses| uses.count > 1) {
        return;
    }
    write(app, &account, device, now_ms).await;
}

/// Notes that someone logs in on a device now.
pub(super) async fn note_login(app: &App, tenant: &AppId, user: UserId, device: DeviceSn) {
    write(app, &account(tenant, user), device, app.clock.now_ms()).await;
}

async fn write(app: &App, account: &str, device: DeviceSn, now_ms: i64) {
    let until_ms = now_ms.saturating_add(app.config.presence_ttl_ms);
    if let Err(error) = app.state.note_presence(account, device.0, until_ms, now_ms).await {
        log::warn!("presence was not noted: {error}");
    }
}

/// Notes that nobody uses a device any more, or none of them.
pub(super) async fn end(app: &App, tenant: &AppId, user: UserId, device: Option<DeviceSn>) {
    if let Err(error) = app.state.end_presence(&account(tenant, user), device.map(|device| device.0)).await {
        log::warn!("the end of a presence was not noted: {error}");
    }
}

/// Whether the caller's account is used on any device.
///
/// # Errors
/// [`Error::Unavailable`] without the shared state.
pub async fn is_online(app: &App, caller: &Caller) -> Result<bool, Error> {
    Ok(app.state.is_present(&account(caller.app(), caller.user()), app.clock.now_ms()).await?)
}

fn account(tenant: &AppId, user: UserId) -> String {
    format!("{tenant}:{user}")
}
