//! Whether users are there: a device is, while it has a socket that is open, and for a while after a request of its own
//! (behaviour.md §4). Losing it harms nobody, so its failures are logged and not told, but to those who ask for it: without
//! the shared state they hear what this node knows.

use std::{collections::HashSet, sync::atomic::Ordering};

use super::{Caller, Error};
use crate::{
    app::App,
    model::{AppId, DeviceSn, UserId},
    sockets::Identity,
    state::{PresenceNote, Sign, State as _, StateError},
};

/// A device is noted so many times within the time that one of them counts.
const NOTES_PER_TTL: i64 = 3;

/// How many notes go out together at the most.
const BATCH: usize = 1000;

/// The devices of an account that are in use.
#[derive(Debug)]
pub struct Presence {
    /// Their numbers.
    pub devices: HashSet<DeviceSn>,
    /// Whether only this node's word counts, because the shared state is gone or takes nothing.
    pub is_degraded: bool,
}

impl Presence {
    /// Whether any of them is in use.
    #[must_use]
    pub fn is_online(&self) -> bool {
        !self.devices.is_empty()
    }
}

/// Notes that a device makes a request now; of many requests a few. Those of a device with a socket tell nothing new.
pub(super) async fn note_request(app: &App, tenant: &AppId, user: UserId, device: DeviceSn) {
    let account = account(tenant, user);
    if !app.sockets.has_device(user, device) && is_due(app, &account, device).await {
        note(app, &[PresenceNote { account, device: device.0, sign: Sign::Request }]).await;
    }
}

/// Notes that someone logs in on a device now.
pub(super) async fn note_login(app: &App, tenant: &AppId, user: UserId, device: DeviceSn) {
    let account = account(tenant, user);
    note(app, &[PresenceNote { account, device: device.0, sign: Sign::Request }]).await;
}

/// Notes that these devices have open sockets, as far as that was not noted lately.
pub(super) async fn note_sockets(app: &App, open: &[Identity]) {
    let mut notes = Vec::new();
    for Identity { app: tenant, user, device, .. } in open {
        let account = account(tenant, *user);
        if is_due(app, &socket_of(&account), *device).await {
            notes.push(PresenceNote { account, device: device.0, sign: Sign::Socket });
        }
    }
    for batch in notes.chunks(BATCH) {
        note(app, batch).await;
    }
}

/// How often it is time to look which sockets are to be noted.
pub(super) const fn check_every_ms(app: &App) -> i64 {
    app.config.presence_ttl_ms / NOTES_PER_TTL / 4
}

/// Whether the device was not noted for a while: at most one note a device and interval.
async fn is_due(app: &App, account: &str, device: DeviceSn) -> bool {
    let interval_ms = app.config.presence_ttl_ms / NOTES_PER_TTL;
    app.own_state
        .count_use(&subject(account, device.0), interval_ms, app.clock.now_ms())
        .await
        .is_ok_and(|uses| uses.count == 1)
}

async fn note(app: &App, notes: &[PresenceNote]) {
    if notes.is_empty() {
        return;
    }
    let now_ms = app.clock.now_ms();
    let until_ms = now_ms.saturating_add(app.config.presence_ttl_ms);
    told(app.own_state.note_presence(notes, until_ms, now_ms).await);
    let outcome = app.state.note_presence(notes, until_ms, now_ms).await;
    app.is_presence_lost.store(outcome.is_err(), Ordering::Relaxed);
    if outcome.is_err() {
        for PresenceNote { account, device, .. } in notes {
            // The next sign of life is worth another try.
            make_due(app, account, *device);
        }
    }
    told(outcome);
}

/// Lets the next sign of life of a device be noted, however soon it comes.
fn make_due(app: &App, account: &str, device: i32) {
    app.own_state.forget_uses(&subject(account, device));
    app.own_state.forget_uses(&subject(&socket_of(account), device));
}

fn subject(account: &str, device: i32) -> String {
    format!("presence:{account}:{device}")
}

/// What the signs of a device's sockets are counted under, apart from those of its requests.
fn socket_of(account: &str) -> String {
    format!("{account}:socket")
}

/// Notes that nobody uses a device any more, or none of them.
pub(super) async fn end(app: &App, tenant: &AppId, user: UserId, device: Option<DeviceSn>) {
    let (account, device) = (account(tenant, user), device.map(|device| device.0));
    if let Some(device) = device {
        make_due(app, &account, device);
    }
    told(app.state.end_presence(&account, device).await);
    told(app.own_state.end_presence(&account, device).await);
}

/// Notes that a socket was closed: its device is not in use any more unless it has another one, here or elsewhere.
pub(super) async fn end_socket(app: &App, identity: &Identity) {
    if app.sockets.has_device(identity.user, identity.device) {
        return;
    }
    let (account, device) = (account(&identity.app, identity.user), identity.device.0);
    make_due(app, &account, device);
    told(app.state.end_socket_presence(&account, device).await);
    told(app.own_state.end_socket_presence(&account, device).await);
}

/// Which devices of the caller's account are in use.
///
/// # Errors
/// When not even this node's memory can be asked.
pub async fn get(app: &App, caller: &Caller) -> Result<Presence, Error> {
    of(app, caller.app(), caller.user()).await
}

/// Which devices of an account are in use.
pub(super) async fn of(app: &App, tenant: &AppId, user: UserId) -> Result<Presence, Error> {
    let (account, now_ms) = (account(tenant, user), app.clock.now_ms());
    let shared = app.state.present_devices(&account, now_ms).await;
    let is_degraded = shared.is_err() || app.is_presence_lost.load(Ordering::Relaxed);
    let mut devices: HashSet<DeviceSn> = shared.unwrap_or_default().into_iter().map(DeviceSn).collect();
    if is_degraded {
        devices.extend(app.own_state.present_devices(&account, now_ms).await?.into_iter().map(DeviceSn));
    }
    devices.extend(app.sockets.devices_of(user));
    Ok(Presence { devices, is_degraded })
}

fn told(outcome: Result<(), StateError>) {
    if let Err(error) = outcome {
        log::debug!("presence was not noted: {error}");
    }
}

fn account(tenant: &AppId, user: UserId) -> String {
    format!("{tenant}:{user}")
}
