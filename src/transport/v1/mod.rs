//! `/v1`: the API of native chat apps and browsers. Every file but `access` and `values` is a resource: its routes at
//! the top, then their handlers, each of which parses, calls the domain and wraps the answer.

mod access;
mod accounts;
mod coins;
mod contacts;
mod discovery;
mod notifications;
mod profile;
mod sessions;
mod values;
mod verification;

use actix_web::web::{self, ServiceConfig};

use super::{
    error::Protocol,
    pb,
    wire::{Reply, json_native},
};

/// All routes of `/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(accounts::routes)
        .configure(coins::routes)
        .configure(contacts::routes)
        .configure(discovery::routes)
        .configure(notifications::routes)
        .configure(profile::routes)
        .configure(sessions::routes)
        .configure(verification::routes)
        .service(json_native("/v1/{unknown:.*}").route(web::route().to(no_such_path)));
}

async fn no_such_path() -> Reply<pb::StatusResponse> {
    Err(Protocol::NotFound.into())
}
