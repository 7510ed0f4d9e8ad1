//! The URL at which a client reached the gateway.

use actix_web::HttpRequest;
use url::Url;

/// The scheme and the host of the request, behind a proxy those that the proxy reports. Empty if the request names no
/// valid host.
pub fn own_url(req: &HttpRequest) -> Option<Url> {
    let connection = req.connection_info();
    // The client's text becomes part of an answer.
    let is_plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte));
    let host = Some(connection.host()).filter(is_plain)?;
    Url::parse(&format!("{}://{host}", connection.scheme())).ok()
}
