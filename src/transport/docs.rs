//! The OpenAPI document, and a page that shows it and sends requests. On the ops listener, and on the others if
//! `DIGLOT_PUBLIC_DOCS` is set.

use std::sync::{Arc, LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path, ServiceConfig, get, resource},
};
use serde_json::{Value, json};
use utoipa_swagger_ui::Config as PageConfig;

use super::{
    context::Face,
    error::{Error, Protocol},
    openapi,
};
use crate::{domain, gateway::Gateway};

/// The routes of the document and the page.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/openapi.json").route(get().to(openapi_json)))
        .service(resource("/docs").route(get().to(to_page)))
        .service(resource("/docs/{file:.*}").route(get().to(page)));
}

/// The document, with the address at which its operations are.
async fn openapi_json(gateway: Data<Gateway>, req: HttpRequest) -> HttpResponse {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);
    let mut document = DOCUMENT.clone();
    if let Some(object) = document.as_object_mut() {
        object.insert("servers".to_owned(), json!([{"url": server(&gateway, &req)}]));
    }
    HttpResponse::Ok().json(document)
}

/// The base URL of the API: that of the request or, on the ops listener, the app listener on the same host.
fn server(gateway: &Gateway, req: &HttpRequest) -> String {
    let connection = req.connection_info();
    let host = connection.host();
    if req.app_data::<Face>().is_some() {
        return format!("{}://{host}", connection.scheme());
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    format!("http://{name}:{}", gateway.config.listen.port())
}

async fn to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// A file of Swagger UI, which is in the binary.
async fn page(gateway: Data<Gateway>, req: HttpRequest, file: Path<String>) -> Result<HttpResponse, Error> {
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
        server(&gateway, &req)
    );
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(file.content_type)
        .body(file.bytes.into_owned()))
}
