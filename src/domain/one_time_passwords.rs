//! Passwords that the gateway gives out to whoever has proved to own an account, for clients that then log in by name
//! and password. Each is valid for one login within five minutes.

use super::{Error, limits::LoginAttempt, passwords::Verdict};
use crate::{
    gateway::Gateway,
    model::{Password, TenantId, UserId},
    secret::{KeyPurpose, hex},
    store::users::Credentials,
};

/// What every one-time password begins with.
const PREFIX: &str = "once-";

const RANDOM_CHARS: usize = 32;

const LIFETIME_MS: i64 = 5 * 60 * 1000;

/// A new one-time password for the account.
///
/// # Errors
/// [`Error::Unavailable`] without the shared state.
pub(super) async fn issue(gateway: &Gateway, tenant: &TenantId, user: UserId) -> Result<String, Error> {
    let text = format!("{PREFIX}{}", gateway.random.base62(RANDOM_CHARS)?);
    let (id, mac) = (id(gateway, text.as_bytes()), mac(gateway, tenant, user, text.as_bytes()));
    gateway.state.put_one_time(&id, mac, LIFETIME_MS, gateway.clock.now()).await?;
    Ok(text)
}

/// Compares a password with the account's own or, if it has the form of a one-time password, with those that were given
/// out; and ends the login by the result.
///
/// # Errors
/// As [`LoginAttempt::compare`]; [`Error::Unavailable`] for a one-time password without the shared state.
pub(super) async fn compare(
    gateway: &Gateway,
    tenant: &TenantId,
    attempt: LoginAttempt,
    found: Option<&Credentials>,
    password: &Password,
) -> Result<Verdict, Error> {
    let text = password.as_bytes();
    if text.len() != PREFIX.len() + RANDOM_CHARS || !text.starts_with(PREFIX.as_bytes()) {
        let stored = found.and_then(|known| known.password_hash.clone());
        return attempt.compare(gateway, password, stored).await;
    }
    // All that the time reveals is the form of the password.
    let known = gateway.state.take_one_time(&id(gateway, text), gateway.clock.now()).await;
    let verdict = known.map_err(Error::from).map(|known| match (known, found) {
        (Some(known), Some(account)) if known == mac(gateway, tenant, account.user, text) => Verdict::Right,
        (Some(_) | None, _) => Verdict::Wrong,
    });
    attempt.end_by(gateway, verdict).await
}

/// The name under which a one-time password is stored.
fn id(gateway: &Gateway, text: &[u8]) -> String {
    hex(&gateway.secret.mac(KeyPurpose::OneTime, text))
}

fn mac(gateway: &Gateway, tenant: &TenantId, user: UserId, text: &[u8]) -> [u8; 32] {
    let message = [format!("{tenant}\n{user}\n").as_bytes(), text].concat();
    gateway.secret.mac(KeyPurpose::OneTime, &message)
}
