//! Passwords that the gateway gives out to whoever has proved to own an account, for clients that then log in by name
//! and password. Each is valid for one login within five minutes.

use super::{Error, lookups};
use crate::{
    gateway::Gateway,
    model::{Mobile, Password, TenantId},
    secret::{KeyPurpose, hex},
    store::users::Credentials,
};

/// What every one-time password begins with.
const PREFIX: &str = "once-";

const RANDOM_CHARS: usize = 32;

const LIFETIME_MS: i64 = 5 * 60 * 1000;

/// A new one-time password for the account that has that mobile number.
///
/// # Errors
/// [`Error::Unavailable`] without the shared state.
pub(super) async fn issue(
    gateway: &Gateway,
    tenant: &TenantId,
    account: &Credentials,
    mobile: &Mobile,
) -> Result<String, Error> {
    let text = format!("{PREFIX}{}", gateway.random.base62(RANDOM_CHARS)?);
    let mac = mac(gateway, tenant, account, Some(mobile.as_str()), text.as_bytes());
    gateway.state.put_one_time(&id(gateway, text.as_bytes()), mac, LIFETIME_MS, gateway.clock.now()).await?;
    Ok(text)
}

/// Whether it is a one-time password of the account, which is used up by this. A new password of the account or another
/// mobile number voids it.
///
/// # Errors
/// For what has the form of one, [`Error::Unavailable`] without the shared state.
pub(super) async fn take(
    gateway: &Gateway,
    tenant: &TenantId,
    account: Option<&Credentials>,
    password: &Password,
) -> Result<bool, Error> {
    let text = password.as_bytes();
    if text.len() != PREFIX.len() + RANDOM_CHARS || !text.starts_with(PREFIX.as_bytes()) {
        return Ok(false);
    }
    let taken = gateway.state.take_one_time(&id(gateway, text), gateway.clock.now()).await?;
    let (Some(taken), Some(account)) = (taken, account) else { return Ok(false) };
    let user = lookups::user(gateway, tenant, account.user).await?;
    Ok(taken == mac(gateway, tenant, account, user.mobile.as_deref(), text))
}

/// The name under which a one-time password is stored.
fn id(gateway: &Gateway, text: &[u8]) -> String {
    hex(&gateway.secret.mac(KeyPurpose::OneTime, text))
}

fn mac(gateway: &Gateway, tenant: &TenantId, account: &Credentials, mobile: Option<&str>, text: &[u8]) -> [u8; 32] {
    let (user, hash) = (account.user, account.password_hash.as_deref().unwrap_or_default());
    let message = format!("{tenant}\n{user}\n{hash}\n{}\n", mobile.unwrap_or_default());
    gateway.secret.mac(KeyPurpose::OneTime, &[message.as_bytes(), text].concat())
}
