//! Codes that show who reads the messages sent to a number or an address (security.md 13–16, 19).

use super::{Caller, Error, Visitor, captchas, limits};
use crate::{
    app::App,
    delivery::{Message, Purpose},
    model::{AppId, Code, Contact, UserId},
    secret::Purpose as Key,
    state::{CodeSending, Keep},
    store::users,
};

/// What someone wants a code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To log in or, with a session, to change the account.
    Enter,
    /// To set another password.
    ResetPassword,
}

/// Someone's answer to a captcha.
#[derive(Clone, Copy, Debug)]
pub struct CaptchaAnswer<'a> {
    /// The captcha.
    pub id: &'a str,
    /// What its picture shows.
    pub answer: &'a str,
}

/// What a code can be used for. It is part of what is stored of the code, so a code is worth nothing for another use.
#[derive(Clone, Copy)]
enum Scope {
    /// Asked for without a session: to log in, or to bind the contact to whoever has a session.
    Open,
    /// Asked for in a session: only for that account.
    Account(UserId),
    /// To set another password.
    Reset,
}

/// What a code is used for.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// A login.
    Login,
    /// Binding the contact to an account.
    Bind(UserId),
    /// Cancelling an account.
    Cancel(UserId),
    /// Setting another password.
    Reset,
}

impl Use {
    /// The scopes that allow it.
    fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Login => vec![Scope::Open],
            Self::Bind(user) => vec![Scope::Account(user), Scope::Open],
            Self::Cancel(user) => vec![Scope::Account(user)],
            Self::Reset => vec![Scope::Reset],
        }
    }
}

/// Sends a code to `contact` for someone who answered a captcha: six digits, valid once and for five minutes. With a
/// session (`caller`) it is for that account only. Whether anybody has the contact is not told.
///
/// # Errors
/// [`Error::CaptchaWrong`], [`Error::CodeTooSoon`], [`Error::Busy`]; [`Error::Unavailable`] without the shared state or a
/// provider.
pub async fn send_code(
    app: &App,
    visitor: &Visitor,
    caller: Option<&Caller>,
    contact: Contact,
    wish: Wish,
    captcha: CaptchaAnswer<'_>,
) -> Result<(), Error> {
    captchas::answer(app, visitor, captcha.id, captcha.answer).await?;
    let (scope, purpose) = match (wish, caller) {
        (Wish::ResetPassword, _) => (Scope::Reset, Purpose::PasswordReset),
        (Wish::Enter, Some(caller)) => (Scope::Account(caller.user()), Purpose::Account),
        (Wish::Enter, None) => (Scope::Open, Purpose::Login),
    };
    let slot = app.delivery.slot(&contact)?;
    let (tenant, wanted) = (visitor.app().clone(), contact.clone());
    let owner = app.db.read(move |conn| users::find_by_contact(conn, &tenant, &wanted)).await?;
    let (code, now_ms) = (app.random.code()?, app.clock.now_ms());
    let mac = code_mac(app, visitor.app(), &contact, scope, &code);
    if let CodeSending::TooSoon { until_ms } = app.state.put_code(&key(visitor.app(), &contact), mac, now_ms).await? {
        return Err(Error::CodeTooSoon { wait_secs: limits::secs_until(until_ms, now_ms) });
    }
    let message = Message {
        id: app.random.base62(Message::ID_CHARS)?,
        app: visitor.app().clone(),
        to: contact,
        purpose,
        code,
        language: visitor.origin().language,
        request_id: visitor.origin().request_id.clone(),
    };
    // A password can only be reset where there is an account; nobody else gets mail that they did not ask for.
    slot.send(message, wish == Wish::Enter || owner.is_some());
    Ok(())
}

/// Uses a code up.
///
/// # Errors
/// [`Error::CodeWrong`]; [`Error::Unavailable`] without the shared state.
pub(super) async fn redeem(app: &App, tenant: &AppId, contact: &Contact, code: &Code, wish: Use) -> Result<(), Error> {
    attempt(app, tenant, contact, code, wish, Keep::No).await
}

/// Makes sure that a code is right, and leaves it valid.
///
/// # Errors
/// As [`redeem`].
pub(super) async fn check(app: &App, tenant: &AppId, contact: &Contact, code: &Code, wish: Use) -> Result<(), Error> {
    attempt(app, tenant, contact, code, wish, Keep::Yes).await
}

async fn attempt(
    app: &App,
    tenant: &AppId,
    contact: &Contact,
    code: &Code,
    wish: Use,
    keep: Keep,
) -> Result<(), Error> {
    let macs: Vec<_> = wish.scopes().into_iter().map(|scope| code_mac(app, tenant, contact, scope, code)).collect();
    if app.state.try_code(&key(tenant, contact), &macs, keep, app.clock.now_ms()).await? {
        Ok(())
    } else {
        Err(Error::CodeWrong)
    }
}

/// Makes the codes worthless that were sent to an account's contacts (security.md 8).
///
/// # Errors
/// [`Error::Unavailable`] without the shared state.
pub(super) async fn void_codes(app: &App, tenant: &AppId, contacts: &[Contact]) -> Result<(), Error> {
    for contact in contacts {
        app.state.void_code(&key(tenant, contact)).await?;
    }
    Ok(())
}

fn key(tenant: &AppId, contact: &Contact) -> String {
    format!("{tenant}:{contact}")
}

fn code_mac(app: &App, tenant: &AppId, contact: &Contact, scope: Scope, code: &Code) -> [u8; 32] {
    let scope = match scope {
        Scope::Open => "open".to_owned(),
        Scope::Account(user) => format!("account {user}"),
        Scope::Reset => "reset".to_owned(),
    };
    let message = format!("{tenant}\n{contact}\n{scope}\n{}", code.reveal());
    app.secret.mac(Key::Code, message.as_bytes())
}
