//! What push workers need: where messages reach accounts, and the removal of what push services report as dead.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Error, Operator, audit::Action, unit_of_work::as_operator};
use crate::{
    gateway::Gateway,
    model::{
        Audience, DeadRegistrations, DeviceSn, Listing, PushAccount, PushTarget, PushTargetPage, PushToken, Quiet,
        TargetDevice, TargetRegistration, TenantId, UserId,
    },
    store::{
        Conn, StoreError, devices, notifications, push_profiles, push_tags, push_targets, push_tokens, sessions,
        settings, users,
    },
};

/// The number of accounts that are read at once.
const BATCH: usize = 400;

/// Maximum number of accounts that are read for a page. Few of them have nothing to push to, unless most of an app's
/// clients don't register.
const MAX_ACCOUNTS: usize = 5000;

/// The time of a request, as far as it decides who is reached.
#[derive(Clone, Copy)]
struct Moment {
    now_ms: i64,
    /// Sessions that were last used before have ended.
    idle_since_ms: i64,
    /// The hour of the day in the configured time zone.
    hour: i16,
}

/// A page of the places where push messages reach the audience, by account and device: the devices that are logged in
/// and have a push service's token or an open registration for notifications; and the accounts with a token that is not
/// bound to a device, if they are logged in, or never were. A page with a cursor may be short, also empty, if many
/// accounts are not reached.
///
/// Disabled and deleted accounts are not reached, nor are devices whose notifications are off.
pub async fn list(gateway: &Gateway, operator: &Operator, page: PushTargetPage) -> Result<Listing<PushTarget>, Error> {
    let (tenant, now_ms) = (operator.tenant_id().clone(), gateway.clock.now_ms());
    let idle_since_ms = now_ms.saturating_sub(gateway.config.session_max_idle_ms);
    let moment = Moment { now_ms, idle_since_ms, hour: gateway.calendar.hour(now_ms) };
    Ok(gateway.db.read(move |conn| find(conn, &tenant, &page, moment)).await?)
}

fn find(
    conn: &mut Conn,
    tenant: &TenantId,
    page: &PushTargetPage,
    moment: Moment,
) -> Result<Listing<PushTarget>, StoreError> {
    let listed = listed(conn, tenant, &page.audience)?;
    let (mut items, mut from, mut accounts_read) = (Vec::new(), page.first_user(), 0);
    loop {
        let limit = if accounts_read == 0 { page.size().saturating_add(1).min(BATCH) } else { BATCH };
        let candidates = candidates(conn, tenant, &page.audience, listed.as_ref(), from, limit)?;
        let Some(last) = candidates.last().copied() else { return Ok(Listing { items, next: None }) };
        let is_end = candidates.len() < limit;
        accounts_read += candidates.len();
        from = last.get().saturating_add(1);
        let meant = with_tags(conn, &page.audience, candidates)?;
        let found = targets_of(conn, tenant, &meant, moment)?;
        items.extend(found.into_iter().filter(|target| page.is_after_cursor(target)));
        if let Some(full) = page.filled_by(&mut items) {
            return Ok(full);
        }
        if is_end {
            return Ok(Listing { items, next: None });
        }
        if accounts_read >= MAX_ACCOUNTS {
            return Ok(Listing { items, next: Some(PushTarget::end_of(last)) });
        }
    }
}

/// The accounts that are listed by number or alias; `None` without such a condition.
fn listed(conn: &mut Conn, tenant: &TenantId, audience: &Audience) -> Result<Option<BTreeSet<UserId>>, StoreError> {
    let owners = match audience.aliases() {
        Some(aliases) => Some(push_profiles::list_owners(conn, tenant, aliases)?),
        None => None,
    };
    Ok(match (audience.users(), owners) {
        (Some(users), Some(owners)) => Some(users.intersection(&owners).copied().collect()),
        (None, Some(owners)) => Some(owners),
        (users, None) => users.cloned(),
    })
}

/// Up to `limit` accounts, from `from` on and in order, among which are all that are meant.
fn candidates(
    conn: &mut Conn,
    tenant: &TenantId,
    audience: &Audience,
    listed: Option<&BTreeSet<UserId>>,
    from: i64,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    let leading = audience.tags().leading();
    match listed {
        Some(listed) => Ok(listed.range(UserId::stored(from)..).take(limit).copied().collect()),
        None if leading.is_empty() => push_targets::list_everyone(conn, tenant, from, limit),
        None => push_targets::list_tagged(conn, tenant, &leading, from, limit),
    }
}

/// Those of the accounts that meet the condition on tags.
fn with_tags(conn: &mut Conn, audience: &Audience, accounts: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
    let condition = audience.tags();
    if condition.is_empty() {
        return Ok(accounts);
    }
    let had = push_tags::list_of_all(conn, &accounts, &condition.named())?;
    let none = HashSet::new();
    Ok(accounts.into_iter().filter(|id| condition.is_met_by(had.get(id).unwrap_or(&none))).collect())
}

/// Where messages reach the accounts, in order.
fn targets_of(
    conn: &mut Conn,
    tenant: &TenantId,
    ids: &[UserId],
    moment: Moment,
) -> Result<Vec<PushTarget>, StoreError> {
    let accounts = push_targets::list_accounts(conn, tenant, ids)?;
    let ids: Vec<UserId> = accounts.iter().map(|account| account.user).collect();
    let logged_in = sessions::list_devices_of_all(conn, &ids, moment.idle_since_ms, moment.now_ms)?;
    let mut of_accounts = account_tokens(conn, tenant, &accounts, &logged_in)?;
    let mut of_devices = HashMap::<UserId, Vec<Reached>>::new();
    for (user, reached) in reached_devices(conn, &logged_in)? {
        of_devices.entry(user).or_default().push(reached);
    }
    let mut targets = Vec::new();
    for account in accounts {
        let unbound = of_accounts.remove(&account.user).map(|token| target(&account, moment, Some(token), None));
        let devices = of_devices.remove(&account.user).unwrap_or_default().into_iter();
        targets.extend(unbound.into_iter().chain(devices.map(|device| target(&account, moment, None, Some(device)))));
    }
    Ok(targets)
}

