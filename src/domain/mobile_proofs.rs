//! What clients of the admin API do with a mobile number: log in with a code, bind it later than they proved it, and
//! change it in two steps. A proof is signed text that the client shows in a later request.

use super::{Anonymous, Caller, Error, contacts, credentials, limits, lookups, one_time_passwords, verification};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, Invalid, Mobile, Password, Problem, TenantId},
    secret::{KeyPurpose, hex},
    state::OnMatch,
    store::users,
};

/// How long a proof is valid.
const LIFETIME_MS: i64 = 15 * 60 * 1000;

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

/// Checks a code that was sent to `mobile`.
///
/// # Errors
/// [`Error::TooManyRequests`], [`Error::CodeWrong`].
pub async fn log_in(
    gateway: &Gateway,
    anonymous: &Anonymous,
    mobile: &Mobile,
    code: &Code,
) -> Result<CodeLogin, Error> {
    limits::count_code_try(gateway, anonymous).await?;
    let (tenant, contact) = (anonymous.tenant_id(), Contact::Mobile(mobile.clone()));
    let purposes = [CodePurpose::Login];
    verification::try_code(gateway, tenant, &contact, code, &purposes, OnMatch::Consume).await?;
    let wanted = tenant.clone();
    let owner = gateway.db.read(move |conn| users::find_confirmed_owner(conn, &wanted, &contact)).await?;
    let Some(owner) = owner else { return Ok(CodeLogin::Proof(prove(gateway, tenant, &of_number(mobile)))) };
    let account = lookups::user(gateway, tenant, owner).await?;
    let name = account.username.clone().unwrap_or_else(|| mobile.as_str().to_owned());
    Ok(CodeLogin::Account { name, password: one_time_passwords::issue(gateway, tenant, owner).await? })
}

/// Binds a number to the caller's account, with the proof that [`log_in`] gave for it.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or expired proof; [`Error::MobileTaken`].
pub async fn bind(gateway: &Gateway, caller: &Caller, mobile: Mobile, proof: &str) -> Result<(), Error> {
    check(gateway, caller.tenant_id(), &of_number(&mobile), proof)?;
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
    Ok(prove(gateway, caller.tenant_id(), &of_change(caller)))
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
    let account = lookups::user(gateway, caller.tenant_id(), caller.user()).await?;
    if account.mobile.as_deref() != Some(mobile.as_str()) {
        return Err(Error::ContactNotBound);
    }
    let (purposes, contact) = ([CodePurpose::Account(caller.user()), CodePurpose::Login], Contact::Mobile(mobile));
    verification::try_code(gateway, caller.tenant_id(), &contact, code, &purposes, OnMatch::Consume).await?;
    Ok(prove(gateway, caller.tenant_id(), &of_change(caller)))
}

/// The second step: binds `mobile` with a code that was sent to it.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or expired proof; as [`contacts::bind`].
pub async fn change(gateway: &Gateway, caller: &Caller, mobile: Mobile, code: &Code, proof: &str) -> Result<(), Error> {
    check(gateway, caller.tenant_id(), &of_change(caller), proof)?;
    contacts::bind(gateway, caller, Contact::Mobile(mobile), code).await
}

fn of_number(mobile: &Mobile) -> String {
    format!("number {}", mobile.as_str())
}

fn of_change(caller: &Caller) -> String {
    format!("change {}", caller.user())
}

/// A proof of `what`.
fn prove(gateway: &Gateway, tenant: &TenantId, what: &str) -> String {
    let until_ms = gateway.clock.now_ms().saturating_add(LIFETIME_MS);
    format!("{until_ms}.{}", mac(gateway, tenant, what, until_ms))
}

fn check(gateway: &Gateway, tenant: &TenantId, what: &str, proof: &str) -> Result<(), Error> {
    let wrong = Error::from(Invalid::new("sign", Problem::Wrong));
    let Some((until_ms, shown)) = proof.split_once('.') else { return Err(wrong) };
    let Ok(until_ms) = until_ms.parse() else { return Err(wrong) };
    // Compared as keyed hashes, so that the timing reveals nothing about the right one.
    let keyed = |text: &str| gateway.secret.mac(KeyPurpose::OneTime, text.as_bytes());
    let is_right = keyed(&mac(gateway, tenant, what, until_ms)) == keyed(shown);
    if is_right && gateway.clock.now_ms() < until_ms { Ok(()) } else { Err(wrong) }
}

fn mac(gateway: &Gateway, tenant: &TenantId, what: &str, until_ms: i64) -> String {
    hex(&gateway.secret.mac(KeyPurpose::Proof, format!("{tenant}\n{what}\n{until_ms}").as_bytes()))
}
