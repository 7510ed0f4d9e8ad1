//! What the extractors of both APIs share: reading the caller's identity from the headers. The extractors themselves
//! are in `v1/access.rs` and `admin/access.rs`, since each API has its own headers and rules.

use std::pin::Pin;

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName},
    web::Data,
};

use super::{
    context::{Context, Identity},
    error::{Error, Protocol},
};
use crate::{
    domain::{self, Origin},
    gateway::Gateway,
    model::{Invalid, Problem, TenantId, Token, UserId},
};

/// The future that an extractor returns.
pub type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

/// Implements the extractor for a struct `$extractor(pub Requester, pub T)`: it gets the requester from `$authenticate`
/// and only then extracts `T`, so that an unauthenticated client learns nothing about what is wrong with a body. The
/// lists after it are alternatives of headers, for the OpenAPI document.
macro_rules! extracts {
    ($extractor:ident by $authenticate:path, with $($headers:tt) or +) => {
        impl<T: $crate::transport::openapi::Described> $crate::transport::openapi::Described for $extractor<T> {
            fn describe(operation: &mut $crate::transport::openapi::Description<'_>) {
                $(operation.allow(&$headers);)+
                T::describe(operation);
            }
        }

        impl<T: actix_web::FromRequest + 'static> actix_web::FromRequest for $extractor<T> {
            type Error = actix_web::Error;
            type Future = $crate::transport::access::Extracted<Self>;

            fn from_request(req: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
                let (req, mut payload) = (req.clone(), payload.take());
                Box::pin(async move {
                    let requester = $authenticate(&req).await?;
                    Ok(Self(requester, T::from_request(&req, &mut payload).await.map_err(Into::into)?))
                })
            }
        }
    };
}
pub(super) use extracts;

/// The gateway.
///
/// # Errors
/// When a listener was set up without it, which is a bug.
pub fn gateway(req: &HttpRequest) -> Result<&Gateway, Error> {
    req.app_data::<Data<Gateway>>().map(Data::get_ref).ok_or_else(|| missing("app"))
}

/// The origin of a request.
///
/// # Errors
/// When the request did not pass through `edge.rs`, which is a bug.
pub fn origin(req: &HttpRequest) -> Result<Origin, Error> {
    let context = Context::get(req).ok_or_else(|| missing("request context"))?;
    Ok(context.origin(req.headers()))
}

fn missing(what: &str) -> Error {
    domain::Error::internal(format!("a listener was set up without its {what}")).into()
}

/// The token in a header, or `None` when the value is not in the format of a token.
///
/// # Errors
/// [`Protocol::TokenMissing`] without the header.
pub fn token(headers: &HeaderMap, name: &'static HeaderName) -> Result<Option<Token>, Error> {
    match single(headers, name) {
        Ok(None | Some("")) => Err(Protocol::TokenMissing.into()),
        Ok(Some(text)) => Ok(Token::parse(text)),
        Err(_) => Ok(None),
    }
}

/// A header that may occur at most once.
///
/// # Errors
/// When it occurs more than once or is not text.
pub fn single<'a>(headers: &'a HeaderMap, name: &'static HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name);
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(text)), None) => Ok(Some(text)),
        (Some(_), _) => Err(Invalid::new(name.as_str(), Problem::Malformed).into()),
    }
}

/// Records the caller's identity for the access log.
pub fn note(req: &HttpRequest, tenant: &TenantId, user: Option<UserId>) {
    if let Some(context) = Context::get(req) {
        context.noted.identity.replace(Some(Identity { tenant_id: tenant.clone(), user }));
    }
}
