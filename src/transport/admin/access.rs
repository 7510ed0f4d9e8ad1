//! The extractors of the admin API. They authenticate the caller by the headers `app_id`, `access-token`, `user_id` and
//! `group_id` (behaviour.md §3). A handler states the permission that it needs by the extractor it takes.

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName},
};

use crate::{
    domain::{
        self, Anonymous, Caller, Operator,
        access::{PresentedToken, authenticate},
    },
    model::{TenantId, UserId},
    transport::{
        access::{extracts, gateway, note, origin, single, token},
        error::{Error, Protocol},
        headers,
    },
};

/// Anyone, and then `T`. A token is ignored.
pub(super) struct AsAnonymous<T = ()>(pub(super) Anonymous, pub(super) T);

/// The user behind a user's token, or the one in `user_id` that an admin acts as; and then `T`.
pub(super) struct AsCaller<T = ()>(pub(super) Caller, pub(super) T);

/// Anyone, and the user behind the token if it is a valid one of a user; and then `T`.
pub(super) struct AsOptionalCaller<T = ()>(pub(super) (Anonymous, Option<Caller>), pub(super) T);

/// An admin, and then `T`.
pub(super) struct AsOperator<T = ()>(pub(super) Operator, pub(super) T);

/// The user in `user_id` that an admin acts as, for operations that users can't do for themselves; and then `T`.
pub(super) struct AsImpersonator<T = ()>(pub(super) Caller, pub(super) T);

/// Anyone with a token of the tenant, and then `T`.
pub(super) struct AsTokenHolder<T = ()>(pub(super) Anonymous, pub(super) T);

extracts!(AsAnonymous by anonymous, with ["app_id"]);
extracts!(AsCaller by caller, with ["access_token", "app_id"] or ["access_token", "app_id", "user_id"]);
extracts!(AsOptionalCaller by optional_caller, with ["app_id"] or ["access_token", "app_id"]);
extracts!(AsOperator by operator, with ["access_token", "app_id"]);
extracts!(AsImpersonator by impersonator, with ["access_token", "app_id", "user_id"]);
extracts!(AsTokenHolder by token_holder, with ["access_token", "app_id"]);

async fn anonymous(req: &HttpRequest) -> Result<Anonymous, Error> {
    acting_as(req.headers())?;
    let anonymous = authenticate::anonymous(gateway(req)?, app_id(req.headers())?, origin(req)?).await?;
    note(req, anonymous.tenant_id(), None);
    Ok(anonymous)
}

async fn caller(req: &HttpRequest) -> Result<Caller, Error> {
    let presented = presented(req)?;
    let for_user = acting_as(req.headers())?;
    let caller = authenticate::user_or_impersonator(gateway(req)?, presented, for_user).await?;
    note(req, caller.tenant_id(), Some(caller.user()));
    Ok(caller)
}

async fn optional_caller(req: &HttpRequest) -> Result<(Anonymous, Option<Caller>), Error> {
    let anonymous = anonymous(req).await?;
    let Ok(presented) = presented(req) else { return Ok((anonymous, None)) };
    match authenticate::user(gateway(req)?, presented).await {
        Ok(caller) => {
            note(req, caller.tenant_id(), Some(caller.user()));
            Ok((anonymous, Some(caller)))
        }
        Err(domain::Error::TokenUnknown | domain::Error::TokenEnded) => Ok((anonymous, None)),
        Err(error) => Err(error.into()),
    }
}

async fn operator(req: &HttpRequest) -> Result<Operator, Error> {
    let presented = presented(req)?;
    acting_as(req.headers())?;
    let operator = authenticate::operator(gateway(req)?, presented).await?;
    note(req, operator.tenant_id(), None);
    Ok(operator)
}

async fn impersonator(req: &HttpRequest) -> Result<Caller, Error> {
    let presented = presented(req)?;
    let for_user = acting_as(req.headers())?;
    let caller = authenticate::impersonator(gateway(req)?, presented, for_user).await?;
    note(req, caller.tenant_id(), Some(caller.user()));
    Ok(caller)
}

async fn token_holder(req: &HttpRequest) -> Result<Anonymous, Error> {
    let presented = presented(req)?;
    let for_user = acting_as(req.headers())?;
    let anonymous = authenticate::token_holder(gateway(req)?, presented, for_user).await?;
    note(req, anonymous.tenant_id(), for_user);
    Ok(anonymous)
}

fn presented(req: &HttpRequest) -> Result<PresentedToken, Error> {
    Ok(PresentedToken {
        tenant_id: app_id(req.headers())?,
        origin: origin(req)?,
        token: token(req.headers(), &headers::ACCESS_TOKEN)?,
    })
}

fn app_id(headers: &HeaderMap) -> Result<TenantId, Error> {
    let name = single(headers, &headers::APP_ID)?.filter(|name| !name.is_empty());
    Ok(TenantId::parse(name.ok_or(Protocol::TenantMissing)?)?)
}

/// The user that an admin acts as. A malformed `user_id` or `group_id` is refused from any caller (security.md 25); a
/// group has no effect yet (docs/quirks.md 14).
fn acting_as(headers: &HeaderMap) -> Result<Option<UserId>, Error> {
    let id = |name: &'static HeaderName| -> Result<_, Error> {
        Ok(single(headers, name)?.map(|text| UserId::parse(name.as_str(), text)).transpose()?)
    };
    id(&headers::GROUP_ID)?;
    id(&headers::USER_ID)
}
