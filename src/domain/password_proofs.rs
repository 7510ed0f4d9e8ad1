//! The change of a password in two steps, as clients of the admin API do it. The first gives a proof, which the second
//! shows. A proof is void once the password has changed, so that it serves for one change.

use super::{Caller, Error, credentials, mobile_proofs, proofs};
use crate::{
    gateway::Gateway,
    model::{Code, Mobile, Password},
    store::users,
};

/// The first step, with the current password. Returns the proof for [`change`].
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong passwords.
pub async fn begin_by_password(gateway: &Gateway, caller: &Caller, password: &Password) -> Result<String, Error> {
    let current = credentials::confirm(gateway, caller, password).await?;
    Ok(proofs::prove(gateway, caller.tenant_id(), &of_change(caller, Some(&current))))
}

/// The first step, with a code that was sent to the account's number. Returns the proof for [`change`].
///
/// # Errors
/// [`Error::ContactNotBound`], [`Error::CodeWrong`].
pub async fn begin_by_code(gateway: &Gateway, caller: &Caller, mobile: Mobile, code: &Code) -> Result<String, Error> {
    mobile_proofs::confirm(gateway, caller, mobile, code).await?;
    let current = find_current(gateway, caller).await?;
    Ok(proofs::prove(gateway, caller.tenant_id(), &of_change(caller, current.as_deref())))
}

/// The second step: sets the password and ends all other sessions.
///
/// # Errors
/// [`Error::Invalid`] for a wrong, expired or used proof; [`Error::Busy`].
pub async fn change(gateway: &Gateway, caller: &Caller, password: &Password, proof: &str) -> Result<(), Error> {
    let current = find_current(gateway, caller).await?;
    proofs::check(gateway, caller.tenant_id(), &of_change(caller, current.as_deref()), proof)?;
    credentials::change_proven(gateway, caller, password, current).await
}

/// The hash of the current password, if the account has one.
async fn find_current(gateway: &Gateway, caller: &Caller) -> Result<Option<String>, Error> {
    let id = caller.user();
    Ok(gateway.db.read(move |conn| users::find_password_hash(conn, id)).await?)
}

fn of_change(caller: &Caller, current: Option<&str>) -> String {
    format!("password {} {}", caller.user(), current.unwrap_or_default())
}
