//! Verification codes, which prove control of a mobile number or an e-mail address (security.md 13–16, 19).

use super::{Anonymous, Caller, Error, captchas, events, limits};
use crate::{
    delivery::Message,
    gateway::Gateway,
    model::{Code, CodePurpose, Contact, TenantId},
    secret::KeyPurpose,
    state::{CodeSending, Event, OnMatch},
    store::users,
};

/// A request for a code.
#[derive(Clone, Debug)]
pub struct CodeRequest<'a> {
    /// The recipient of the code.
    pub contact: Contact,
    /// Whether the code is for a password reset.
    pub is_for_reset: bool,
    /// The id of the captcha.
    pub captcha_id: &'a str,
    /// The client's answer to the captcha.
    pub captcha_answer: &'a str,
}

/// Sends a code of six digits to a contact, valid once and for five minutes. Requires the answer to a captcha. With a
/// `caller` the code is for that account only. The result does not reveal whether an account has the contact.
///
/// # Errors
/// [`Error::CaptchaWrong`], [`Error::CodeTooSoon`], [`Error::Busy`]; [`Error::Unavailable`] without the shared state or
/// a provider.
pub async fn send_code(
    gateway: &Gateway,
    anonymous: &Anonymous,
    caller: Option<&Caller>,
    request: CodeRequest<'_>,
) -> Result<(), Error> {
    captchas::answer(gateway, anonymous, request.captcha_id, request.captcha_answer).await?;
    send(gateway, anonymous, caller, request.contact, request.is_for_reset).await
}

/// Sends a code for the account of a logged-in user to a contact, without a captcha. The number of codes per day
/// is limited for a user, and for all users of an address.
///
/// # Errors
/// As [`send_code`]; [`Error::TooManyRequests`].
pub async fn send_code_to_user(
    gateway: &Gateway,
    anonymous: &Anonymous,
    caller: &Caller,
    contact: Contact,
) -> Result<(), Error> {
    limits::count_code_of_user(gateway, anonymous, caller).await?;
    send(gateway, anonymous, Some(caller), contact, false).await
}

async fn send(
    gateway: &Gateway,
    anonymous: &Anonymous,
    caller: Option<&Caller>,
    contact: Contact,
    is_for_reset: bool,
) -> Result<(), Error> {
    let purpose = match caller {
        _ if is_for_reset => CodePurpose::PasswordReset,
        Some(caller) => CodePurpose::Account(caller.user()),
        None => CodePurpose::Login,
    };
    let permit = gateway.delivery.permit(&contact)?;
    let (tenant, wanted) = (anonymous.tenant_id().clone(), contact.clone());
    let owner = gateway.db.read(move |conn| users::find_by_contact(conn, &tenant, &wanted)).await?;
    let code = gateway.random.code()?;
    let mac = code_mac(gateway, anonymous.tenant_id(), &contact, purpose, &code);
    if let CodeSending::TooSoon { wait_ms } =
        gateway.state.put_code(&key(anonymous.tenant_id(), &contact), mac, gateway.clock.now()).await?
    {
        gateway.metrics.accounts.limited.codes.inc();
        return Err(Error::CodeTooSoon { wait_secs: limits::whole_secs(wait_ms) });
    }
    let message = Message {
        id: gateway.random.base62(Message::ID_CHARS)?,
        tenant: anonymous.tenant_id().clone(),
        to: contact,
        purpose,
        code,
        language: anonymous.origin().language,
        request_id: anonymous.origin().request_id.clone(),
    };
    // Only an account's password can be reset; without an account no unsolicited mail is sent.
    let should_send = !is_for_reset || owner.is_some();
    permit.send(message, should_send);
    if should_send {
        events::count(gateway, anonymous.tenant_id(), Event::CodeSent);
    }
    Ok(())
}

/// Checks a code that was requested for one of `purposes`. A right one is consumed, or stays valid, by `on_match`.
///
/// # Errors
/// [`Error::CodeWrong`]; [`Error::Unavailable`] without the shared state.
pub(super) async fn try_code(
    gateway: &Gateway,
    tenant: &TenantId,
    contact: &Contact,
    code: &Code,
    purposes: &[CodePurpose],
    on_match: OnMatch,
) -> Result<(), Error> {
    let macs: Vec<_> = purposes.iter().map(|purpose| code_mac(gateway, tenant, contact, *purpose, code)).collect();
    if gateway.state.try_code(&key(tenant, contact), &macs, on_match, gateway.clock.now()).await? {
        Ok(())
    } else {
        Err(Error::CodeWrong)
    }
}

/// Voids the codes that were sent to an account's contacts (security.md 8).
///
/// # Errors
/// [`Error::Unavailable`] without the shared state.
pub(super) async fn void_codes(gateway: &Gateway, tenant: &TenantId, contacts: &[Contact]) -> Result<(), Error> {
    for contact in contacts {
        gateway.state.void_code(&key(tenant, contact)).await?;
    }
    Ok(())
}

fn key(tenant: &TenantId, contact: &Contact) -> String {
    format!("{tenant}:{contact}")
}

fn code_mac(gateway: &Gateway, tenant: &TenantId, contact: &Contact, purpose: CodePurpose, code: &Code) -> [u8; 32] {
    let purpose = match purpose {
        CodePurpose::Login => "login".to_owned(),
        CodePurpose::Account(user) => format!("account {user}"),
        CodePurpose::PasswordReset => "password_reset".to_owned(),
    };
    let message = format!("{tenant}\n{contact}\n{purpose}\n{}", code.reveal());
    gateway.secret.mac(KeyPurpose::Code, message.as_bytes())
}
