//! The services of the two faces: their routes and the middleware around them.

use actix_cors::Cors;
use actix_web::{App as HttpApp, http::header::HeaderValue, web::Data};

use super::{
    admin,
    context::Face,
    docs,
    edge::{self, Frame},
    media, neighbours, oauth,
    ops::Readiness,
    path::Path,
    router,
    service::Service,
    socket, v1,
};
use crate::gateway::Gateway;

/// The service of one face: its routes and middleware. The admin API is on the app face only.
pub fn http_app(gateway: &Data<Gateway>, readiness: &Data<Readiness>, face: Face) -> HttpApp<impl Service + use<>> {
    let (has_stubs, has_docs) = (gateway.config.has_neighbour_stubs, gateway.config.has_public_docs);
    let frame = Frame::new(gateway, readiness, face);
    HttpApp::new()
        .app_data(Data::clone(gateway))
        .default_service(router::service(move || paths(face, has_stubs, has_docs)))
        .wrap_fn(edge::render_errors)
        .wrap(cors(gateway))
        .wrap_fn(move |req, service| frame.around(req, service))
}

fn paths(face: Face, has_stubs: bool, has_docs: bool) -> Vec<Path> {
    let mut paths = v1::paths();
    if face == Face::App {
        paths.extend(admin::paths());
        paths.extend(oauth::server_paths());
        paths.extend(neighbours::paths());
        if has_stubs {
            paths.extend(admin::stub_paths());
        }
    }
    paths.extend(oauth::public_paths());
    paths.extend(media::paths());
    paths.extend(socket::paths());
    if has_docs {
        paths.extend(docs::paths());
    }
    paths
}

/// Pages of the configured origins may call the gateway, without cookies; with `--dev`, any page may (behaviour.md §5).
fn cors(gateway: &Data<Gateway>) -> Cors {
    const HEADERS: [&str; 8] =
        ["token", "app_id", "access-token", "user_id", "group_id", "content-type", "accept-language", "x-request-id"];
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers(HEADERS)
        .expose_headers(["x-request-id", "retry-after"])
        .max_age(3600);
    if gateway.config.is_dev {
        cors.allow_any_origin()
    } else {
        let gateway = Data::clone(gateway);
        let is_configured = move |origin: &HeaderValue| {
            gateway.reloadable.load().cors_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        };
        cors.allowed_origin_fn(move |origin, _| is_configured(origin))
    }
}
