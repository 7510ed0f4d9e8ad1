//! The admin API: `/user`, `/token`, `/admin/v1`. JSON only, for ops scripts and for SDKs on behalf of a user. Every
//! file but `access`, `answer`, `data` and `params` is a resource: its routes at the top, then their handlers, each of which
//! parses, calls the domain and wraps the answer.

mod access;
mod account_details;
mod account_files;
mod accounts;
mod answer;
mod app_dns;
mod app_mobile;
mod app_password;
mod audit;
mod awards;
mod bans;
mod coins;
mod config;
mod contacts;
mod credentials;
pub(crate) mod data;
mod devices;
mod discovery;
mod overview;
mod params;
mod presence;
mod profile;
mod push;
mod push_targets;
mod roster;
mod sessions;
mod settings;
mod stubs;
mod tenants;
mod uploads;
mod webhooks;

use super::path::Path;

pub use stubs::paths as stub_paths;

/// All paths of the admin API.
pub fn paths() -> Vec<Path> {
    [
        account_details::paths(),
        account_files::paths(),
        accounts::paths(),
        app_dns::paths(),
        app_mobile::paths(),
        app_password::paths(),
        audit::paths(),
        awards::paths(),
        bans::paths(),
        coins::paths(),
        config::paths(),
        contacts::paths(),
        credentials::paths(),
        devices::paths(),
        discovery::paths(),
        overview::paths(),
        presence::paths(),
        profile::paths(),
        push::paths(),
        push_targets::paths(),
        roster::paths(),
        sessions::paths(),
        settings::paths(),
        tenants::paths(),
        uploads::paths(),
        webhooks::paths(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
