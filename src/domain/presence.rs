//! Presence: which devices of an account are in use. A device is in use while it has an open socket, and for a while
//! after each of its requests (behaviour.md §4).
//!
//! Presence may be lost without harm, so a failure to write it is only logged. A read without the shared state falls
//! back to what this node knows, and is marked as degraded.

use std::{
    collections::{BTreeSet, HashSet},
    sync::atomic::Ordering,
};

use futures_util::future;

use super::{Caller, Error, Operator};
use crate::{
    gateway::Gateway,
    model::{DeviceSn, TenantId, UserId},
    sockets::Identity,
    state::{PresenceNote, Sign, State as _, StateError},
};

/// How many times a device in use is noted within the lifetime of one note.
const NOTES_PER_TTL: i64 = 3;

/// Maximum number of notes that are written together.
const BATCH: usize = 1000;

/// The devices of an account that are in use.
#[derive(Debug)]
pub struct Presence {
    /// The numbers of the devices.
    pub devices: HashSet<DeviceSn>,
    /// Whether the result is this node's knowledge only, because the shared state can't be read or written.
    pub is_degraded: bool,
}

impl Presence {
    /// Whether any device is in use.
    #[must_use]
    pub fn is_online(&self) -> bool {
        !self.devices.is_empty()
    }
}

/// Notes a request of a device, at most once per interval. Does nothing for a device with an open socket, whose
/// presence is noted anyway.
pub(super) async fn note_request(gateway: &Gateway, tenant: &TenantId, user: UserId, device: DeviceSn) {
    let account = account(tenant, user);
    if !gateway.sockets.has_device(user, device) && is_due(gateway, &account, device).await {
        note(gateway, &[PresenceNote { account, device: device.0, sign: Sign::Request }]).await;
    }
}

/// Notes a login on a device.
pub(super) async fn note_login(gateway: &Gateway, tenant: &TenantId, user: UserId, device: DeviceSn) {
    let account = account(tenant, user);
    note(gateway, &[PresenceNote { account, device: device.0, sign: Sign::Request }]).await;
}

/// Notes devices with open sockets, each at most once per interval.
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

/// The pause between two checks of which sockets' presence is due to be renewed.
pub(super) const fn renewal_interval_ms(gateway: &Gateway) -> i64 {
    gateway.config.presence_ttl_ms / NOTES_PER_TTL / 4
}

/// Whether the device has not been noted in this interval yet.
async fn is_due(gateway: &Gateway, account: &str, device: DeviceSn) -> bool {
    let interval_ms = gateway.config.presence_ttl_ms / NOTES_PER_TTL;
    gateway
        .own_state
        .count_use(&subject(account, device.0), interval_ms, gateway.clock.now())
        .await
        .is_ok_and(|uses| uses.count == 1)
}

async fn note(gateway: &Gateway, notes: &[PresenceNote]) {
    if notes.is_empty() {
        return;
    }
    let (ttl_ms, now) = (gateway.config.presence_ttl_ms, gateway.clock.now());
    log_failure(gateway.own_state.note_presence(notes, ttl_ms, now).await);
    let outcome = gateway.state.note_presence(notes, ttl_ms, now).await;
    gateway.is_presence_lost.store(outcome.is_err(), Ordering::Relaxed);
    if outcome.is_err() {
        for PresenceNote { account, device, .. } in notes {
            // The next request or heartbeat tries again.
            make_due(gateway, account, *device);
        }
    }
    log_failure(outcome);
}

/// Makes a device due, so that its next request or heartbeat is noted even within the same interval.
fn make_due(gateway: &Gateway, account: &str, device: i32) {
    gateway.own_state.forget_uses(&subject(account, device));
    gateway.own_state.forget_uses(&subject(&socket_of(account), device));
}

fn subject(account: &str, device: i32) -> String {
    format!("presence:{account}:{device}")
}

/// The key under which notes for a device's sockets are counted, separate from those for its requests.
fn socket_of(account: &str) -> String {
    format!("{account}:socket")
}

/// Notes that a device, or every device of the account, is no longer in use.
pub(super) async fn end(gateway: &Gateway, tenant: &TenantId, user: UserId, device: Option<DeviceSn>) {
    let (account, device) = (account(tenant, user), device.map(|device| device.0));
    if let Some(device) = device {
        make_due(gateway, &account, device);
    }
    log_failure(gateway.state.end_presence(&account, device).await);
    log_failure(gateway.own_state.end_presence(&account, device).await);
}

/// Notes that a socket was closed. Its device is no longer in use, unless it has another socket on this or another
/// node.
pub(super) async fn end_socket(gateway: &Gateway, identity: &Identity) {
    if gateway.sockets.has_device(identity.user, identity.device) {
        return;
    }
    let (account, device) = (account(&identity.tenant_id, identity.user), identity.device.0);
    make_due(gateway, &account, device);
    log_failure(gateway.state.end_socket_presence(&account, device).await);
    log_failure(gateway.own_state.end_socket_presence(&account, device).await);
}

/// Which devices of the caller's account are in use.
///
/// # Errors
/// None while the shared state is unavailable; the result is degraded instead.
pub async fn get(gateway: &Gateway, caller: &Caller) -> Result<Presence, Error> {
    of(gateway, caller.tenant_id(), caller.user()).await
}

/// Which of these users of the operator's tenant have a device in use.
///
/// # Errors
/// None while the shared state is unavailable; the result is degraded instead.
pub async fn online(gateway: &Gateway, operator: &Operator, users: Vec<UserId>) -> Result<BTreeSet<UserId>, Error> {
    let all = future::try_join_all(users.iter().map(|user| of(gateway, operator.tenant_id(), *user))).await?;
    Ok(users.into_iter().zip(all).filter(|(_, presence)| presence.is_online()).map(|(user, _)| user).collect())
}

/// Which devices of an account are in use.
pub(super) async fn of(gateway: &Gateway, tenant: &TenantId, user: UserId) -> Result<Presence, Error> {
    let (account, ttl_ms, now) = (account(tenant, user), gateway.config.presence_ttl_ms, gateway.clock.now());
    let shared = gateway.state.present_devices(&account, ttl_ms, now).await;
    let is_degraded = shared.is_err() || gateway.is_presence_lost.load(Ordering::Relaxed);
    let mut devices: HashSet<DeviceSn> = shared.unwrap_or_default().into_iter().map(DeviceSn).collect();
    if is_degraded {
        devices.extend(gateway.own_state.present_devices(&account, ttl_ms, now).await?.into_iter().map(DeviceSn));
    }
    devices.extend(gateway.sockets.devices_of(user));
    Ok(Presence { devices, is_degraded })
}

fn log_failure(outcome: Result<(), StateError>) {
    if let Err(error) = outcome {
        log::debug!("presence was not noted: {error}");
    }
}

fn account(tenant: &TenantId, user: UserId) -> String {
    format!("{tenant}:{user}")
}
