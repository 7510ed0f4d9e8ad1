//! What accounts show of themselves, and what their owners change of it.

use super::{Caller, Error, Visitor, access::Actor, audit::Trail};
use crate::{
    app::App,
    model::{Nickname, User, UserId},
    store::users,
};

/// The caller's own account.
///
/// # Errors
/// [`Error::UserNotFound`] when it was deleted just now.
pub async fn own(app: &App, caller: &Caller) -> Result<User, Error> {
    let (tenant, user) = (caller.app().clone(), caller.user());
    app.db.read(move |conn| users::find(conn, &tenant, user)).await?.ok_or(Error::UserNotFound)
}

/// Another account of the same app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn of(app: &App, visitor: &Visitor, user: UserId) -> Result<User, Error> {
    let tenant = visitor.app().clone();
    app.db.read(move |conn| users::find(conn, &tenant, user)).await?.ok_or(Error::UserNotFound)
}

/// Changes the caller's display name.
///
/// # Errors
/// When the database can't be asked.
pub async fn rename(app: &App, caller: &Caller, name: Nickname) -> Result<(), Error> {
    let (trail, user, now_ms) = (Trail::of_caller(caller), caller.user(), app.clock.now_ms());
    let is_admin = matches!(caller.actor(), Actor::Admin(_));
    app.db
        .write(move |conn| {
            users::set_nickname(conn, user, &name)?;
            if is_admin {
                trail.write(conn, now_ms, "profile.rename", &user.to_string(), "ok")?;
            }
            Ok(())
        })
        .await
}
