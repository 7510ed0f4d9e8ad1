//! The admin API: `/user`, `/token`. JSON only, for ops scripts and for SDKs in the name of a user. Every file is a
//! resource: its routes on top, then their handlers, each of which parses, calls the domain and wraps the answer.

mod account;
mod answer;
mod params;
mod profile;
mod settings;
mod token;

use actix_web::web::ServiceConfig;

/// All routes of the admin API.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(account::routes).configure(profile::routes).configure(token::routes);
}
