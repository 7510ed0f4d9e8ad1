//! Setting, changing and resetting passwords.

use super::{
    Anonymous, Caller, Error,
    access::{Actor, require_active},
    audit::Action,
    limits::{self, LoginAttempt, LoginTarget},
    passwords::{self, Verdict},
    presence,
    unit_of_work::{as_anonymous, as_caller},
    verification,
};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, EmailAddress, EndReason, Password, SessionId, User},
    state::OnMatch,
    store::{sessions, users},
};

/// Sets a new password with a code that was sent to `address`, and ends all of the account's sessions.
///
/// # Errors
/// [`Error::PasswordCommon`], [`Error::CodeWrong`]; after the right code [`Error::PasswordIsName`],
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
    // Deployed clients request the code without `typ` and without a token, so login codes are accepted too.
    let purposes = [CodePurpose::PasswordReset, CodePurpose::Login];
    limits::count_code_try(gateway, anonymous).await?;
    let (tenant, contact) = (anonymous.tenant_id(), Contact::Email(address));
    // A refused password leaves the code valid. The code is checked first: only the owner may learn why it is refused.
    verification::try_code(gateway, tenant, &contact, code, &purposes, OnMatch::Keep).await?;
    let (name, wanted) = (tenant.clone(), contact.clone());
    let found = gateway.db.read(move |conn| users::find_by_contact(conn, &name, &wanted)).await?;
    let user = found.ok_or(Error::CodeWrong)?;
    require_active(user.status)?;
    if is_own_name(&user, password) {
        return Err(Error::PasswordIsName);
    }
    verification::try_code(gateway, tenant, &contact, code, &purposes, OnMatch::Consume).await?;
    verification::void_codes(gateway, tenant, &user.contacts()).await?;
    let (hash, id) = (passwords::hash_in_turn(gateway, password).await?, user.id);
    as_anonymous(gateway, anonymous, Action::new("account.reset_password"), None, move |tx| {
        let account = users::lock(tx.conn, tx.tenant, id)?.ok_or(Error::CodeWrong)?;
        // While the password was hashed, the contact may have been bound elsewhere or the account disabled.
        if users::find_by_contact(tx.conn, tx.tenant, &contact)?.is_none_or(|owner| owner.id != id) {
            return Err(Error::CodeWrong);
        }
        require_active(account.status)?;
        users::set_password_hash(tx.conn, id, &hash, tx.now_ms)?;
        sessions::end_all_of(tx.conn, &[id], EndReason::PasswordChanged, tx.now_ms)?;
        tx.set_target(id);
        Ok(())
    })
    .await?;
    presence::end(gateway, anonymous.tenant_id(), id, None).await;
    Ok(())
}

/// Changes the caller's password and ends all other sessions. `old` must be the current password, so an account without
/// one must use [`reset_password`].
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong passwords; [`Error::Busy`].
pub async fn change_password(
    gateway: &Gateway,
    caller: &Caller,
    old: &Password,
    password: &Password,
) -> Result<(), Error> {
    let compared = confirm(gateway, caller, old).await?;
    change_proven(gateway, caller, password, Some(compared)).await
}

/// As [`change_password`], for a caller who has proven to be the owner of an account with the password hash `current`.
///
/// # Errors
/// [`Error::Busy`].
pub(super) async fn change_proven(
    gateway: &Gateway,
    caller: &Caller,
    password: &Password,
    current: Option<String>,
) -> Result<(), Error> {
    let kept = match caller.actor() {
        Actor::User(logged_in) => Some(logged_in.session),
        Actor::Operator(_) => None,
    };
    replace_password(gateway, caller, password, current, kept).await
}

/// Sets the password of the account that an operator acts as, and ends all of its sessions.
pub async fn set_password(gateway: &Gateway, caller: &Caller, password: &Password) -> Result<(), Error> {
    replace_password(gateway, caller, password, None, None).await
}

/// `compared` is the hash that the old password was compared with. If it has changed since, a concurrent change wins
/// and this one fails.
async fn replace_password(
    gateway: &Gateway,
    caller: &Caller,
    password: &Password,
    compared: Option<String>,
    kept: Option<SessionId>,
) -> Result<(), Error> {
    let hash = passwords::hash(gateway, password).await?;
    let (contacts, ended_on) = as_caller(gateway, caller, Action::new("account.set_password"), move |tx| {
        let user = users::find(tx.conn, tx.tenant, tx.user)?.ok_or(Error::UserNotFound)?;
        if compared.is_some() && compared != users::find_password_hash(tx.conn, tx.user)? {
            return Err(Error::Busy);
        }
        users::set_password_hash(tx.conn, tx.user, &hash, tx.now_ms)?;
        let reason = EndReason::PasswordChanged;
        let ended_on = sessions::end_on(tx.conn, tx.user, None, kept, reason, tx.now_ms)?;
        Ok((user.contacts(), ended_on))
    })
    .await?;
    for device in ended_on {
        presence::end(gateway, caller.tenant_id(), caller.user(), Some(device)).await;
    }
    if let Err(error) = verification::void_codes(gateway, caller.tenant_id(), &contacts).await {
        log::warn!("codes stay valid until they expire: {error}");
    }
    Ok(())
}

/// Checks the caller's password and returns the hash that it was compared with. Always fails for an account without a
/// password.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong passwords.
pub(super) async fn confirm(gateway: &Gateway, caller: &Caller, password: &Password) -> Result<String, Error> {
    let id = caller.user();
    let found = gateway.db.read(move |conn| users::find_password_hash(conn, id)).await?;
    let stored = found.ok_or(Error::PasswordWrong)?;
    let origin = caller.actor().origin().ok_or(Error::NoPermission)?;
    let attempt = match LoginAttempt::begin(gateway, caller.tenant_id(), origin, LoginTarget::Account(id)).await {
        // Not `LoginLocked`: on a failed login the client would log in again.
        Err(Error::LoginLocked { wait_secs }) => return Err(Error::TooManyRequests { wait_secs }),
        begun => begun?,
    };
    match attempt.compare(gateway, password, Some(stored.clone())).await? {
        Verdict::Right | Verdict::RightButOutdated => Ok(stored),
        Verdict::Wrong => Err(Error::PasswordWrong),
    }
}

/// Whether the password equals one of the account's names or contacts (security.md 4).
fn is_own_name(user: &User, password: &Password) -> bool {
    let email = user.email.as_deref().unwrap_or_default();
    let before_at = email.split('@').next().unwrap_or_default();
    let names = [user.username.as_deref(), Some(&user.nickname), user.mobile.as_deref(), Some(email), Some(before_at)];
    names.into_iter().flatten().any(|name| password.is_name(name))
}
