//! `/v1`: the API of native chat apps and browsers. Every file but `access` and `values` is a resource: its routes at
//! the top, then their handlers, each of which parses, calls the domain and wraps the answer.

mod access;
mod accounts;
mod avatars;
mod coins;
mod contacts;
mod discovery;
mod distribution;
mod export;
mod invitations;
mod notifications;
mod profile;
mod sessions;
mod values;
mod verification;

use super::path::Path;

/// All paths of `/v1`.
pub fn paths() -> Vec<Path> {
    [
        accounts::paths(),
        avatars::paths(),
        coins::paths(),
        contacts::paths(),
        discovery::paths(),
        distribution::paths(),
        export::paths(),
        invitations::paths(),
        notifications::paths(),
        profile::paths(),
        sessions::paths(),
        verification::paths(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
