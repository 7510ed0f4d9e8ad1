//! The middleware of the console's pages: their headers, the pages for errors, and what other sites get.

use actix_web::{
    HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, ContentType, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use maud::{DOCTYPE, html};

use super::{
    session::see,
    view::{View, encode, ends_session},
};
use crate::transport::{
    api::Api,
    error::{Error, Protocol},
};

/// Scripts, styles and requests are the console's own; no text of a user can become one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Turns errors into pages, and adds the headers of every page.
pub(super) async fn render(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut res = next.call(req).await?.map_into_boxed_body();
    if let Some(mut page) = error_page(&res)? {
        if let Some(allowed) = res.headers().get(header::ALLOW) {
            page.headers_mut().insert(header::ALLOW, allowed.clone());
        }
        res = ServiceResponse::new(res.request().clone(), page);
    }
    add_headers(res.headers_mut());
    Ok(res)
}

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Answers requests that other sites cause, outside of the session's middleware: browsers send them without the cookie
/// (`SameSite=Strict`), but would take a new one from the answer, which would end the session. A link is opened once
/// more by a page of the console, with the cookie; anything else is refused.
pub(super) async fn answer_other_sites(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is =
        |name: &str, value: &str| req.headers().get(name).is_some_and(|known| known.as_bytes() == value.as_bytes());
    if !is("sec-fetch-site", "cross-site") {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let is_link = req.method() == Method::GET && is("sec-fetch-mode", "navigate");
    let mut res = match req.uri().path_and_query() {
        Some(target) if is_link => reopening(target.as_str()),
        Some(_) | None => HttpResponse::Forbidden().finish(),
    };
    add_headers(res.headers_mut());
    Ok(req.into_response(res))
}

/// A page that opens `target`.
fn reopening(target: &str) -> HttpResponse {
    let page = html! {
        (DOCTYPE)
        meta charset="utf-8";
        meta http-equiv="refresh" content={ "0; url=" (target) };
        title { "diglot" }
        a href=(target) { "diglot" }
    };
    HttpResponse::Ok().content_type(ContentType::html()).body(page.into_string())
}

/// The page for the error in a response, if there is one.
fn error_page(res: &ServiceResponse<BoxBody>) -> Result<Option<HttpResponse>, Error> {
    let status = res.status();
    let (req, error) = (res.request(), res.response().error());
    if res.headers().contains_key(header::CONTENT_TYPE) {
        return Ok(None);
    }
    let known = error.and_then(|error| error.as_error::<Error>());
    if known.is_some_and(ends_session) {
        let next = if req.method() == Method::GET { req.uri().path_and_query().map(ToString::to_string) } else { None };
        let query = next.map_or_else(String::new, |next| format!("?next={}", encode(&next)));
        return Ok(Some(see(&format!("/console/sign-in{query}"))));
    }
    let view = View::of(req)?;
    let shown = match known {
        Some(error) => error.shown(Api::Admin, view.language),
        None if status.is_client_error() || status.is_server_error() => {
            Error::from(Protocol::from(status)).shown(Api::Admin, view.language)
        }
        None => return Ok(None),
    };
    if let Some(cause) = shown.cause.filter(|_| shown.strict_status.is_server_error()) {
        log::error!("{}: {cause:?}", req.path());
    }
    let content = html! {
        p { (shown.text) }
        @if shown.strict_status.is_server_error() { p { a href="/readyz" { (view.t.health) } } }
        p { a href="/console/" { (view.t.overview) } }
    };
    Ok(Some(view.page_with(shown.strict_status, &shown.strict_status.to_string(), &content)))
}

/// Marks cookies as `Secure` for a browser that came by TLS. Outside of the session's middleware, which sets them.
pub(super) async fn secure_cookies(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_secure = req.connection_info().scheme() == "https";
    let mut res = next.call(req).await?.map_into_boxed_body();
    if is_secure {
        mark_secure(res.headers_mut());
    }
    Ok(res)
}

fn mark_secure(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.remove(header::SET_COOKIE).collect();
    for cookie in cookies {
        let marked = [cookie.as_bytes(), b"; Secure"].concat();
        headers.append(header::SET_COOKIE, HeaderValue::from_bytes(&marked).unwrap_or(cookie));
    }
}
