//! Who asks on the admin API: told by the headers `app_id`, `access-token`, `user_id` and `group_id` (behaviour.md §3).
//! The argument that a handler takes is the permission that it needs.

use actix_web::{HttpRequest, http::header::HeaderMap};

use crate::{
    domain::{
        self, Caller, Operator, Visitor,
        access::{self, Door},
    },
    model::{AppId, UserId},
    transport::{
        access::{app, extracts, note, origin, single, token},
        error::Error,
    },
};

/// Anyone, and then `T`. A token is not looked at.
pub(super) struct Outsider<T = ()>(pub(super) Visitor, pub(super) T);

/// The user behind a user's token, or the one in `user_id` that an admin acts as; and then `T`.
pub(super) struct AnyUser<T = ()>(pub(super) Caller, pub(super) T);

/// An admin, and then `T`.
pub(super) struct AdminOnly<T = ()>(pub(super) Operator, pub(super) T);

/// The user in `user_id` that an admin acts as, for what users can't do for themselves; and then `T`.
pub(super) struct AdminAs<T = ()>(pub(super) Caller, pub(super) T);

/// Anyone with a token of the app, and then `T`.
pub(super) struct Member<T = ()>(pub(super) Visitor, pub(super) T);

extracts!(Outsider by outsider);
extracts!(AnyUser by any_user);
extracts!(AdminOnly by admin);
extracts!(AdminAs by admin_as);
extracts!(Member by member);

async fn outsider(req: &HttpRequest) -> Result<Visitor, Error> {
    acting_as(req.headers())?;
    let visitor = access::visitor(app(req)?, app_id(req.headers())?, origin(req)?).await?;
    note(req, visitor.app(), None);
    Ok(visitor)
}

async fn any_user(req: &HttpRequest) -> Result<Caller, Error> {
    let door = door(req)?;
    let for_user = acting_as(req.headers())?;
    let caller = access::user_or_admin_as(app(req)?, door, for_user).await?;
    note(req, caller.app(), Some(caller.user()));
    Ok(caller)
}

async fn admin(req: &HttpRequest) -> Result<Operator, Error> {
    let door = door(req)?;
    acting_as(req.headers())?;
    let operator = access::operator(app(req)?, door).await?;
    note(req, operator.app(), None);
    Ok(operator)
}

async fn admin_as(req: &HttpRequest) -> Result<Caller, Error> {
    let door = door(req)?;
    let for_user = acting_as(req.headers())?;
    let caller = access::admin_as(app(req)?, door, for_user).await?;
    note(req, caller.app(), Some(caller.user()));
    Ok(caller)
}

async fn member(req: &HttpRequest) -> Result<Visitor, Error> {
    let door = door(req)?;
    let for_user = acting_as(req.headers())?;
    let visitor = access::member(app(req)?, door, for_user).await?;
    note(req, visitor.app(), for_user);
    Ok(visitor)
}

fn door(req: &HttpRequest) -> Result<Door, Error> {
    Ok(Door { app: app_id(req.headers())?, origin: origin(req)?, token: token(req.headers(), "access-token")? })
}

fn app_id(headers: &HeaderMap) -> Result<AppId, Error> {
    let name = single(headers, "app_id")?.filter(|name| !name.is_empty());
    Ok(AppId::parse(name.ok_or(domain::Error::AppMissing)?)?)
}

/// The user that an admin acts as. A malformed `user_id` or `group_id` is refused whoever sends it (security.md 25); a
/// group has no effect yet (docs/quirks.md 14).
fn acting_as(headers: &HeaderMap) -> Result<Option<UserId>, Error> {
    let id =
        |name| -> Result<_, Error> { Ok(single(headers, name)?.map(|text| UserId::parse(name, text)).transpose()?) };
    id("group_id")?;
    id("user_id")
}
