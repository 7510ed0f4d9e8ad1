//! Proofs: signed text that a client gets for what it has proved, and shows in a later request.

use super::Error;
use crate::{
    gateway::Gateway,
    model::{Invalid, Problem, TenantId},
    secret::{KeyPurpose, hex},
};

/// How long a proof is valid.
const LIFETIME_MS: i64 = 15 * 60 * 1000;

/// A proof of `what`.
pub(super) fn prove(gateway: &Gateway, tenant: &TenantId, what: &str) -> String {
    let until_ms = gateway.clock.now_ms().saturating_add(LIFETIME_MS);
    format!("{until_ms}.{}", mac(gateway, tenant, what, until_ms))
}

/// A proof of `what` that serves once.
///
/// # Errors
/// [`Error::Unavailable`] without the shared state.
pub(super) async fn prove_once(gateway: &Gateway, tenant: &TenantId, what: &str) -> Result<String, Error> {
    let proof = prove(gateway, tenant, what);
    let (id, mac) = once(gateway, &proof);
    gateway.state.put_one_time(&id, mac, LIFETIME_MS, gateway.clock.now()).await?;
    Ok(proof)
}

/// Checks a proof of `what`.
///
/// # Errors
/// [`Error::Invalid`] if it is wrong or has expired.
pub(super) fn check(gateway: &Gateway, tenant: &TenantId, what: &str, proof: &str) -> Result<(), Error> {
    let Some((until_ms, shown)) = proof.split_once('.') else { return Err(wrong()) };
    let Ok(until_ms) = until_ms.parse() else { return Err(wrong()) };
    // Compared as keyed hashes, so that the timing reveals nothing about the right one.
    let keyed = |text: &str| gateway.secret.mac(KeyPurpose::OneTime, text.as_bytes());
    let is_right = keyed(&mac(gateway, tenant, what, until_ms)) == keyed(shown);
    if is_right && gateway.clock.now_ms() < until_ms { Ok(()) } else { Err(wrong()) }
}

/// Checks a proof of [`prove_once`], which is used up by this.
///
/// # Errors
/// As [`check`], also if it was used before; [`Error::Unavailable`] without the shared state.
pub(super) async fn check_once(gateway: &Gateway, tenant: &TenantId, what: &str, proof: &str) -> Result<(), Error> {
    check(gateway, tenant, what, proof)?;
    let (id, _) = once(gateway, proof);
    gateway.state.take_one_time(&id, gateway.clock.now()).await?.map(drop).ok_or_else(wrong)
}

/// The name under which a proof is stored until it is used, and its value.
fn once(gateway: &Gateway, proof: &str) -> (String, [u8; 32]) {
    let mac = gateway.secret.mac(KeyPurpose::Proof, proof.as_bytes());
    (hex(&mac), mac)
}

fn wrong() -> Error {
    Invalid::new("sign", Problem::Wrong).into()
}

fn mac(gateway: &Gateway, tenant: &TenantId, what: &str, until_ms: i64) -> String {
    hex(&gateway.secret.mac(KeyPurpose::Proof, format!("{tenant}\n{what}\n{until_ms}").as_bytes()))
}
