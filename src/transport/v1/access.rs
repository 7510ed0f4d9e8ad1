//! The extractors of `/v1`. They authenticate the caller by the `token` header, in the default tenant unless the
//! `app_id` header names another (behaviour.md §4). A handler states the permission that it needs by the extractor it
//! takes.

use actix_web::HttpRequest;

use crate::{
    domain::{
        self, Anonymous, Caller,
        access::{PresentedToken, authenticate},
    },
    model::TenantId,
    transport::{
        access::{extracts, gateway, note, origin, single, token},
        error::Error,
        headers,
    },
};

/// Anyone, with or without a token; and then `T`.
pub(super) struct AsAnonymous<T = ()>(pub(super) Anonymous, pub(super) T);

/// The user behind the token, and then `T`.
pub(super) struct AsCaller<T = ()>(pub(super) Caller, pub(super) T);

/// Anyone, and the user behind the token if it is a valid one; and then `T`.
pub(super) struct AsOptionalCaller<T = ()>(pub(super) (Anonymous, Option<Caller>), pub(super) T);

extracts!(AsAnonymous by anonymous, with [] or ["app_id"]);
extracts!(AsOptionalCaller by optional_caller, with [] or ["app_id"] or ["token"] or ["app_id", "token"]);
extracts!(AsCaller by caller, with ["token"] or ["app_id", "token"]);

async fn anonymous(req: &HttpRequest) -> Result<Anonymous, Error> {
    let anonymous = authenticate::anonymous(gateway(req)?, app_id(req)?, origin(req)?).await?;
    note(req, anonymous.tenant_id(), None);
    Ok(anonymous)
}

async fn caller(req: &HttpRequest) -> Result<Caller, Error> {
    let token = token(req.headers(), &headers::TOKEN)?;
    let presented = PresentedToken { tenant_id: app_id(req)?, origin: origin(req)?, token };
    let caller = authenticate::user(gateway(req)?, presented).await?;
    note(req, caller.tenant_id(), Some(caller.user()));
    Ok(caller)
}

async fn optional_caller(req: &HttpRequest) -> Result<(Anonymous, Option<Caller>), Error> {
    let anonymous = anonymous(req).await?;
    let Ok(Some(token)) = token(req.headers(), &headers::TOKEN) else { return Ok((anonymous, None)) };
    let presented =
        PresentedToken { tenant_id: anonymous.tenant_id().clone(), origin: origin(req)?, token: Some(token) };
    match authenticate::user(gateway(req)?, presented).await {
        Ok(caller) => {
            note(req, caller.tenant_id(), Some(caller.user()));
            Ok((anonymous, Some(caller)))
        }
        Err(domain::Error::TokenUnknown | domain::Error::TokenEnded) => Ok((anonymous, None)),
        Err(error) => Err(error.into()),
    }
}

fn app_id(req: &HttpRequest) -> Result<TenantId, Error> {
    match single(req.headers(), &headers::APP_ID)? {
        Some(name) => Ok(TenantId::parse(name)?),
        None => Ok(gateway(req)?.config.default_app.clone()),
    }
}
