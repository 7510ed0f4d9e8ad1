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

use super::{Caller, Error, Operator, lookups};
use crate::{
    clock::Now,
    gateway::Gateway,
    model::{DeviceSn, TenantId, UserId},
    sockets::Identity,
    state::{PresenceNote, Sign, State as _, StateError},
    store::{StoreError, online_accounts},
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

/// What is noted at most once per interval: that a device of a user is in use, and why.
type Use = (UserId, DeviceSn, Sign);

/// Notes a request of a device, at most once per interval. Does nothing for a device with an open socket, whose
/// presence is noted anyway.
pub(super) async fn note_request(gateway: &Gateway, tenant: &TenantId, user: UserId, device: DeviceSn, now: Now) {
    let noted = (user, device, Sign::Request);
    if !gateway.sockets.has_device(user, device) && is_due(gateway, noted, now) {
        // Boxed, since few requests come here: the futures of all would have room for it.
        Box::pin(note(gateway, &[(tenant, noted)])).await;
    }
}

/// Notes a login on a device.
pub(super) async fn note_login(gateway: &Gateway, tenant: &TenantId, user: UserId, device: DeviceSn) {
    note(gateway, &[(tenant, (user, device, Sign::Request))]).await;
}

/// Notes devices with open sockets, each at most once per interval.
pub(super) async fn note_sockets(gateway: &Gateway, open: &[Identity]) {
    let uses = open.iter().map(|identity| (&identity.tenant_id, (identity.user, identity.device, Sign::Socket)));
    let now = gateway.clock.now();
    let due: Vec<_> = uses.filter(|(_, noted)| is_due(gateway, *noted, now)).collect();
    for batch in due.chunks(BATCH) {
        note(gateway, batch).await;
    }
}

/// The pause between two checks of which sockets' presence is due to be renewed.
pub(super) const fn renewal_interval_ms(gateway: &Gateway) -> i64 {
    gateway.config.presence_ttl_ms / NOTES_PER_TTL / 4
}

/// Whether a use has not been noted in this interval yet. The caller notes it then.
fn is_due(gateway: &Gateway, noted: Use, now: Now) -> bool {
    gateway.noted_uses.put_new(noted, (), gateway.config.presence_ttl_ms / NOTES_PER_TTL, now)
}

async fn note(gateway: &Gateway, uses: &[(&TenantId, Use)]) {
    let (ttl_ms, now) = (gateway.config.presence_ttl_ms, gateway.clock.now());
    let to_note = |(tenant, (user, device, sign)): &(&TenantId, Use)| PresenceNote {
        account: account(tenant, *user),
        device: device.0,
        sign: *sign,
    };
    let notes: Vec<PresenceNote> = uses.iter().map(to_note).collect();
    log_failure(gateway.own_state.note_presence(&notes, ttl_ms, now).await);
    let outcome = gateway.state.note_presence(&notes, ttl_ms, now).await;
    for (_, (user, _, _)) in uses {
        gateway.seen_online.forget(user);
    }
    gateway.is_presence_lost.store(outcome.is_err(), Ordering::Relaxed);
    if outcome.is_err() {
        for (_, (user, device, _)) in uses {
            // The next request or heartbeat tries again.
            make_due(gateway, *user, *device);
        }
    }
    log_failure(outcome);
    note_online(gateway, uses).await;
}

/// Notes in the database that accounts are online whose tenants want to hear of it.
async fn note_online(gateway: &Gateway, uses: &[(&TenantId, Use)]) {
    let mut online = BTreeSet::new();
    for (tenant, (user, _, _)) in uses {
        if hears_of_presence(gateway, tenant).await {
            online.insert(*user);
        }
    }
    if online.is_empty() {
        return;
    }
    let until_ms = gateway.clock.now_ms().saturating_add(gateway.config.presence_ttl_ms);
    let online: Vec<UserId> = online.into_iter().collect();
    log_unnoted(gateway.db.write(move |conn| online_accounts::note(conn, &online, until_ms)).await);
}

/// Notes in the database that an account is not online, if none of its devices is in use any more.
async fn note_offline(gateway: &Gateway, tenant: &TenantId, user: UserId) {
    if !hears_of_presence(gateway, tenant).await {
        return;
    }
    // What only this node knows is not enough; the note then expires.
    let known = of(gateway, tenant, user).await;
    if known.is_ok_and(|presence| !presence.is_degraded && !presence.is_online()) {
        log_unnoted(gateway.db.write(move |conn| online_accounts::delete(conn, user)).await);
    }
}

/// Notes in the database which accounts have not been in use for a while.
pub(super) async fn note_expired(gateway: &Gateway) {
    let now_ms = gateway.clock.now_ms();
    loop {
        match gateway.db.read(move |conn| online_accounts::has_expired(conn, now_ms)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return log_unnoted(Err(error)),
        }
        if let Err(error) = gateway.db.write(move |conn| online_accounts::delete_expired(conn, now_ms)).await {
            return log_unnoted(Err(error));
        }
    }
}

async fn hears_of_presence(gateway: &Gateway, tenant: &TenantId) -> bool {
    lookups::tenant(gateway, tenant).await.is_ok_and(|tenant| tenant.subscriptions.hears_of_presence)
}

fn log_unnoted(outcome: Result<(), StoreError>) {
    if let Err(error) = outcome {
        log::debug!("presence was not noted for webhooks: {error}");
    }
}

/// Makes a device due, so that its next request or heartbeat is noted even within the same interval.
fn make_due(gateway: &Gateway, user: UserId, device: DeviceSn) {
    for sign in [Sign::Request, Sign::Socket] {
        gateway.noted_uses.forget(&(user, device, sign));
    }
}

/// Notes that a device, or every device of the account, is no longer in use.
pub(super) async fn end(gateway: &Gateway, tenant: &TenantId, user: UserId, device: Option<DeviceSn>) {
    if let Some(device) = device {
        make_due(gateway, user, device);
    }
    let (account, device) = (account(tenant, user), device.map(|device| device.0));
    log_failure(gateway.state.end_presence(&account, device).await);
    log_failure(gateway.own_state.end_presence(&account, device).await);
    gateway.seen_online.forget(&user);
    note_offline(gateway, tenant, user).await;
}

/// Notes that a socket was closed. Its device is no longer in use, unless it has another socket on this or another
/// node.
pub(super) async fn end_socket(gateway: &Gateway, identity: &Identity) {
    if gateway.sockets.has_device(identity.user, identity.device) {
        return;
    }
    make_due(gateway, identity.user, identity.device);
    let (account, device) = (account(&identity.tenant_id, identity.user), identity.device.0);
    log_failure(gateway.state.end_socket_presence(&account, device).await);
    log_failure(gateway.own_state.end_socket_presence(&account, device).await);
    gateway.seen_online.forget(&identity.user);
    note_offline(gateway, &identity.tenant_id, identity.user).await;
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

/// Whether an account is online, or was a moment ago.
///
/// # Errors
/// As [`get`].
pub(super) async fn is_online_lately(gateway: &Gateway, tenant: &TenantId, user: UserId) -> Result<bool, Error> {
    const MOMENT_MS: i64 = 1000;
    let now = gateway.clock.now();
    if let Some(seen) = gateway.seen_online.get(&user, now) {
        return Ok(seen);
    }
    let is_online = of(gateway, tenant, user).await?.is_online();
    gateway.seen_online.put(user, is_online, MOMENT_MS, now);
    Ok(is_online)
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
