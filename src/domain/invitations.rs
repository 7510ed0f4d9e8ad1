//! Invitations: a new account names the code of whoever invited it, and both get coins if the app pays for it.

use super::{
    Anonymous, Caller, Error,
    audit::Action,
    lookups,
    unit_of_work::{UnitOfWork, as_caller},
};
use crate::{
    gateway::Gateway,
    model::{AccountStatus, Cents, CoinChange, Invalid, InvitationCode, Mobile, Problem, Rewards, TenantId, UserId},
    secret::{KeyPurpose, hex},
    store::{Conn, coins, invitations, users},
};

/// The kind of a ledger's row for an invitation (behaviour.md §4).
const INVITATION: i16 = 9;

/// Chooses the caller's code.
///
/// # Errors
/// [`Error::NameTaken`] if it is another account's.
pub async fn set_code(gateway: &Gateway, caller: &Caller, code: InvitationCode) -> Result<(), Error> {
    if code.user().is_some_and(|user| user != caller.user()) {
        return Err(Error::NameTaken);
    }
    as_caller(gateway, caller, Action::routine("invitation.set_code"), move |tx| {
        users::set_invitation_code(tx.conn, tx.user, &code).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// How many accounts a user has invited, and how many the app pays for.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Today.
    pub today: i64,
    /// In all.
    pub total: i64,
    /// What the app pays.
    pub rewards: Rewards,
}

/// How many accounts the caller has invited.
pub async fn progress(gateway: &Gateway, caller: &Caller) -> Result<Progress, Error> {
    let rewards = lookups::tenant(gateway, caller.tenant_id()).await?.rewards;
    let (user, day) = (caller.user(), gateway.calendar.day(gateway.clock.now_ms()));
    let (today, total) = gateway.db.read(move |conn| invitations::count(conn, user, day)).await?;
    Ok(Progress { today, total, rewards })
}

/// Who invites a new account, and what is paid for that.
#[derive(Clone, Debug)]
pub(super) struct Invitation {
    inviter: UserId,
    rewards: Rewards,
    day: i32,
    number_mac: String,
}

impl Invitation {
    /// The invitation of an account with that number, today.
    pub(super) fn new(gateway: &Gateway, anonymous: &Anonymous, inviter: UserId, number: &Mobile) -> Self {
        let message = format!("{}\n{}", anonymous.tenant_id(), number.as_str());
        Self {
            inviter,
            rewards: anonymous.tenant().rewards,
            day: gateway.calendar.day(gateway.clock.now_ms()),
            number_mac: hex(&gateway.secret.mac(KeyPurpose::InvitedNumber, message.as_bytes())),
        }
    }
}

/// The account whose code it is.
///
/// # Errors
/// [`Error::Invalid`] if it is nobody's.
pub(super) async fn find_inviter(gateway: &Gateway, tenant: &TenantId, code: InvitationCode) -> Result<UserId, Error> {
    let tenant = tenant.clone();
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        let chosen = users::find_by_invitation_code(conn, &tenant, &code)?;
        let Some(user) = chosen.or_else(|| code.user()) else { return Ok(None) };
        Ok(users::exists(conn, &tenant, user)?.then_some(user))
    };
    let unknown = Invalid::new("invitationCode", Problem::Unknown);
    Ok(gateway.db.read(find).await?.ok_or(unknown)?)
}

/// Notes that a new account was invited, and pays for it. Nobody is paid beyond the number that the app pays for a day,
/// and for a number that an invited account had before.
pub(super) fn accept(tx: &mut UnitOfWork<'_>, invitation: &Invitation, new: UserId) -> Result<(), Error> {
    let Invitation { inviter, rewards, day, number_mac } = invitation;
    let (inviter, day) = (*inviter, *day);
    let account = users::lock(tx.conn, tx.tenant, inviter)?;
    if account.is_none_or(|account| account.status != AccountStatus::Active) {
        return Ok(());
    }
    let (today, _) = invitations::count(tx.conn, inviter, day)?;
    let is_new_number = !invitations::has_number(tx.conn, number_mac)?;
    tx.at_end([invitations::insert(new, inviter, number_mac, day, tx.now_ms)]);
    if is_new_number && today < rewards.invitations_per_day.into() {
        let key = format!("invitation:{new}");
        pay(tx.conn, inviter, INVITATION, rewards.inviter, &key, tx.now_ms)?;
        pay(tx.conn, new, INVITATION, rewards.invitee, &key, tx.now_ms)?;
    }
    Ok(())
}

/// Pays a reward, unless it is zero, was paid before or would exceed the highest balance.
pub(super) fn pay(conn: &mut Conn, user: UserId, typ: i16, amount: Cents, key: &str, now_ms: i64) -> Result<(), Error> {
    if amount == Cents(0) || coins::find_by_key(conn, user, key)?.is_some() {
        return Ok(());
    }
    let reason = if typ == INVITATION { "invitation" } else { "first change" };
    let change =
        CoinChange { amount, typ, reason: reason.to_owned(), remark: String::new(), idempotency_key: key.to_owned() };
    coins::change(conn, user, &change, now_ms)?;
    Ok(())
}
