//! Passwords: HMAC-SHA-256 with the server's secret, then bcrypt, which alone would cut them at 72 bytes
//! (security.md 3). Hashes taken over from another system are plain bcrypt until their owner's next login.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::Error;
use crate::{app::App, model::Password, secret::Purpose};

/// Stands in front of a hash that was made here.
const KEYED: &str = "hmac-sha256:";

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

/// The hash to store.
///
/// # Errors
/// [`Error::Busy`] when too many wait.
pub(super) async fn hash(app: &App, password: &Password) -> Result<String, Error> {
    let work = hash_job(app, password);
    app.hashing.run(work).await?
}

/// The hash to store, waiting for its turn.
///
/// # Errors
/// When hashing fails.
pub(super) async fn hash_in_turn(app: &App, password: &Password) -> Result<String, Error> {
    let work = hash_job(app, password);
    app.hashing.run_in_turn(work).await?
}

/// Compares. Without a stored hash the same work is done on a constant one, so that the time tells nothing.
///
/// # Errors
/// [`Error::Busy`] when too many wait.
pub(super) async fn verify(app: &App, password: &Password, stored: Option<String>) -> Result<Verdict, Error> {
    let cost = app.config.bcrypt_cost;
    let keyed = keyed(app, password);
    let plain = password.clone();
    let work = move || match &stored {
        None => {
            compare(keyed.as_bytes(), &constant_hash(cost));
            Verdict::Wrong
        }
        Some(stored) => {
            let (is_right, is_current) = match stored.strip_prefix(KEYED) {
                Some(hash) => (compare(keyed.as_bytes(), hash), cost_of(hash) == Some(cost)),
                None => (compare(plain.as_bytes(), stored), false),
            };
            match (is_right, is_current) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOutdated,
            }
        }
    };
    Ok(app.hashing.run(work).await?)
}

fn hash_job(app: &App, password: &Password) -> impl FnOnce() -> Result<String, Error> + Send + 'static {
    let (keyed, cost) = (keyed(app, password), app.config.bcrypt_cost);
    move || match bcrypt::hash(keyed, cost) {
        Ok(hash) => Ok(format!("{KEYED}{hash}")),
        Err(error) => Err(Error::Internal(format!("bcrypt: {error}"))),
    }
}

/// 43 characters whatever the password's length, without a NUL.
fn keyed(app: &App, password: &Password) -> String {
    STANDARD_NO_PAD.encode(app.secret.mac(Purpose::Password, password.as_bytes()))
}

fn compare(password: &[u8], hash: &str) -> bool {
    bcrypt::verify(password, hash).unwrap_or_else(|error| {
        log::error!("a stored password hash is damaged; its owner can't log in: {error}");
        false
    })
}

fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

/// A hash of no known password, at today's cost.
fn constant_hash(cost: u32) -> String {
    format!("$2b${cost:02}$......................abcdefghijklmnopqrstuvwxyz1234C")
}
