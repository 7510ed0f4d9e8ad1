//! What clients of the admin API do with a mobile number: log in with a code, bind it later than they proved it, and
//! change it in two steps. A proof is signed text that the client shows in a later request.

use super::{
    Anonymous, Caller, Error, audit::Action, contacts, credentials, limits, lookups, one_time_passwords, sessions,
    unit_of_work::as_anonymous, verification,
};
use crate::{
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, Invalid, Mobile, Password, Problem, TenantId, UserId},
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
            None => Ok(CodeLogin::Proof(prove_once(gateway, tenant, &of_number(mobile)).await?)),
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
    check(gateway, caller.tenant_id(), &of_number(&mobile), proof)?;
    let (id, _) = once(gateway, proof);
    gateway.state.take_one_time(&id, gateway.clock.now()).await?.ok_or_else(wrong_proof)?;
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
    confirm(gateway, caller, mobile, code).await?;
    Ok(prove(gateway, caller.tenant_id(), &of_change(caller)))
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
pub(super) fn prove(gateway: &Gateway, tenant: &TenantId, what: &str) -> String {
    let until_ms = gateway.clock.now_ms().saturating_add(LIFETIME_MS);
    format!("{until_ms}.{}", mac(gateway, tenant, what, until_ms))
}

/// A proof of `what` that serves once.
async fn prove_once(gateway: &Gateway, tenant: &TenantId, what: &str) -> Result<String, Error> {
    let proof = prove(gateway, tenant, what);
    let (id, mac) = once(gateway, &proof);
    gateway.state.put_one_time(&id, mac, LIFETIME_MS, gateway.clock.now()).await?;
    Ok(proof)
}

/// The name under which a proof is stored until it is used, and its value.
fn once(gateway: &Gateway, proof: &str) -> (String, [u8; 32]) {
    let mac = gateway.secret.mac(KeyPurpose::Proof, proof.as_bytes());
    (hex(&mac), mac)
}

fn wrong_proof() -> Error {
    Invalid::new("sign", Problem::Wrong).into()
}

pub(super) fn check(gateway: &Gateway, tenant: &TenantId, what: &str, proof: &str) -> Result<(), Error> {
    let Some((until_ms, shown)) = proof.split_once('.') else { return Err(wrong_proof()) };
    let Ok(until_ms) = until_ms.parse() else { return Err(wrong_proof()) };
    // Compared as keyed hashes, so that the timing reveals nothing about the right one.
    let keyed = |text: &str| gateway.secret.mac(KeyPurpose::OneTime, text.as_bytes());
    let is_right = keyed(&mac(gateway, tenant, what, until_ms)) == keyed(shown);
    if is_right && gateway.clock.now_ms() < until_ms { Ok(()) } else { Err(wrong_proof()) }
}

fn mac(gateway: &Gateway, tenant: &TenantId, what: &str, until_ms: i64) -> String {
    hex(&gateway.secret.mac(KeyPurpose::Proof, format!("{tenant}\n{what}\n{until_ms}").as_bytes()))
}
