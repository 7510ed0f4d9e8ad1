//! Who asks on `/v1`: told by the `token` header, in the default app unless the `app_id` header names another
//! (behaviour.md §4). The argument that a handler takes is the permission that it needs.

use actix_web::HttpRequest;

use crate::{
    domain::{
        Caller, Visitor,
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

extracts!(Guest by guest);
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

fn app_id(req: &HttpRequest) -> Result<AppId, Error> {
    match single(req.headers(), "app_id")? {
        Some(name) => Ok(AppId::parse(name)?),
        None => Ok(app(req)?.config.default_app.clone()),
    }
}
