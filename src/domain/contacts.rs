//! The mobile number and the e-mail address that an account is bound to.

use super::{
    Caller, Error,
    audit::Trail,
    profile::change,
    verification::{self, Use},
};
use crate::{
    app::App,
    model::{Code, Contact, Mobile},
    store::users,
};

/// Binds the caller's account to a contact, in place of the one of that kind that it had: `code` shows that the contact is
/// the caller's (security.md 28).
///
/// # Errors
/// [`Error::CodeWrong`], [`Error::MobileTaken`], [`Error::EmailTaken`].
pub async fn bind(app: &App, caller: &Caller, contact: Contact, code: &Code) -> Result<(), Error> {
    let user = caller.user();
    verification::redeem(app, caller.app(), &contact, code, Use::Bind(user)).await?;
    let trail = Trail::of_caller(app, caller);
    app.db
        .write(move |conn| {
            users::set_contact(conn, user, &contact).map_err(taken(&contact).if_taken())?;
            trail.done(conn, "account.bind", &user.to_string())?;
            Ok(())
        })
        .await
}

/// Binds the caller's account to a mobile number without a code: the admin document has it so.
///
/// # Errors
/// [`Error::MobileTaken`].
pub async fn set_mobile(app: &App, caller: &Caller, mobile: Mobile) -> Result<(), Error> {
    let contact = Contact::Mobile(mobile);
    change(app, caller, "account.set_mobile", move |conn, user| {
        users::set_contact(conn, user, &contact).map_err(taken(&contact).if_taken())
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