/// A device that messages reach.
struct Reached {
    device: TargetDevice,
    token: Option<PushToken>,
    registration: Option<TargetRegistration>,
}

/// Those of the devices that have a token or a registration with an id, and whose notifications are not off; by account
/// and device.
fn reached_devices(
    conn: &mut Conn,
    logged_in: &HashSet<(UserId, DeviceSn)>,
) -> Result<Vec<(UserId, Reached)>, StoreError> {
    let users: Vec<UserId> = logged_in.iter().map(|(user, _)| *user).collect::<BTreeSet<_>>().into_iter().collect();
    let mut tokens = push_tokens::list_of_all(conn, &users)?;
    let mut registrations = notifications::list_of_all(conn, &users)?;
    let with_any = tokens.keys().map(|(user, _)| *user).chain(registrations.keys().map(|(user, _)| *user));
    let with_any: Vec<UserId> = with_any.collect::<BTreeSet<_>>().into_iter().collect();
    let mut reached = Vec::new();
    for (user, device) in devices::list_targets(conn, &with_any)? {
        if !logged_in.contains(&(user, device.sn)) {
            continue;
        }
        let token = tokens.remove(&(user, device.sn));
        let registration = device.key.clone().and_then(|key| registrations.remove(&(user, key)));
        let is_off = registration.as_ref().is_some_and(|registration| !registration.is_open);
        let registration = registration.filter(|registration| !registration.id.is_empty());
        if !is_off && (token.is_some() || registration.is_some()) {
            reached.push((user, Reached { device, token, registration }));
        }
    }
    Ok(reached)
}

/// Where a message to the account goes: a token of its own, or a device.
fn target(account: &PushAccount, moment: Moment, own_token: Option<String>, reached: Option<Reached>) -> PushTarget {
    let (device, token, registration) = match reached {
        Some(Reached { device, token, registration }) => (Some(device), token, registration),
        None => (None, None, None),
    };
    let (device_token, notifier_name) = token.map(|token| (token.device_token, token.notifier_name)).unzip();
    PushTarget {
        user: account.user,
        device,
        device_token: own_token.or(device_token),
        notifier_name,
        registration,
        badge: account.badge,
        nickname: shown_name(account),
        quiet: Quiet::of(&account.settings, moment.hour),
    }
}

/// The name that messages show: the one for them, if it is set.
fn shown_name(account: &PushAccount) -> String {
    let own = account.settings.push_nick_name.as_ref().filter(|name| !name.is_empty());
    own.unwrap_or(&account.nickname).clone()
}

/// The tokens of accounts that are bound to no device. A token that is bound to one reaches that device only, which may
/// not be logged in, or not be the account's. The token of an account whose sessions have all ended is the token of a
/// client that is logged out.
fn account_tokens(
    conn: &mut Conn,
    tenant: &TenantId,
    accounts: &[PushAccount],
    logged_in: &HashSet<(UserId, DeviceSn)>,
) -> Result<HashMap<UserId, String>, StoreError> {
    let token = |account: &PushAccount| account.settings.push_token.clone().filter(|token| !token.is_empty());
    let with_token: Vec<(&PushAccount, String)> =
        accounts.iter().filter_map(|account| Some((account, token(account)?))).collect();
    let logged_in: HashSet<UserId> = logged_in.iter().map(|(user, _)| *user).collect();
    let tokens: Vec<String> = with_token.iter().map(|(_, token)| token.clone()).collect();
    let bound: HashSet<String> =
        push_tokens::list_owners(conn, tenant, &tokens)?.into_iter().map(|(token, _)| token).collect();
    let is_reached = |account: &PushAccount, token: &String| {
        (!account.is_used || logged_in.contains(&account.user)) && !bound.contains(token)
    };
    let reached = with_token.into_iter().filter(|(account, token)| is_reached(account, token));
    Ok(reached.map(|(account, token)| (account.user, token)).collect())
}

/// Removes tokens and ids that push services reported as dead from all accounts of the operator's tenant, and returns
/// how many there were.
pub async fn remove_dead(gateway: &Gateway, operator: &Operator, dead: DeadRegistrations) -> Result<usize, Error> {
    as_operator(gateway, operator, Action::new("push.feedback"), String::new(), move |tx| {
        let (conn, tenant) = (&mut *tx.conn, tx.tenant);
        let DeadRegistrations { device_tokens, registration_ids } = &dead;
        let bound = push_tokens::list_owners(conn, tenant, device_tokens)?;
        let mut owners: BTreeSet<UserId> = bound.into_iter().map(|(_, user)| user).collect();
        owners.extend(settings::list_owners(conn, tenant, device_tokens)?);
        owners.extend(notifications::list_owners(conn, tenant, registration_ids)?);
        users::lock_all(conn, tenant, &owners)?;
        let removed = push_tokens::delete_dead(conn, tenant, device_tokens)?
            + settings::remove_dead_tokens(conn, tenant, device_tokens)?
            + notifications::remove_dead(conn, tenant, registration_ids)?;
        if removed == 0 {
            tx.set_unchanged();
        } else {
            tx.set_target(format!("{removed} registrations"));
        }
        Ok(removed)
    })
    .await
}
