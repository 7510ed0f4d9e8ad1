//! Passwords: HMAC-SHA-256 with the server's secret, then bcrypt, which alone would cut them at 72 bytes
//! (security.md 3). Hashes taken over from another system are plain bcrypt until their owner's next login.

use std::{collections::HashSet, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::Error;
use crate::{
    gateway::Gateway,
    model::{Password, PasswordHash},
    secret::KeyPurpose,
};

/// What a comparison showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Another password.
    Wrong,
    /// The password.
    Right,
    /// The password, but its hash is not what would be made today.
    RightButOutdated,
}

/// The 3,000 passwords that people choose most often, the most frequent first (security.md 4).
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Whether it is one of the passwords that are tried first, whatever the case.
pub(super) fn is_common(password: &Password) -> bool {
    COMMON.contains(password.lower_case().as_str())
}

/// The hash to store.
///
/// # Errors
/// [`Error::Busy`] when too many wait.
pub(super) async fn hash(gateway: &Gateway, password: &Password) -> Result<String, Error> {
    let work = hash_job(gateway, password);
    gateway.hashing.run(work).await?
}

/// The hash to store, waiting for its turn.
pub(super) async fn hash_in_turn(gateway: &Gateway, password: &Password) -> Result<String, Error> {
    let work = hash_job(gateway, password);
    gateway.hashing.run_in_turn(work).await?
}

/// Compares. Whatever is stored, a wrong password costs the same work: that of one hash at today's cost, so that the time
/// tells nothing (security.md 1).
///
/// # Errors
/// [`Error::Busy`] when too many wait.
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
            // Another system's: it may have hashed another normal form than ours.
            Some((hash, None)) => {
                let results: Vec<_> = forms.iter().map(|form| compare(form.as_bytes(), hash)).collect();
                (results.iter().any(|(is_right, _)| *is_right), results.into_iter().map(|(_, spent)| spent).collect())
            }
        };
        let is_current =
            spent.first() == Some(&Some(cost)) && stored.is_some_and(|s| s.starts_with(PasswordHash::KEYED));
        match (is_right, is_current) {
            (false, _) => {
                // As many as a foreign hash would have cost.
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

/// 43 characters whatever the password's length, without a NUL.
fn keyed(gateway: &Gateway, password: &Password) -> String {
    STANDARD_NO_PAD.encode(gateway.secret.mac(KeyPurpose::Password, password.as_bytes()))
}

/// Whether the password is the one that was hashed, and the cost of finding out, if there was one.
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

/// Does the work that a comparison at `spent` lacks to one at `wanted`. bcrypt at cost c takes 2^c steps, and
/// 2^c + 2^c + 2^(c+1) + … + 2^(w−1) = 2^w.
fn make_up(password: &[u8], spent: Option<u32>, wanted: u32) {
    let costs = spent.map_or(wanted..=wanted, |spent| spent..=wanted.saturating_sub(1));
    for cost in costs {
        // The result is known: nobody's password.
        let hash = format!("$2b${cost:02}$......................abcdefghijklmnopqrstuvwxyz1234C");
        drop(bcrypt::verify(password, &hash));
    }
}
