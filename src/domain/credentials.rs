//! Passwords as their owners set them.

use super::{
    Anonymous, Caller, Error,
    access::{self, Actor},
    audit::AuditContext,
    limits::{self, LoginAttempt, LoginTarget},
    passwords::{self, Verdict},
    presence, sessions, verification,
};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, EmailAddress, EndReason, Password, SessionId, User},
    state::LoginEnd,
    store::{self, users},
};

/// Sets another password for whoever reads the mail of `address`, and ends all of the account's sessions.
///
/// # Errors
/// [`Error::PasswordCommon`], [`Error::CodeWrong`], [`Error::PasswordIsName`]; after the right code
/// [`Error::AccountDisabled`].
pub async fn reset_password(
    gateway: &Gateway,
    anonymous: &Anonymous,
    address: EmailAddress,
    code: &Code,
    password: &Password,
) -> Result<(), Error> {
    if passwords::is_common(password) {
        return Err(Error::PasswordCommon);
    }
    limits::count_code_try(gateway, anonymous).await?;
    let (tenant, contact) = (anonymous.tenant_id(), Contact::Email(address));
    // A password that is refused leaves the code valid; what is wrong with it is told to the owner only.
    verification::check(gateway, tenant, &contact, code, &[CodePurpose::PasswordReset]).await?;
    let (name, wanted) = (tenant.clone(), contact.clone());
    let found = gateway.db.read(move |conn| users::find_by_contact(conn, &name, &wanted)).await?;
    let user = found.ok_or(Error::CodeWrong)?;
    sessions::may_log_in(user.status)?;
    if is_own_name(&user, password) {
        return Err(Error::PasswordIsName);
    }
    verification::redeem(gateway, tenant, &contact, code, &[CodePurpose::PasswordReset]).await?;
    verification::void_codes(gateway, tenant, &user.contacts()).await?;
    let hash = passwords::hash_in_turn(gateway, password).await?;
    let (audit, now_ms, id) = (AuditContext::of_anonymous(gateway, anonymous), gateway.clock.now_ms(), user.id);
    let name = tenant.clone();
    gateway
        .db
        .write::<(), Error>(move |conn| {
            users::lock(conn, id)?;
            // Bound elsewhere or disabled while the password was hashed.
            let owner = users::find_by_contact(conn, &name, &contact)?.filter(|owner| owner.id == id);
            sessions::may_log_in(owner.ok_or(Error::CodeWrong)?.status)?;
            users::set_password_hash(conn, id, &hash)?;
            store::sessions::end_all_of(conn, &[id], EndReason::PasswordChanged, now_ms)?;
            audit.done(conn, "account.reset_password", &id.to_string())?;
            Ok(())
        })
        .await?;
    presence::end(gateway, anonymous.tenant_id(), id, None).await;
    Ok(())
}

/// Sets the caller's password to another one. `old` must be the one in force: an account without one gets its first by
/// [`reset_password`]. All other sessions end.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong ones; [`Error::Busy`].
pub async fn change_password(
    gateway: &Gateway,
    caller: &Caller,
    old: &Password,
    password: &Password,
) -> Result<(), Error> {
    let confirmed = confirm(gateway, caller, old).await?;
    let kept = match caller.actor() {
        Actor::User { session, .. } => Some(session),
        Actor::Admin(_) => None,
    };
    set_password_of(gateway, caller, password, confirmed, kept).await
}

/// Sets the password of the account that an admin acts as; all of its sessions end.
pub async fn set_password(gateway: &Gateway, caller: &Caller, password: &Password) -> Result<(), Error> {
    set_password_of(gateway, caller, password, Confirmed::Needless, None).await
}

/// What the new password takes the place of.
pub(super) enum Confirmed {
    /// This hash; if there is another by now, someone else was quicker.
    Hash(Option<String>),
    /// Whatever there is.
    Needless,
}

async fn set_password_of(
    gateway: &Gateway,
    caller: &Caller,
    password: &Password,
    confirmed: Confirmed,
    kept: Option<SessionId>,
) -> Result<(), Error> {
    let hash = passwords::hash(gateway, password).await?;
    let (tenant, id) = (caller.tenant_id().clone(), caller.user());
    let (audit, now_ms, holder) = (AuditContext::of_caller(gateway, caller), gateway.clock.now_ms(), caller.clone());
    let (contacts, ended_on) = gateway
        .db
        .write(move |conn| {
            access::lock_and_recheck(conn, &holder)?;
            let user = users::find(conn, &tenant, id)?.ok_or(Error::UserNotFound)?;
            let current = users::lock_credentials(conn, id)?.ok_or(Error::UserNotFound)?;
            if matches!(&confirmed, Confirmed::Hash(hash) if *hash != current.password_hash) {
                return Err(Error::Busy);
            }
            users::set_password_hash(conn, id, &hash)?;
            let ended_on = store::sessions::end_on(conn, id, None, kept, EndReason::PasswordChanged, now_ms)?;
            audit.done(conn, "account.set_password", &id.to_string())?;
            Ok((user.contacts(), ended_on))
        })
        .await?;
    for device in ended_on {
        presence::end(gateway, caller.tenant_id(), id, Some(device)).await;
    }
    if let Err(error) = verification::void_codes(gateway, caller.tenant_id(), &contacts).await {
        log::warn!("codes stay valid until they expire: {error}");
    }
    Ok(())
}

/// Makes sure that `password` is the caller's. An account without one can confirm nothing.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong ones.
pub(super) async fn confirm(gateway: &Gateway, caller: &Caller, password: &Password) -> Result<Confirmed, Error> {
    let id = caller.user();
    let found = gateway.db.read(move |conn| users::find_password_hash(conn, id)).await?;
    let Some(stored) = &found else { return Err(Error::PasswordWrong) };
    let attempt =
        match LoginAttempt::begin(gateway, caller.tenant_id(), caller.origin(), LoginTarget::Account(id)).await {
            // A client that is told that its login failed would log in again.
            Err(Error::LoginLocked { wait_secs }) => return Err(Error::TooManyRequests { wait_secs }),
            begun => begun?,
        };
    let verdict = passwords::verify(gateway, password, Some(stored.clone())).await;
    let end = match &verdict {
        Ok(Verdict::Right | Verdict::RightButOutdated) => LoginEnd::Right,
        Ok(Verdict::Wrong) => LoginEnd::Wrong,
        Err(_) => LoginEnd::Cancelled,
    };
    attempt.end(gateway, end).await;
    match verdict? {
        Verdict::Right | Verdict::RightButOutdated => Ok(Confirmed::Hash(found)),
        Verdict::Wrong => Err(Error::PasswordWrong),
    }
}

/// Whether the password is what everybody can read of the account (security.md 4).
fn is_own_name(user: &User, password: &Password) -> bool {
    let email = user.email.as_deref().unwrap_or_default();
    let before_at = email.split('@').next().unwrap_or_default();
    let names = [user.username.as_deref(), Some(&user.nickname), user.mobile.as_deref(), Some(email), Some(before_at)];
    names.into_iter().flatten().any(|name| password.is_name(name))
}
