//! Whether users are there: a device is, while it has a socket that is open, and for a while after a request of its own
//! (behaviour.md §4). Losing it harms nobody, so its failures are logged and not told, but to those who ask for it: without
//! the shared state they hear what this node knows.

use std::{collections::HashSet, sync::atomic::Ordering};

use super::{Caller, Error};
use crate::{
    gateway::Gateway,
    model::{DeviceSn, TenantId, UserId},
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
pub(super) async fn note_request(gateway: &Gateway, tenant: &TenantId, user: UserId, device: DeviceSn) {
    let account = account(tenant, user);
    if !gateway.sockets.has_device(user, device) && is_due(gateway, &account, device).await {
        note(gateway, &[PresenceNote { account, device: device.0, sign: Sign::Request }]).await;
    }
}

/// Notes that someone logs in on a device now.
pub(super) async fn note_login(gateway: &Gateway, tenant: &TenantId, user: UserId, device: DeviceSn) {
    let account = account(tenant, user);
    note(gateway, &[PresenceNote { account, device: device.0, sign: Sign::Request }]).await;
}

/// Notes that these devices have open sockets, as far as that was not noted lately.
pub(super) async fn note_sockets(gateway: &Gateway, open: &[Identity]) {
    let mut notes = Vec::new();
    for Identity { tenant_id: tenant, user, device, .. } in open {
        let account = account(tenant, *user);
        if is_due(gateway, &socket_of(&account), *device).await {
            notes.push(PresenceNote { account, device: device.0, sign: Sign::Socket });
        }
    }
    for batch in notes.chunks(BATCH) {
        note(gateway, batch).await;
    }
}

/// How often the presence of sockets is renewed, as far as it is due.
pub(super) const fn renewal_interval_ms(gateway: &Gateway) -> i64 {
    gateway.config.presence_ttl_ms / NOTES_PER_TTL / 4
}

/// Whether the device was not noted for a while: at most one note a device and interval.
async fn is_due(gateway: &Gateway, account: &str, device: DeviceSn) -> bool {
    let interval_ms = gateway.config.presence_ttl_ms / NOTES_PER_TTL;
    gateway
        .own_state
        .count_use(&subject(account, device.0), interval_ms, gateway.clock.now_ms())
        .await
        .is_ok_and(|uses| uses.count == 1)
}

async fn note(gateway: &Gateway, notes: &[PresenceNote]) {
    if notes.is_empty() {
        return;
    }
    let now_ms = gateway.clock.now_ms();
    let until_ms = now_ms.saturating_add(gateway.config.presence_ttl_ms);
    told(gateway.own_state.note_presence(notes, until_ms, now_ms).await);
    let outcome = gateway.state.note_presence(notes, until_ms, now_ms).await;
    gateway.is_presence_lost.store(outcome.is_err(), Ordering::Relaxed);
    if outcome.is_err() {
        for PresenceNote { account, device, .. } in notes {
            // The next sign of life is worth another try.
            make_due(gateway, account, *device);
        }
    }
    told(outcome);
}

/// Lets the next sign of life of a device be noted, however soon it comes.
fn make_due(gateway: &Gateway, account: &str, device: i32) {
    gateway.own_state.forget_uses(&subject(account, device));
    gateway.own_state.forget_uses(&subject(&socket_of(account), device));
}

fn subject(account: &str, device: i32) -> String {
    format!("presence:{account}:{device}")
}

/// What the signs of a device's sockets are counted under, apart from those of its requests.
fn socket_of(account: &str) -> String {
    format!("{account}:socket")
}

/// Notes that nobody uses a device any more, or none of them.
pub(super) async fn end(gateway: &Gateway, tenant: &TenantId, user: UserId, device: Option<DeviceSn>) {
    let (account, device) = (account(tenant, user), device.map(|device| device.0));
    if let Some(device) = device {
        make_due(gateway, &account, device);
    }
    told(gateway.state.end_presence(&account, device).await);
    told(gateway.own_state.end_presence(&account, device).await);
}

/// Notes that a socket was closed: its device is not in use any more unless it has another one, here or elsewhere.
pub(super) async fn end_socket(gateway: &Gateway, identity: &Identity) {
    if gateway.sockets.has_device(identity.user, identity.device) {
        return;
    }
    let (account, device) = (account(&identity.tenant_id, identity.user), identity.device.0);
    make_due(gateway, &account, device);
    told(gateway.state.end_socket_presence(&account, device).await);
    told(gateway.own_state.end_socket_presence(&account, device).await);
}

/// Which devices of the caller's account are in use.
///
/// # Errors
/// When not even this node's memory can be asked.
pub async fn get(gateway: &Gateway, caller: &Caller) -> Result<Presence, Error> {
    of(gateway, caller.tenant_id(), caller.user()).await
}

/// Which devices of an account are in use.
pub(super) async fn of(gateway: &Gateway, tenant: &TenantId, user: UserId) -> Result<Presence, Error> {
    let (account, now_ms) = (account(tenant, user), gateway.clock.now_ms());
    let shared = gateway.state.present_devices(&account, now_ms).await;
    let is_degraded = shared.is_err() || gateway.is_presence_lost.load(Ordering::Relaxed);
    let mut devices: HashSet<DeviceSn> = shared.unwrap_or_default().into_iter().map(DeviceSn).collect();
    if is_degraded {
        devices.extend(gateway.own_state.present_devices(&account, now_ms).await?.into_iter().map(DeviceSn));
    }
    devices.extend(gateway.sockets.devices_of(user));
    Ok(Presence { devices, is_degraded })
}

fn told(outcome: Result<(), StateError>) {
    if let Err(error) = outcome {
        log::debug!("presence was not noted: {error}");
    }
}

fn account(tenant: &TenantId, user: UserId) -> String {
    format!("{tenant}:{user}")
}
