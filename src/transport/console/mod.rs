//! The console for operators, on the ops listener: pages of HTML made on the server, which do what the admin API does
//! through the same domain functions. Each file but those listed here is a page: its routes at the top, then their
//! handlers, then what they show.
//!
//! `session` says who is signed in, `cookie` what the browser keeps, `frame` adds headers and pages for errors, `view` and `chart` have the parts of pages, `texts`
//! their texts in both languages, `values` the fields of forms, `assets` the style sheet and scripts.

mod apps;
mod assets;
mod audit;
mod chart;
mod cookie;
mod discovery;
mod frame;
mod import;
mod medals;
mod overview;
mod playground;
mod session;
mod settings;
mod sign_in;
mod texts;
mod user;
mod users;
mod values;
mod view;

use actix_web::{
    middleware::from_fn,
    web::{Data, ServiceConfig, get, resource, scope, to},
};

use super::{
    context::Face,
    edge::Frame,
    error::{Error, Protocol},
    ops::Readiness,
};
use crate::gateway::Gateway;

/// The routes of the console.
pub fn routes(gateway: &Data<Gateway>, readiness: &Data<Readiness>) -> impl FnOnce(&mut ServiceConfig) {
    let session = cookie::middleware(gateway);
    let frame = Frame::new(gateway, readiness, Face::App);
    move |cfg| {
        let pages = scope("/console")
            .configure(assets::routes)
            .configure(sign_in::routes)
            .configure(overview::routes)
            .configure(apps::routes)
            .configure(audit::routes)
            .configure(discovery::routes)
            .configure(medals::routes)
            .configure(playground::routes)
            .configure(users::routes)
            .configure(import::routes)
            .configure(user::routes)
            .configure(settings::routes)
            .default_service(to(unknown))
            .wrap(from_fn(frame::render))
            .wrap(session)
            .wrap(from_fn(frame::secure_cookies))
            .wrap(from_fn(frame::answer_other_sites))
            .wrap_fn(move |req, service| frame.around(req, service));
        let home = || get().to(async || session::see("/console/"));
        cfg.service(resource("/").route(home())).service(resource("/console").route(home())).service(pages);
    }
}

async fn unknown() -> Result<&'static str, Error> {
    Err(Protocol::NotFound.into())
}
