//! The admin API: `/user`, `/token`, `/admin/v1`. JSON only, for ops scripts and for SDKs in the name of a user. Every file but
//! `access`, `answer` and `params` is a resource: its routes on top, then their handlers, each of which parses, calls the domain and wraps the answer.

mod access;
mod accounts;
mod answer;
mod awards;
mod bans;
mod coins;
mod discovery;
mod params;
mod profile;
mod sessions;
mod settings;

use actix_web::web::ServiceConfig;

/// All routes of the admin API.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(accounts::routes)
        .configure(awards::routes)
        .configure(bans::routes)
        .configure(coins::routes)
        .configure(discovery::routes)
        .configure(profile::routes)
        .configure(sessions::routes);
}
