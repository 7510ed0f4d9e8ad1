//! The style sheet, the scripts and the icon, which are in the binary.

use actix_web::{
    HttpResponse,
    web::{Path, ServiceConfig, get, resource},
};

use crate::transport::error::{Error, Protocol};

const JS: &str = "text/javascript; charset=utf-8";

/// Each file with its type and content.
const FILES: [(&str, &str, &str); 5] = [
    ("style.css", "text/css; charset=utf-8", include_str!("assets/style.css")),
    ("console.js", JS, include_str!("assets/console.js")),
    ("presence.js", JS, include_str!("assets/presence.js")),
    ("import.js", JS, include_str!("assets/import.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/assets/{file}").route(get().to(file)));
}

async fn file(name: Path<String>) -> Result<HttpResponse, Error> {
    let (_, kind, content) = FILES.iter().find(|(known, ..)| *known == name.as_str()).ok_or(Protocol::NotFound)?;
    Ok(HttpResponse::Ok().content_type(*kind).body(*content))
}
