//! Who is signed in to the console: a signed cookie names an app and its admin token, which is checked at every request.

use actix_session::{
    Session, SessionExt as _, SessionMiddleware,
    config::{BrowserSession, CookieContentSecurity},
    storage::CookieSessionStore,
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Key, SameSite},
    dev::Payload,
    error::InternalError,
    http::{StatusCode, header},
};
use maud::html;
use serde::{Deserialize, Serialize};

use super::{values::Values, view::View};
use crate::{
    domain::{
        self, Operator,
        access::{PresentedToken, authenticate},
    },
    gateway::Gateway,
    model::{AdminTokenId, TenantId, Token},
    secret::KeyPurpose,
    transport::{
        access::{Extracted, gateway, note, origin},
        body,
        error::{Error, Protocol},
    },
};

/// A session that is not used for this long is over.
pub(super) const IDLE_MS: i64 = 30 * 60 * 1000;

/// However much it is used, a session is over after this time.
const MAX_AGE_MS: i64 = 12 * 60 * 60 * 1000;

/// The use of a session is noted at most once in this time, since every note sends the cookie again.
const NOTE_MS: i64 = 60 * 1000;

const COOKIE: &str = "diglot_console";
const SESSION_KEY: &str = "operator";
const CSRF_KEY: &str = "csrf";
const NOTICE_KEY: &str = "notice";
pub(super) const LANGUAGE_KEY: &str = "language";

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

/// The session in the cookie. It names the token by its id: the cookie is of no use outside the console.
#[derive(Deserialize, Serialize)]
struct Stored {
    tenant: String,
    token: i64,
    since_ms: i64,
    used_ms: i64,
}

impl Stored {
    const fn is_over(&self, now_ms: i64) -> bool {
        now_ms - self.used_ms >= IDLE_MS || now_ms - self.since_ms >= MAX_AGE_MS
    }
}

/// The operator who is signed in, and the page for it.
pub(super) struct SignedIn {
    pub(super) operator: Operator,
    pub(super) view: View,
    session: Session,
}

/// The operator who is signed in, with the fields of a form that it has sent from a page of the console.
pub(super) struct Posted(pub(super) SignedIn, pub(super) Values);

/// The fields of a form from the page for signing in.
pub(super) struct PostedByAnyone(pub(super) Values);

impl FromRequest for SignedIn {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Ok(signed_in(&req).await?) })
    }
}

impl FromRequest for Posted {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let signed_in = signed_in(&req).await?;
            let values = posted(&req, &mut payload).await?;
            Ok(Self(signed_in, values))
        })
    }
}

impl FromRequest for PostedByAnyone {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move { Ok(Self(posted(&req, &mut payload).await?)) })
    }
}

/// The fields of a form, which must come from a page of this session.
async fn posted(req: &HttpRequest, payload: &mut Payload) -> Result<Values, actix_web::Error> {
    let bytes = body::read(payload, req.headers()).await.map_err(|unread| Error::from(unread.problem))?;
    let values = Values::parse(&bytes);
    let expected: Option<String> = req.get_session().get(CSRF_KEY).unwrap_or_default();
    match expected {
        Some(expected) if expected == values.get("csrf") => Ok(values),
        Some(_) | None => {
            let view = View::of(req)?;
            let page = view.page_with(StatusCode::FORBIDDEN, view.t.form_expired, &html! { p { (view.t.form_again) } });
            Err(InternalError::from_response("a form of another session", page).into())
        }
    }
}

async fn signed_in(req: &HttpRequest) -> Result<SignedIn, Error> {
    let (gateway, session) = (gateway(req)?, req.get_session());
    let now_ms = gateway.clock.now_ms();
    // A cookie with another key or of another version counts as none.
    let stored: Option<Stored> = session.get(SESSION_KEY).unwrap_or_default();
    let stored = stored.filter(|stored| !stored.is_over(now_ms)).ok_or(Protocol::TokenMissing)?;
    let tenant = TenantId::stored(stored.tenant.clone());
    let operator =
        authenticate::signed_in_operator(gateway, tenant, AdminTokenId(stored.token), origin(req)?).await?;
    note(req, operator.tenant_id(), None);
    if now_ms - stored.used_ms >= NOTE_MS {
        keep(&session, SESSION_KEY, Stored { used_ms: now_ms, ..stored })?;
    }
    let view = View::of(req)?.for_operator(&operator).with_notice(session.remove_as(NOTICE_KEY).and_then(Result::ok));
    Ok(SignedIn { operator, view, session })
}

fn keep<T: Serialize + 'static>(session: &Session, key: &'static str, value: T) -> Result<(), Error> {
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

/// Signs an operator in.
///
/// # Errors
/// Those of [`authenticate::operator`].
pub(super) async fn sign_in(req: &HttpRequest, app: &str, token: &str) -> Result<(), Error> {
    let gateway = gateway(req)?;
    let tenant_id = TenantId::parse(app.trim())?;
    let presented = PresentedToken { tenant_id, origin: origin(req)?, token: Token::parse(token.trim()) };
    let operator = authenticate::operator(gateway, presented).await?;
    let token = operator.token().ok_or(domain::Error::NoPermission)?;
    let (session, now_ms) = (req.get_session(), gateway.clock.now_ms());
    let language: Option<String> = session.get(LANGUAGE_KEY).unwrap_or_default();
    // Forms of before can't be sent any more.
    session.clear();
    session.renew();
    if let Some(language) = language {
        keep(&session, LANGUAGE_KEY, language)?;
    }
    let tenant = operator.tenant_id().as_str().to_owned();
    keep(&session, SESSION_KEY, Stored { tenant, token: token.0, since_ms: now_ms, used_ms: now_ms })
}

/// Sets the language of the pages.
pub(super) fn set_language(req: &HttpRequest, language: &str) -> Result<(), Error> {
    keep(&req.get_session(), LANGUAGE_KEY, language.to_owned())
}

impl SignedIn {
    /// Ends the session.
    pub(super) fn sign_out(&self) {
        self.session.purge();
    }

    /// Continues with the page at `path`, which shows `notice`.
    pub(super) fn done(&self, path: &str, notice: &str) -> Result<HttpResponse, Error> {
        keep(&self.session, NOTICE_KEY, notice.to_owned())?;
        Ok(see(path))
    }
}

/// Continues with the page at `path`.
pub(super) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}
