//! What clients of the admin API do with a mobile number: log in with a code, bind it later than they proved it, and
//! change it in two steps, with the signed proofs of `domain/proofs.rs`.

use super::{
    Anonymous, Caller, Error, audit::Action, contacts, credentials, limits, lookups, one_time_passwords, proofs,
    sessions, unit_of_work::as_anonymous, verification,
};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, Mobile, Password, UserId},
    state::OnMatch,
    store::users,
};

/// What the owner of a mobile number gets for a code.
pub enum CodeLogin {
    /// With an account: a name and a password to log in with once.
    Account {
        /// The login name, or the number if the account has none.
        name: String,
        /// The password.
        password: String,
    },
    /// Without one: a proof with which an account can be bound to the number.
    Proof(String),
}

/// Exchanges a code that was sent to `mobile`.
///
/// # Errors
/// [`Error::TooManyRequests`], [`Error::CodeWrong`]; [`Error::Unavailable`] without the shared state.
pub async fn exchange_code(
    gateway: &Gateway,
    anonymous: &Anonymous,
    mobile: &Mobile,
    code: &Code,
) -> Result<CodeLogin, Error> {
    let (tenant, contact) = (anonymous.tenant_id(), Contact::Mobile(mobile.clone()));
    let target = contact.to_string().into();
    let exchange = async {
        limits::count_code_try(gateway, anonymous).await?;
        let purposes = [CodePurpose::Login];
        verification::try_code(gateway, tenant, &contact, code, &purposes, OnMatch::Consume).await?;
        let (wanted, contact) = (tenant.clone(), contact.clone());
        match gateway.db.read(move |conn| users::find_confirmed_owner(conn, &wanted, &contact)).await? {
            Some(owner) => issue_password(gateway, anonymous, owner, mobile).await,
            None => Ok(CodeLogin::Proof(proofs::prove_once(gateway, tenant, &of_number(mobile)).await?)),
        }
    };
    sessions::note_refusal(gateway, anonymous, target, exchange.await).await
}

async fn issue_password(
    gateway: &Gateway,
    anonymous: &Anonymous,
    owner: UserId,
    mobile: &Mobile,
) -> Result<CodeLogin, Error> {
    const ACTION: Action = Action::new("session.issue_password");
    let tenant = anonymous.tenant_id();
    let account = as_anonymous(gateway, anonymous, ACTION, Some(owner), move |tx| {
        tx.set_target(owner);
        users::lock(tx.conn, tx.tenant, owner)?.ok_or(Error::UserNotFound)
    })
    .await?;
    let known = lookups::user(gateway, tenant, owner).await?;
    let name = known.username.clone().unwrap_or_else(|| mobile.as_str().to_owned());
    Ok(CodeLogin::Account { name, password: one_time_passwords::issue(gateway, tenant, &account, mobile).await? })
}

/// Binds a number to the caller's account, with the proof that [`exchange_code`] gave for it. It serves once.
///
/// # Errors
/// [`Error::Invalid`] for a wrong, used or expired proof; [`Error::MobileTaken`]; [`Error::Unavailable`] without the
/// shared state.
pub async fn bind(gateway: &Gateway, caller: &Caller, mobile: Mobile, proof: &str) -> Result<(), Error> {
    proofs::check_once(gateway, caller.tenant_id(), &of_number(&mobile), proof).await?;
    contacts::bind_proven(gateway, caller, Contact::Mobile(mobile)).await
}

/// The first step of a change of the caller's number, by its password. Returns the proof for [`change`].
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong passwords.
pub async fn begin_change_by_password(
    gateway: &Gateway,
    caller: &Caller,
    password: &Password,
) -> Result<String, Error> {
    credentials::confirm(gateway, caller, password).await?;
    Ok(proofs::prove(gateway, caller.tenant_id(), &of_change(caller)))
}

/// The first step of a change of the caller's number, by a code that was sent to it. Returns the proof for [`change`].
///
/// # Errors
/// [`Error::ContactNotBound`], [`Error::CodeWrong`].
pub async fn begin_change_by_code(
    gateway: &Gateway,
    caller: &Caller,
    mobile: Mobile,
    code: &Code,
) -> Result<String, Error> {
    confirm(gateway, caller, mobile, code).await?;
    Ok(proofs::prove(gateway, caller.tenant_id(), &of_change(caller)))
}

/// Checks that `mobile` is the caller's number, with a code that was sent to it.
pub(super) async fn confirm(gateway: &Gateway, caller: &Caller, mobile: Mobile, code: &Code) -> Result<(), Error> {
    let account = lookups::user(gateway, caller.tenant_id(), caller.user()).await?;
    if account.mobile.as_deref() != Some(mobile.as_str()) {
        return Err(Error::ContactNotBound);
    }
    let (purposes, contact) = ([CodePurpose::Account(caller.user()), CodePurpose::Login], Contact::Mobile(mobile));
    verification::try_code(gateway, caller.tenant_id(), &contact, code, &purposes, OnMatch::Consume).await
}

/// The second step: binds `mobile` with a code that was sent to it.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or expired proof; as [`contacts::bind`].
pub async fn change(gateway: &Gateway, caller: &Caller, mobile: Mobile, code: &Code, proof: &str) -> Result<(), Error> {
    proofs::check(gateway, caller.tenant_id(), &of_change(caller), proof)?;
    contacts::bind(gateway, caller, Contact::Mobile(mobile), code).await
}

fn of_number(mobile: &Mobile) -> String {
    format!("number {}", mobile.as_str())
}

fn of_change(caller: &Caller) -> String {
    format!("change {}", caller.user())
}
