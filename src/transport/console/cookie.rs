//! The signed cookie of the console: what it holds, under which names.

use actix_session::{
    Session, SessionExt as _, SessionMiddleware,
    config::{BrowserSession, CookieContentSecurity},
    storage::CookieSessionStore,
};
use actix_web::{
    HttpRequest,
    cookie::{Key, SameSite},
};
use serde::Serialize;

use crate::{
    domain,
    gateway::Gateway,
    secret::KeyPurpose,
    transport::{access::gateway, error::Error},
};

const COOKIE: &str = "diglot_console";
const CSRF_KEY: &str = "csrf";
const LANGUAGE_KEY: &str = "language";

/// The middleware that reads and writes the cookie.
pub(super) fn middleware(gateway: &Gateway) -> SessionMiddleware<CookieSessionStore> {
    let half = |name| gateway.secret.mac(KeyPurpose::Console, name);
    let key = Key::from(&[half(b"1"), half(b"2")].concat());
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name(COOKIE.to_owned())
        .cookie_path("/console".to_owned())
        .cookie_same_site(SameSite::Strict)
        .cookie_http_only(true)
        // `frame.rs` adds `Secure` behind a proxy with TLS: the listener itself has none.
        .cookie_secure(false)
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(BrowserSession::default())
        .build()
}

/// Keeps a value in the cookie.
pub(super) fn keep<T: Serialize + 'static>(session: &Session, key: &'static str, value: T) -> Result<(), Error> {
    session.insert(key, value).map_err(|error| domain::Error::internal(error.to_string()).into())
}

/// The token that forms of this session carry; made when the session has none.
pub(super) fn csrf_token(req: &HttpRequest) -> Result<String, Error> {
    const CHARS: usize = 32;
    let session = req.get_session();
    if let Some(token) = session.get(CSRF_KEY).unwrap_or_default() {
        return Ok(token);
    }
    let token = gateway(req)?.random.base62(CHARS)?;
    keep(&session, CSRF_KEY, token.clone())?;
    Ok(token)
}

/// Whether a form carries the token of this session.
pub(super) fn is_csrf_token(req: &HttpRequest, token: &str) -> bool {
    req.get_session().get::<String>(CSRF_KEY).unwrap_or_default().is_some_and(|expected| expected == token)
}

/// The language that was chosen for the pages.
pub(super) fn language(req: &HttpRequest) -> Option<String> {
    req.get_session().get(LANGUAGE_KEY).unwrap_or_default()
}

/// Sets the language of the pages.
pub(super) fn set_language(req: &HttpRequest, language: &str) -> Result<(), Error> {
    keep(&req.get_session(), LANGUAGE_KEY, language.to_owned())
}

/// Empties the cookie but for the language, so that forms from before can't be sent any more.
pub(super) fn renew(req: &HttpRequest) -> Result<(), Error> {
    let (session, language) = (req.get_session(), language(req));
    session.clear();
    session.renew();
    language.map_or(Ok(()), |language| keep(&session, LANGUAGE_KEY, language))
}
