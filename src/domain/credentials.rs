//! Passwords as their owners set them.

use super::{
    Caller, Error, Visitor,
    access::{self, Actor},
    audit::Trail,
    limits::{self, LoginAttempt, LoginTarget},
    passwords::{self, Verdict},
    presence, sessions,
    verification::{self, Use},
};
use crate::{
    app::App,
    model::{Code, Contact, EmailAddress, EndReason, Password, SessionId, User},
    state::LoginEnd,
    store::{self, users},
};

/// Sets another password for whoever reads the mail of `address`, and ends all of the account's sessions.
///
/// # Errors
/// [`Error::PasswordCommon`], [`Error::CodeWrong`], [`Error::PasswordIsName`]; after the right code
/// [`Error::AccountDisabled`].
pub async fn reset_password(
    app: &App,
    visitor: &Visitor,
    address: EmailAddress,
    code: &Code,
    password: &Password,
) -> Result<(), Error> {
    if passwords::is_common(password) {
        return Err(Error::PasswordCommon);
    }
    limits::count_code_try(app, visitor).await?;
    let (tenant, contact) = (visitor.app(), Contact::Email(address));
    // A password that is refused leaves the code valid; what is wrong with it is told to the owner only.
    verification::check(app, tenant, &contact, code, Use::Reset).await?;
    let (name, wanted) = (tenant.clone(), contact.clone());
    let found = app.db.read(move |conn| users::find_by_contact(conn, &name, &wanted)).await?;
    let user = found.ok_or(Error::CodeWrong)?;
    sessions::may_enter(user.standing)?;
    if is_own_name(&user, password) {
        return Err(Error::PasswordIsName);
    }
    verification::redeem(app, tenant, &contact, code, Use::Reset).await?;
    verification::void_codes(app, tenant, &user.contacts()).await?;
    let hash = passwords::hash_in_turn(app, password).await?;
    let (trail, now_ms, id) = (Trail::of_visitor(app, visitor), app.clock.now_ms(), user.id);
    let name = tenant.clone();
    app.db
        .write::<(), Error>(move |conn| {
            users::lock(conn, id)?;
            // Bound elsewhere or disabled while the password was hashed.
            let owner = users::find_by_contact(conn, &name, &contact)?.filter(|owner| owner.id == id);
            sessions::may_enter(owner.ok_or(Error::CodeWrong)?.standing)?;
            users::set_password_hash(conn, id, &hash)?;
            store::sessions::end_all_of(conn, &[id], EndReason::PasswordChanged, now_ms)?;
            trail.done(conn, "account.reset_password", &id.to_string())?;
            Ok(())
        })
        .await?;
    presence::end(app, visitor.app(), id, None).await;
    Ok(())
}

/// Sets the caller's password to another one. `old` must be the one in force: an account without one gets its first by
/// [`reset_password`]. All other sessions end.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong ones; [`Error::Busy`].
pub async fn change_password(app: &App, caller: &Caller, old: &Password, password: &Password) -> Result<(), Error> {
    let confirmed = confirm(app, caller, old).await?;
    let kept = match caller.actor() {
        Actor::User { session, .. } => Some(session),
        Actor::Admin(_) => None,
    };
    set_password_of(app, caller, password, confirmed, kept).await
}

/// Sets the password of the account that an admin acts as; all of its sessions end.
///
/// # Errors
/// When the database can't be asked.
pub async fn set_password(app: &App, caller: &Caller, password: &Password) -> Result<(), Error> {
    set_password_of(app, caller, password, Confirmed::Needless, None).await
}

/// What the new password takes the place of.
pub(super) enum Confirmed {
    /// This hash; if there is another by now, someone else was quicker.
    Hash(Option<String>),
    /// Whatever there is.
    Needless,
}

async fn set_password_of(
    app: &App,
    caller: &Caller,
    password: &Password,
    confirmed: Confirmed,
    kept: Option<SessionId>,
) -> Result<(), Error> {
    let hash = passwords::hash(app, password).await?;
    let (tenant, id) = (caller.app().clone(), caller.user());
    let (trail, now_ms, holder) = (Trail::of_caller(app, caller), app.clock.now_ms(), caller.clone());
    let (contacts, ended_on) = app
        .db
        .write(move |conn| {
            access::hold(conn, &holder)?;
            let user = users::find(conn, &tenant, id)?.ok_or(Error::UserNotFound)?;
            let current = users::lock_credentials(conn, id)?.ok_or(Error::UserNotFound)?;
            if matches!(&confirmed, Confirmed::Hash(hash) if *hash != current.password_hash) {
                return Err(Error::Busy);
            }
            users::set_password_hash(conn, id, &hash)?;
            let ended_on = store::sessions::end_on(conn, id, None, kept, EndReason::PasswordChanged, now_ms)?;
            trail.done(conn, "account.set_password", &id.to_string())?;
            Ok((user.contacts(), ended_on))
        })
        .await?;
    for device in ended_on {
        presence::end(app, caller.app(), id, Some(device)).await;
    }
    if let Err(error) = verification::void_codes(app, caller.app(), &contacts).await {
        log::warn!("codes stay valid until they expire: {error}");
    }
    Ok(())
}

/// Makes sure that `password` is the caller's. An account without one can confirm nothing.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong ones.
pub(super) async fn confirm(app: &App, caller: &Caller, password: &Password) -> Result<Confirmed, Error> {
    let id = caller.user();
    let found = app.db.read(move |conn| users::find_password_hash(conn, id)).await?;
    let Some(stored) = &found else { return Err(Error::PasswordWrong) };
    let attempt = match LoginAttempt::begin(app, caller.app(), caller.origin(), LoginTarget::Account(id)).await {
        // A client that is told that its login failed would log in again.
        Err(Error::LoginLocked { wait_secs }) => return Err(Error::TooManyRequests { wait_secs }),
        begun => begun?,
    };
    let verdict = passwords::verify(app, password, Some(stored.clone())).await;
    let end = match &verdict {
        Ok(Verdict::Right | Verdict::RightButOutdated) => LoginEnd::Right,
        Ok(Verdict::Wrong) => LoginEnd::Wrong,
        Err(_) => LoginEnd::Cancelled,
    };
    attempt.end(app, end).await;
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
