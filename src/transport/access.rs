//! Extractors that decide who asks, from the headers. What they hand to a handler can't be made otherwise, so the
//! argument that a handler takes is the permission that it needs.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header::HeaderMap, web::Data};

use super::{context::Context, error::Error};
use crate::{
    app::App,
    domain::{self, Caller, Operator, Visitor, access},
    model::{AppId, Invalid, Problem, Token, UserId},
};

/// `/v1`: anyone, and then `T`. The app is the default one unless the `app_id` header names another.
pub struct Anyone<T = ()>(pub Visitor, pub T);

/// `/v1`: the user behind the `token` header, and then `T`.
pub struct SignedIn<T = ()>(pub Caller, pub T);

/// Admin API: anyone in the app of the `app_id` header, and then `T`. A token is not looked at.
pub struct Outsider<T = ()>(pub Visitor, pub T);

/// Admin API: the user behind the `access-token` header or the one in `user_id` that an admin acts as, and then `T`.
pub struct AnyUser<T = ()>(pub Caller, pub T);

/// Admin API: an admin, and then `T`.
pub struct AdminOnly<T = ()>(pub Operator, pub T);

/// Who a request turned out to be from; for the access log.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The tenant.
    pub app: AppId,
    /// The user that is acted for.
    pub user: Option<UserId>,
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

/// Finds out who asks, and only then reads the rest: a stranger learns nothing of what is wrong with a body.
macro_rules! extracts {
    ($who:ident by $find:path) => {
        impl<T: FromRequest + 'static> FromRequest for $who<T> {
            type Error = actix_web::Error;
            type Future = Extracted<Self>;

            fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let (req, mut payload) = (req.clone(), payload.take());
                Box::pin(async move {
                    let who = $find(&req).await?;
                    Ok(Self(who, T::from_request(&req, &mut payload).await.map_err(Into::into)?))
                })
            }
        }
    };
}

extracts!(Anyone by v1_visitor);
extracts!(SignedIn by v1_user);
extracts!(Outsider by admin_visitor);
extracts!(AnyUser by user_or_admin);
extracts!(AdminOnly by admin);

async fn v1_user(req: &HttpRequest) -> Result<Caller, Error> {
    let token = token(req.headers(), "token")?;
    let visitor = v1_visitor(req).await?;
    let caller = access::user(app(req)?, visitor, token).await?;
    note(req, caller.app(), Some(caller.user()));
    Ok(caller)
}

async fn user_or_admin(req: &HttpRequest) -> Result<Caller, Error> {
    let visitor = admin_visitor(req).await?;
    let token = token(req.headers(), "access-token")?;
    let (for_user, _) = acting_as(req.headers())?;
    let caller = access::user_or_admin_as(app(req)?, visitor, token, for_user).await?;
    note(req, caller.app(), Some(caller.user()));
    Ok(caller)
}

async fn admin(req: &HttpRequest) -> Result<Operator, Error> {
    let visitor = admin_visitor(req).await?;
    let token = token(req.headers(), "access-token")?;
    acting_as(req.headers())?;
    Ok(access::operator(app(req)?, visitor, token).await?)
}

async fn v1_visitor(req: &HttpRequest) -> Result<Visitor, Error> {
    let app = app(req)?;
    let name = match single(req.headers(), "app_id")? {
        Some(name) => AppId::parse(name)?,
        None => app.config.default_app.clone(),
    };
    visitor(req, app, name).await
}

async fn admin_visitor(req: &HttpRequest) -> Result<Visitor, Error> {
    let name = single(req.headers(), "app_id")?.filter(|name| !name.is_empty());
    let name = AppId::parse(name.ok_or(domain::Error::AppMissing)?)?;
    visitor(req, app(req)?, name).await
}

async fn visitor(req: &HttpRequest, app: &App, name: AppId) -> Result<Visitor, Error> {
    let context = Context::get(req).ok_or_else(|| missing("request context"))?;
    let visitor = access::visitor(app, name, context.origin(req.headers())).await?;
    note(req, visitor.app(), None);
    Ok(visitor)
}

/// The token in a header. Without the header there is none; a value that can't be one is unknown.
fn token(headers: &HeaderMap, name: &'static str) -> Result<Option<Token>, Error> {
    match headers.get(name).map(|value| value.to_str().unwrap_or_default()) {
        None | Some("") => Err(domain::Error::TokenMissing.into()),
        Some(text) => Ok(Token::parse(text)),
    }
}

/// The `user_id` and `group_id` headers; malformed ones are refused whoever sends them (security.md 25).
fn acting_as(headers: &HeaderMap) -> Result<(Option<UserId>, Option<i64>), Error> {
    let user = single(headers, "user_id")?.map(|text| UserId::parse("user_id", text)).transpose()?;
    let group = single(headers, "group_id")?.map(|text| UserId::parse("group_id", text)).transpose()?;
    Ok((user, group.map(UserId::get)))
}

/// A header that may stand once.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name);
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(text)), None) => Ok(Some(text)),
        (Some(_), _) => Err(Invalid::new(name, Problem::Malformed).into()),
    }
}

fn app(req: &HttpRequest) -> Result<&App, Error> {
    req.app_data::<Data<App>>().map(Data::get_ref).ok_or_else(|| missing("app"))
}

fn missing(what: &str) -> Error {
    domain::Error::Internal(format!("a listener was set up without its {what}")).into()
}

fn note(req: &HttpRequest, app: &AppId, user: Option<UserId>) {
    req.extensions_mut().insert(Identity { app: app.clone(), user });
}
