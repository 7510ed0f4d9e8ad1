//! The mobile number and the e-mail address that an account is bound to.

use super::{Caller, Error, access::Actor, audit::Action, unit_of_work::as_caller, verification};
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
    let purposes = [CodePurpose::Account(caller.user()), CodePurpose::Login];
    verification::redeem(gateway, caller.tenant_id(), &contact, code, &purposes).await?;
    as_caller(gateway, caller, Action::new("account.bind"), move |tx| {
        if users::find_by_contact(tx.conn, tx.tenant, &contact)?.is_none_or(|owner| owner.id != tx.user) {
            users::release_unconfirmed(tx.conn, tx.tenant, &contact)?;
        }
        users::set_contact(tx.conn, tx.user, &contact).map_err(taken(&contact).if_taken())
    })
    .await
}

/// Sets the number of the caller's account without a code: the admin document has it so. Unless an operator does it, whoever
/// shows the number to be its own with a code gets it instead (security.md 28).
///
/// # Errors
/// [`Error::MobileTaken`].
pub async fn set_mobile(gateway: &Gateway, caller: &Caller, mobile: Mobile) -> Result<(), Error> {
    let (contact, is_vouched_for) = (Contact::Mobile(mobile.clone()), matches!(caller.actor(), Actor::Operator(_)));
    as_caller(gateway, caller, Action::routine("account.set_mobile"), move |tx| {
        let set = if is_vouched_for {
            users::set_contact(tx.conn, tx.user, &contact)
        } else {
            users::set_unconfirmed_mobile(tx.conn, tx.user, &mobile)
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
