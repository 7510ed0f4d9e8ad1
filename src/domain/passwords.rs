//! Password hashing: HMAC-SHA-256 with the server's secret, then bcrypt, which on its own would truncate passwords at
//! 72 bytes (security.md 3). Hashes imported from another system stay plain bcrypt until the account's next login.

use std::{collections::HashSet, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::Error;
use crate::{
    gateway::Gateway,
    model::{Password, PasswordHash},
    secret::KeyPurpose,
};

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The password is wrong.
    Wrong,
    /// The password is right.
    Right,
    /// The password is right, but its hash has an outdated format or cost.
    RightButOutdated,
}

/// The 3,000 most common passwords, the most frequent first (security.md 4).
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Whether a password is among the most common ones, ignoring case.
pub(super) fn is_common(password: &Password) -> bool {
    COMMON.contains(password.lower_case().as_str())
}

/// Hashes a password for storage.
///
/// # Errors
/// [`Error::Busy`] if the hashing queue is full.
pub(super) async fn hash(gateway: &Gateway, password: &Password) -> Result<String, Error> {
    let work = hash_job(gateway, password);
    gateway.hashing.run(work).await?
}

/// Hashes a password for storage, and waits instead of failing while the hashing queue is full.
pub(super) async fn hash_in_turn(gateway: &Gateway, password: &Password) -> Result<String, Error> {
    let work = hash_job(gateway, password);
    gateway.hashing.run_in_turn(work).await?
}

/// Compares a password with a stored hash. Whatever is stored, a wrong password takes as long as a hash at the
/// configured cost, so that the timing does not reveal whether an account exists (security.md 1).
///
/// # Errors
/// [`Error::Busy`] if the hashing queue is full.
pub(super) async fn verify(gateway: &Gateway, password: &Password, stored: Option<String>) -> Result<Verdict, Error> {
    let cost = gateway.config.bcrypt_cost;
    let (keyed, forms) = (keyed(gateway, password), password.foreign_forms());
    let work = move || {
        let stored = stored.as_deref();
        let (is_right, spent) = match stored.map(|stored| (stored, stored.strip_prefix(PasswordHash::KEYED))) {
            None => (false, Vec::new()),
            Some((_, Some(hash))) => {
                let (is_right, spent) = compare(keyed.as_bytes(), hash);
                (is_right, vec![spent])
            }
            // An imported hash: the other system may have used another Unicode normalization.
            Some((hash, None)) => {
                let results: Vec<_> = forms.iter().map(|form| compare(form.as_bytes(), hash)).collect();
                (results.iter().any(|(is_right, _)| *is_right), results.into_iter().map(|(_, spent)| spent).collect())
            }
        };
        let is_current =
            spent.first() == Some(&Some(cost)) && stored.is_some_and(|s| s.starts_with(PasswordHash::KEYED));
        match (is_right, is_current) {
            (false, _) => {
                // As many comparisons as an imported hash takes.
                for at in 0..forms.len() {
                    make_up(keyed.as_bytes(), spent.get(at).copied().flatten(), cost);
                }
                Verdict::Wrong
            }
            (true, true) => Verdict::Right,
            (true, false) => Verdict::RightButOutdated,
        }
    };
    Ok(gateway.hashing.run(work).await?)
}

fn hash_job(gateway: &Gateway, password: &Password) -> impl FnOnce() -> Result<String, Error> + Send + 'static {
    let (keyed, cost) = (keyed(gateway, password), gateway.config.bcrypt_cost);
    move || match bcrypt::hash(keyed, cost) {
        Ok(hash) => Ok(format!("{}{hash}", PasswordHash::KEYED)),
        Err(error) => Err(Error::internal(format!("bcrypt: {error}"))),
    }
}

/// The keyed hash of a password as text: always 43 characters without a NUL, which bcrypt can process in full.
fn keyed(gateway: &Gateway, password: &Password) -> String {
    STANDARD_NO_PAD.encode(gateway.secret.mac(KeyPurpose::Password, password.as_bytes()))
}

/// Whether the password matches the hash, and the bcrypt cost that was spent, if any.
fn compare(password: &[u8], hash: &str) -> (bool, Option<u32>) {
    match bcrypt::verify(password, hash) {
        Ok(is_right) => (is_right, cost_of(hash)),
        Err(error) => {
            log::error!("a stored password hash is damaged; its owner can't log in: {error}");
            (false, None)
        }
    }
}

fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

/// Adds the work that a comparison at cost `spent` lacks compared to one at cost `wanted`. bcrypt at cost c takes 2^c
/// steps, and 2^c + 2^c + 2^(c+1) + … + 2^(w−1) = 2^w.
fn make_up(password: &[u8], spent: Option<u32>, wanted: u32) {
    let costs = spent.map_or(wanted..=wanted, |spent| spent..=wanted.saturating_sub(1));
    for cost in costs {
        // A constant hash: only the time that the comparison takes matters.
        let hash = format!("$2b${cost:02}$......................abcdefghijklmnopqrstuvwxyz1234C");
        drop(bcrypt::verify(password, &hash));
    }
}
