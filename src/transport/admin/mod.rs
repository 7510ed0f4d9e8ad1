//! The admin API: `/user`, `/token`, `/admin/v1`. JSON only, for ops scripts and for SDKs on behalf of a user. Every
//! file but `access`, `answer` and `params` is a resource: its routes at the top, then their handlers, each of which
//! parses, calls the domain and wraps the answer.

mod access;
mod accounts;
mod answer;
mod app_dns;
mod awards;
mod bans;
mod coins;
mod contacts;
mod credentials;
mod devices;
mod discovery;
mod params;
mod presence;
mod profile;
mod push;
mod roster;
mod sessions;
mod settings;

use actix_web::{
    FromRequest, Handler, Resource, Responder,
    web::{self, ServiceConfig, post, put},
};

/// All routes of the admin API.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(accounts::routes)
        .configure(app_dns::routes)
        .configure(awards::routes)
        .configure(bans::routes)
        .configure(coins::routes)
        .configure(contacts::routes)
        .configure(credentials::routes)
        .configure(devices::routes)
        .configure(discovery::routes)
        .configure(presence::routes)
        .configure(profile::routes)
        .configure(push::routes)
        .configure(roster::routes)
        .configure(sessions::routes)
        .configure(settings::routes);
}

/// A path that handles PUT and POST alike, as the admin document has for most paths.
fn put_or_post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(put().to(handler.clone())).route(post().to(handler))
}
