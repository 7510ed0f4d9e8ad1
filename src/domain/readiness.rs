//! Readiness checks: they use the database and the state, instead of only connecting to them.

use std::time::{Duration, Instant};

use super::{Error, nodes};
use crate::{
    gateway::Gateway,
    secret::{self, KeyPurpose, Secret},
    state::StateServer,
    store::{
        secret_check,
        server::{self, DatabaseServer},
    },
};

/// Checks that the database accepts writes.
pub async fn check_database(gateway: &Gateway) -> Result<(), Error> {
    Ok(gateway.db.check_writable().await?)
}

/// Checks that the state works.
pub async fn check_state(gateway: &Gateway) -> Result<(), Error> {
    Ok(gateway.state.check().await?)
}

/// Checks that the store of images keeps what is put into it; `None` if uploads are off.
pub async fn check_media(gateway: &Gateway) -> Option<Result<(), Error>> {
    let store = gateway.media.as_ref()?;
    // Checks at the same time must not use the same name.
    Some(match gateway.random.bytes::<20>() {
        Ok(bytes) => store.check(&secret::hex(&bytes)).await.map_err(Error::from),
        Err(error) => Err(error.into()),
    })
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

/// A server that this node has asked for its time.
#[derive(Clone, Debug)]
pub struct Asked<T> {
    /// What it said of itself.
    pub server: T,
    /// How far its clock is ahead of this node's.
    pub ahead_ms: i64,
    /// The time to its answer, the shortest of several.
    pub round_trip: Duration,
}

/// The database server; `None` for an embedded database.
pub async fn ask_database(gateway: &Gateway) -> Result<Option<Asked<DatabaseServer>>, Error> {
    ask(gateway, async || gateway.db.read(server::find).await.map_err(Error::from), |server| server.now_ms).await
}

/// The server of the shared state; `None` if the state is in this process.
pub async fn ask_state(gateway: &Gateway) -> Result<Option<Asked<StateServer>>, Error> {
    ask(gateway, async || gateway.state.server().await.map_err(Error::from), |server| server.now_ms).await
}

/// Asks several times, since the first answer may wait for a connection, and returns the fastest answer.
async fn ask<T>(
    gateway: &Gateway,
    question: impl AsyncFn() -> Result<Option<T>, Error>,
    time_of: fn(&T) -> i64,
) -> Result<Option<Asked<T>>, Error> {
    const TIMES: usize = 5;
    let mut fastest: Option<Asked<T>> = None;
    for _ in 0..TIMES {
        let (asked_ms, asked_at) = (gateway.clock.now_ms(), Instant::now());
        let Some(server) = question().await? else { return Ok(None) };
        let (answered_ms, round_trip) = (gateway.clock.now_ms(), asked_at.elapsed());
        if fastest.as_ref().is_none_or(|known| round_trip < known.round_trip) {
            // It looked at its clock somewhere between the question and the answer.
            let ahead_ms = time_of(&server) - i64::midpoint(asked_ms, answered_ms);
            fastest = Some(Asked { server, ahead_ms, round_trip });
        }
    }
    Ok(fastest)
}

/// The tables and sequences of the database that the gateway may not use as it must.
pub async fn forbidden(gateway: &Gateway) -> Result<Vec<String>, Error> {
    Ok(gateway.db.read(server::list_forbidden).await?)
}

/// How many nodes have noted lately that they run.
pub async fn count_nodes(gateway: &Gateway) -> usize {
    nodes::list(gateway).await.0.len()
}
