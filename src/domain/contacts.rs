//! The mobile number and the e-mail address that an account is bound to.

use super::{
    Caller, Error,
    access::{self, Actor},
    audit::AuditContext,
    profile::change,
    verification,
};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, Mobile},
    store::users,
};

/// Binds the caller's account to a contact, in place of the one of that kind that it had: `code` shows that the contact is
/// the caller's (security.md 28).
///
/// # Errors
/// [`Error::CodeWrong`], [`Error::MobileTaken`], [`Error::EmailTaken`].
pub async fn bind(gateway: &Gateway, caller: &Caller, contact: Contact, code: &Code) -> Result<(), Error> {
    let user = caller.user();
    verification::redeem(
        gateway,
        caller.tenant_id(),
        &contact,
        code,
        &[CodePurpose::Account(user), CodePurpose::Login],
    )
    .await?;
    let (audit, caller) = (AuditContext::of_caller(gateway, caller), caller.clone());
    gateway
        .db
        .write(move |conn| {
            access::lock_and_recheck(conn, &caller)?;
            if users::find_by_contact(conn, caller.tenant_id(), &contact)?.is_none_or(|owner| owner.id != user) {
                users::release_unconfirmed(conn, caller.tenant_id(), &contact)?;
            }
            users::set_contact(conn, user, &contact).map_err(taken(&contact).if_taken())?;
            audit.done(conn, "account.bind", &user.to_string())?;
            Ok(())
        })
        .await
}

/// Sets the number of the caller's account without a code: the admin document has it so. Unless an admin does it, whoever
/// shows the number to be its own with a code gets it instead (security.md 28).
///
/// # Errors
/// [`Error::MobileTaken`].
pub async fn set_mobile(gateway: &Gateway, caller: &Caller, mobile: Mobile) -> Result<(), Error> {
    let (contact, is_vouched_for) = (Contact::Mobile(mobile.clone()), matches!(caller.actor(), Actor::Admin(_)));
    change(gateway, caller, "account.set_mobile", move |conn, user| {
        let set = if is_vouched_for {
            users::set_contact(conn, user, &contact)
        } else {
            users::set_unconfirmed_mobile(conn, user, &mobile)
        };
        set.map_err(Error::MobileTaken.if_taken())
    })
    .await
}

/// What it means that another account has the contact.
const fn taken(contact: &Contact) -> Error {
    match contact {
        Contact::Mobile(_) => Error::MobileTaken,
        Contact::Email(_) => Error::EmailTaken,
    }
}
