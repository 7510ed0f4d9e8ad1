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

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use super::{
    codec::Encoding,
    error::Protocol,
    path::Path,
    pb,
    wire::{Native, Reply, negotiate},
};

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

/// Refuses unknown paths below `/v1` in the client's encoding.
pub fn unknown(cfg: &mut ServiceConfig) {
    let route = web::route().to(async || -> Reply<pb::StatusResponse> { Err(Protocol::NotFound.into()) });
    let unknown = web::resource("/v1/{unknown:.*}").app_data(Native(Encoding::Json)).wrap(from_fn(negotiate));
    cfg.service(unknown.route(route));
}
