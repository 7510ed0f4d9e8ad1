//! What the extractors of both APIs share: reading from the headers who asks. The extractors themselves are in
//! `v1/access.rs` and `admin/access.rs`, since each API has headers and rules of its own.

use std::pin::Pin;

use actix_web::{HttpMessage as _, HttpRequest, http::header::HeaderMap, web::Data};

use super::{context::Context, error::Error};
use crate::{
    domain::{self, Origin},
    gateway::Gateway,
    model::{Invalid, Problem, TenantId, Token, UserId},
};

/// Who a request turned out to be from; for the access log.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The user that is acted for.
    pub user: Option<UserId>,
}

/// What an extractor returns in the end.
pub type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

/// Makes an extractor of a struct `$who(pub $asks, pub T)`: finds out who asks, and only then reads the rest, so that a
/// stranger learns nothing of what is wrong with a body.
macro_rules! extracts {
    ($who:ident by $find:path) => {
        impl<T: actix_web::FromRequest + 'static> actix_web::FromRequest for $who<T> {
            type Error = actix_web::Error;
            type Future = $crate::transport::access::Extracted<Self>;

            fn from_request(req: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
                let (req, mut payload) = (req.clone(), payload.take());
                Box::pin(async move {
                    let who = $find(&req).await?;
                    Ok(Self(who, T::from_request(&req, &mut payload).await.map_err(Into::into)?))
                })
            }
        }
    };
}
pub(super) use extracts;

/// The gateway.
///
/// # Errors
/// When a listener was set up without it: a bug.
pub fn gateway(req: &HttpRequest) -> Result<&Gateway, Error> {
    req.app_data::<Data<Gateway>>().map(Data::get_ref).ok_or_else(|| missing("app"))
}

/// Where a request came from.
///
/// # Errors
/// When it did not pass `edge.rs`: a bug.
pub fn origin(req: &HttpRequest) -> Result<Origin, Error> {
    let context = Context::get(req).ok_or_else(|| missing("request context"))?;
    Ok(context.origin(req.headers()))
}

fn missing(what: &str) -> Error {
    domain::Error::Internal(format!("a listener was set up without its {what}")).into()
}

/// The token in a header, `None` when no token looks like that.
///
/// # Errors
/// [`domain::Error::TokenMissing`] without the header.
pub fn token(headers: &HeaderMap, name: &'static str) -> Result<Option<Token>, Error> {
    match single(headers, name) {
        Ok(None | Some("")) => Err(domain::Error::TokenMissing.into()),
        Ok(Some(text)) => Ok(Token::parse(text)),
        Err(_) => Ok(None),
    }
}

/// A header that may stand once.
///
/// # Errors
/// When it stands twice or is no text.
pub fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name);
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(text)), None) => Ok(Some(text)),
        (Some(_), _) => Err(Invalid::new(name, Problem::Malformed).into()),
    }
}

/// Tells the access log who asks.
pub fn note(req: &HttpRequest, tenant: &TenantId, user: Option<UserId>) {
    req.extensions_mut().insert(Identity { tenant_id: tenant.clone(), user });
}
