//! Readiness checks: they use the database and the state, instead of only connecting to them.

use super::Error;
use crate::{
    gateway::Gateway,
    secret::{self, KeyPurpose, Secret},
    store::secret_check,
};

/// Checks that the database accepts writes.
pub async fn check_database(gateway: &Gateway) -> Result<(), Error> {
    Ok(gateway.db.check_writable().await?)
}

/// Checks that the state works.
pub async fn check_state(gateway: &Gateway) -> Result<(), Error> {
    Ok(gateway.state.check().await?)
}

/// The MAC by which a database recognizes its secret.
#[must_use]
pub fn secret_mac(secret: &Secret) -> String {
    secret::hex(&secret.mac(KeyPurpose::Check, b"the secret of this database"))
}

/// Whether the server's secret is the one that the database was first used with: with another one no password would
/// verify. Stores a MAC of the first secret.
pub async fn check_secret(gateway: &Gateway) -> Result<bool, Error> {
    let mac = secret_mac(&gateway.secret);
    let expected = mac.clone();
    let found = gateway.db.read(secret_check::find).await?;
    let stored = match found {
        Some(stored) => stored,
        None => gateway.db.write(move |conn| secret_check::get_or_insert(conn, &mac)).await?,
    };
    Ok(stored == expected)
}
