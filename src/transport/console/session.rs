//! Who is signed in to the console: a signed cookie names an app and its admin token, which is checked at every request.

use actix_session::{Session, SessionExt as _};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    error::InternalError,
    http::{StatusCode, header},
};
use maud::html;
use serde::{Deserialize, Serialize};

use super::{
    cookie::{is_csrf_token, keep, renew},
    values::Values,
    view::View,
};
use crate::{
    domain::{
        self, Operator,
        access::{PresentedToken, authenticate},
    },
    gateway::Gateway,
    model::{AdminTokenId, TenantId, Token},
    transport::{
        access::{Extracted, gateway, note, origin},
        body,
        error::{Error, Protocol},
    },
};

/// A session that is not used for this long is over.
const IDLE_MS: i64 = 30 * 60 * 1000;

/// However much it is used, a session is over after this time.
const MAX_AGE_MS: i64 = 12 * 60 * 60 * 1000;

/// The use of a session is noted at most once in this time, since every note sends the cookie again.
const NOTE_MS: i64 = 60 * 1000;

/// The length of a session's id.
const ID_CHARS: usize = 32;

const SESSION_KEY: &str = "operator";
const NOTICE_KEY: &str = "notice";

/// The session in the cookie. It names the token by its id: the cookie is of no use outside the console.
#[derive(Deserialize, Serialize)]
struct Stored {
    id: String,
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
    id: String,
    session: Session,
}

/// The operator who is signed in, for what a page asks for by itself: that does not keep the session from being idle, and
/// leaves the cookie as it is, which an answer that comes late would otherwise set back.
pub(super) struct Polling(pub(super) Operator);

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

impl FromRequest for Polling {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Ok(Self(authenticated(&req).await?.0)) })
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
    if is_csrf_token(req, values.get("csrf")) {
        return Ok(values);
    }
    let view = View::of(req)?;
    let page = view.page_with(StatusCode::FORBIDDEN, view.t.form_expired, &html! { p { (view.t.form_again) } });
    Err(InternalError::from_response("a form of another session", page).into())
}

/// The operator whose session the cookie names.
async fn authenticated(req: &HttpRequest) -> Result<(Operator, Stored), Error> {
    let (gateway, session) = (gateway(req)?, req.get_session());
    let now_ms = gateway.clock.now_ms();
    // A cookie with another key or of another version counts as none.
    let stored: Option<Stored> = session.get(SESSION_KEY).unwrap_or_default();
    let stored = stored.filter(|stored| !stored.is_over(now_ms)).ok_or(Protocol::TokenMissing)?;
    let tenant = TenantId::stored(stored.tenant.clone());
    let token = AdminTokenId(stored.token);
    let operator = authenticate::signed_in_operator(gateway, tenant, token, &stored.id, origin(req)?).await?;
    note(req, operator.tenant_id(), None);
    Ok((operator, stored))
}

async fn signed_in(req: &HttpRequest) -> Result<SignedIn, Error> {
    let (operator, stored) = authenticated(req).await?;
    let (session, now_ms) = (req.get_session(), gateway(req)?.clock.now_ms());
    let id = stored.id.clone();
    if now_ms - stored.used_ms >= NOTE_MS {
        keep(&session, SESSION_KEY, Stored { used_ms: now_ms, ..stored })?;
    }
    let notice: Option<String> = session.get(NOTICE_KEY).unwrap_or_default();
    if notice.is_some() {
        // Even the removal of nothing would send the cookie again.
        session.remove(NOTICE_KEY);
    }
    let view = View::of(req)?.for_operator(&operator).with_notice(notice);
    Ok(SignedIn { operator, view, id, session })
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
    renew(req)?;
    let (session, now_ms) = (req.get_session(), gateway.clock.now_ms());
    let tenant = operator.tenant_id().as_str().to_owned();
    let id = gateway.random.base62(ID_CHARS)?;
    keep(&session, SESSION_KEY, Stored { id, tenant, token: token.0, since_ms: now_ms, used_ms: now_ms })
}

impl SignedIn {
    /// Ends the session, for copies of its cookie too.
    pub(super) async fn sign_out(&self, gateway: &Gateway) {
        authenticate::sign_out(gateway, &self.id, MAX_AGE_MS).await;
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
