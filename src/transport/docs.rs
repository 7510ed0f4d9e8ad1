//! The OpenAPI document, and a page that shows it and sends requests. On the ops listener, and on the others if
//! `DIGLOT_PUBLIC_DOCS` is set.

use std::sync::{Arc, LazyLock};

use actix_web::{HttpRequest, HttpResponse, http::header, web::Path as PathParts};
use serde_json::{Value, json};
use utoipa_swagger_ui::Config as PageConfig;

use super::{
    error::{Error, Protocol},
    openapi, ops,
    own_url::{own_scheme, own_url},
    path::{self, Path},
};
use crate::domain;

/// The port of the app listener; on the ops listener only.
#[derive(Clone, Copy)]
pub struct AppPort(pub u16);

/// The paths of the document and the page.
pub fn paths() -> Vec<Path> {
    vec![path::page("/openapi.json", openapi_json), path::page("/docs", to_page), path::page("/docs/{file:.*}", page)]
}

/// The document, with the address at which its operations are. Those of the ops listener are on that only.
async fn openapi_json(req: HttpRequest) -> HttpResponse {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);
    let mut document = DOCUMENT.clone();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for path in ops::paths() {
            match paths.get_mut(path.name()).and_then(Value::as_object_mut) {
                Some(item) if req.app_data::<AppPort>().is_some() => {
                    item.insert("servers".to_owned(), json!([{"url": "/"}]));
                }
                _ => drop(paths.remove(path.name())),
            }
        }
    }
    if let Some(object) = document.as_object_mut() {
        object.insert("servers".to_owned(), json!([{"url": api_url(&req)}]));
    }
    HttpResponse::Ok().json(document)
}

/// The base URL of the API: that of the request or, on the ops listener, the app listener on the same host. Empty, as for
/// this page's own address, if the request names no valid host.
pub(super) fn api_url(req: &HttpRequest) -> String {
    let Some(mut url) = own_url(req) else { return String::new() };
    if let Some(AppPort(port)) = req.app_data() {
        url.set_scheme(own_scheme(req)).and_then(|()| url.set_port(Some(*port))).ok();
    }
    url.origin().ascii_serialization()
}

async fn to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// A file of Swagger UI, which is in the binary.
async fn page(req: HttpRequest, file: PathParts<String>) -> Result<HttpResponse, Error> {
    static CONFIG: LazyLock<Arc<PageConfig<'static>>> =
        LazyLock::new(|| Arc::new(PageConfig::from("/openapi.json").validator_url("none")));
    let name = if file.is_empty() { "index.html" } else { file.as_str() };
    let found = utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG))
        .map_err(|error| domain::Error::internal(error.to_string()))?;
    let file = found.ok_or(Protocol::NotFound)?;
    // Swagger UI sets styles of elements. Its requests go to the API.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self' {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        api_url(&req)
    );
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(file.content_type)
        .body(file.bytes.into_owned()))
}
