//! The URL at which a client reached the gateway.

use actix_web::{
    HttpRequest,
    http::header::{FORWARDED, HOST, HeaderMap, HeaderName, X_FORWARDED_HOST, X_FORWARDED_PROTO},
};
use url::Url;

use super::access::gateway;

/// The scheme and the host of the request, behind a trusted proxy those that the proxy reports. `None` if the request names
/// no valid host.
pub fn own_url(req: &HttpRequest) -> Option<Url> {
    let (headers, config) = (req.headers(), &gateway(req).ok()?.config);
    let is_proxied = req.peer_addr().is_some_and(|peer| config.is_trusted_proxy(peer.ip()));
    let reported = |parameter, header| if is_proxied { reported(headers, parameter, header) } else { None };
    // The client's text becomes part of an answer.
    let is_plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte));
    let host = reported("host", X_FORWARDED_HOST).or_else(|| headers.get(HOST)?.to_str().ok()).filter(is_plain)?;
    let scheme = reported("proto", X_FORWARDED_PROTO)
        .and_then(|reported| ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(reported)))
        .unwrap_or_else(|| own_scheme(req));
    Url::parse(&format!("{scheme}://{host}")).ok()
}

/// The scheme that the app and web listeners speak.
pub fn own_scheme(req: &HttpRequest) -> &'static str {
    if gateway(req).is_ok_and(|gateway| gateway.config.tls.is_some()) { "https" } else { "http" }
}

/// What a proxy says about the client's request: in a parameter of `Forwarded` (RFC 7239), else in a header of its own. The
/// first of several proxies is the one that the client reached.
fn reported<'a>(headers: &'a HeaderMap, parameter: &str, header: HeaderName) -> Option<&'a str> {
    let first = |header| headers.get(header)?.to_str().ok()?.split(',').next();
    let value_of = |pair: &'a str| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(parameter).then(|| value.trim().trim_matches('"'))
    };
    let value = first(FORWARDED).and_then(|hop| hop.split(';').find_map(value_of)).or_else(|| first(header));
    value.map(str::trim).filter(|value| !value.is_empty())
}
