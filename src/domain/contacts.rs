//! The mobile number and the e-mail address of an account.

use super::{Caller, Error, access::Actor, audit::Action, unit_of_work::as_caller, verification};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, Mobile},
    state::OnMatch,
    store::users,
};

/// Binds a contact to the caller's account, replacing an earlier one of the same kind. `code` proves that the caller
/// controls the contact (security.md 28).
///
/// # Errors
/// [`Error::CodeWrong`], [`Error::MobileTaken`], [`Error::EmailTaken`].
pub async fn bind(gateway: &Gateway, caller: &Caller, contact: Contact, code: &Code) -> Result<(), Error> {
    let purposes = [CodePurpose::Account(caller.user()), CodePurpose::Login];
    verification::try_code(gateway, caller.tenant_id(), &contact, code, &purposes, OnMatch::Consume).await?;
    bind_proven(gateway, caller, contact).await
}

/// Binds a contact that the caller has proved to control.
///
/// # Errors
/// [`Error::MobileTaken`], [`Error::EmailTaken`].
pub(super) async fn bind_proven(gateway: &Gateway, caller: &Caller, contact: Contact) -> Result<(), Error> {
    as_caller(gateway, caller, Action::new("account.bind"), move |tx| {
        if users::find_by_contact(tx.conn, tx.tenant, &contact)?.is_none_or(|owner| owner.id != tx.user) {
            users::release_unconfirmed(tx.conn, tx.tenant, &contact)?;
        }
        users::set_contact(tx.conn, tx.user, &contact).map_err(taken(&contact).if_taken())
    })
    .await
}

/// Sets the caller's mobile number without a code, as the admin document requires. Unless an operator sets it, the
/// number stays unconfirmed: another account that proves control of it with a code takes it over (security.md 28).
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

/// The error if another account has the contact.
const fn taken(contact: &Contact) -> Error {
    match contact {
        Contact::Mobile(_) => Error::MobileTaken,
        Contact::Email(_) => Error::EmailTaken,
    }
}
