//! Who asks on `/v1`: told by the `token` header, in the default app unless the `app_id` header names another
//! (behaviour.md §4). The argument that a handler takes is the permission that it needs.

use actix_web::HttpRequest;

use crate::{
    domain::{
        self, Caller, Visitor,
        access::{self, Door},
    },
    model::AppId,
    transport::{
        access::{app, extracts, note, origin, single, token},
        error::Error,
    },
};

/// Anyone, with any token or none; and then `T`.
pub(super) struct Guest<T = ()>(pub(super) Visitor, pub(super) T);

/// The user behind the token, and then `T`.
pub(super) struct SignedIn<T = ()>(pub(super) Caller, pub(super) T);

/// Anyone, and the user behind the token if it is a valid one; and then `T`.
pub(super) struct Onlooker<T = ()>(pub(super) (Visitor, Option<Caller>), pub(super) T);

extracts!(Guest by guest);
extracts!(Onlooker by onlooker);
extracts!(SignedIn by signed_in);

async fn guest(req: &HttpRequest) -> Result<Visitor, Error> {
    let visitor = access::visitor(app(req)?, app_id(req)?, origin(req)?).await?;
    note(req, visitor.app(), None);
    Ok(visitor)
}

async fn signed_in(req: &HttpRequest) -> Result<Caller, Error> {
    let token = token(req.headers(), "token")?;
    let door = Door { app: app_id(req)?, origin: origin(req)?, token };
    let caller = access::user(app(req)?, door).await?;
    note(req, caller.app(), Some(caller.user()));
    Ok(caller)
}

async fn onlooker(req: &HttpRequest) -> Result<(Visitor, Option<Caller>), Error> {
    let visitor = guest(req).await?;
    let Ok(Some(token)) = token(req.headers(), "token") else { return Ok((visitor, None)) };
    let door = Door { app: visitor.app().clone(), origin: origin(req)?, token: Some(token) };
    match access::user(app(req)?, door).await {
        Ok(caller) => {
            note(req, caller.app(), Some(caller.user()));
            Ok((visitor, Some(caller)))
        }
        Err(domain::Error::TokenUnknown | domain::Error::TokenEnded) => Ok((visitor, None)),
        Err(error) => Err(error.into()),
    }
}

fn app_id(req: &HttpRequest) -> Result<AppId, Error> {
    match single(req.headers(), "app_id")? {
        Some(name) => Ok(AppId::parse(name)?),
        None => Ok(app(req)?.config.default_app.clone()),
    }
}
