//! Passwords as their owners set them.

use super::{
    Error, Visitor,
    audit::Trail,
    passwords, sessions,
    verification::{self, Use},
};
use crate::{
    app::App,
    model::{Code, Contact, EmailAddress, EndReason, Password, User},
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
    app.db
        .write(move |conn| {
            users::set_password_hash(conn, id, &hash)?;
            store::sessions::end_all_of(conn, &[id], EndReason::PasswordChanged, now_ms)?;
            trail.done(conn, "account.reset_password", &id.to_string())?;
            Ok(())
        })
        .await
}

/// Whether the password is what everybody can read of the account (security.md 4).
fn is_own_name(user: &User, password: &Password) -> bool {
    let email = user.email.as_deref().unwrap_or_default();
    let before_at = email.split('@').next().unwrap_or_default();
    let names = [user.username.as_deref(), Some(&user.nickname), user.mobile.as_deref(), Some(email), Some(before_at)];
    names.into_iter().flatten().any(|name| password.is_name(name))
}
