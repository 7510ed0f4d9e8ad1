//! Who asks, for whom, in which app. The values made here can be made nowhere else, so holding one is the permission.

use std::net::IpAddr;

use super::{Error, sessions};
use crate::{
    app::App,
    model::{AdminTokenId, AppId, SessionId, Token, UserId},
    store::{admin_tokens, apps, users},
};

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The source address, as far as it can be trusted (security.md 11).
    pub address: IpAddr,
    /// The request's id.
    pub request_id: String,
    /// What the client calls itself.
    pub user_agent: String,
}

/// Someone in a known app, without a token.
#[derive(Clone, Debug)]
pub struct Visitor {
    app: AppId,
    is_registration_open: bool,
    origin: Origin,
}

/// A user acting for itself, or an admin acting as that user.
#[derive(Clone, Debug)]
pub struct Caller {
    app: AppId,
    user: UserId,
    actor: Actor,
    origin: Origin,
}

/// Who really acts.
#[derive(Clone, Debug)]
pub enum Actor {
    /// The user itself, in this session.
    User(SessionId),
    /// An admin token.
    Admin(AdminTokenId),
}

/// The holder of an admin token, acting for the app.
#[derive(Clone, Debug)]
pub struct Operator {
    app: AppId,
    token: AdminTokenId,
    origin: Origin,
}

impl Visitor {
    /// The tenant.
    #[must_use]
    pub const fn app(&self) -> &AppId {
        &self.app
    }

    /// Whether the tenant takes new accounts from outside.
    #[must_use]
    pub const fn is_registration_open(&self) -> bool {
        self.is_registration_open
    }

    /// Where the request came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Caller {
    /// The tenant.
    #[must_use]
    pub const fn app(&self) -> &AppId {
        &self.app
    }

    /// The user that is acted for.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Who really acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Where the request came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Operator {
    /// The tenant.
    #[must_use]
    pub const fn app(&self) -> &AppId {
        &self.app
    }

    /// The admin token.
    #[must_use]
    pub const fn token(&self) -> AdminTokenId {
        self.token
    }

    /// Where the request came from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Anyone, in an app that exists.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn visitor(app: &App, name: AppId, origin: Origin) -> Result<Visitor, Error> {
    let found = app.db.read(move |conn| apps::find(conn, &name)).await?;
    let found = found.ok_or(Error::AppUnknown)?;
    Ok(Visitor { app: found.id, is_registration_open: found.is_registration_open, origin })
}

/// The user behind a user token.
///
/// # Errors
/// [`Error::TokenUnknown`] and [`Error::TokenEnded`].
pub async fn user(app: &App, visitor: Visitor, token: Option<Token>) -> Result<Caller, Error> {
    let session = sessions::authenticate(app, &visitor, token.filter(|token| !token.is_admin())).await?;
    Ok(Caller { app: visitor.app, user: session.user, actor: Actor::User(session.id), origin: visitor.origin })
}

/// The user behind a user token, or the user `for_user` that the holder of an admin token acts as.
///
/// # Errors
/// Token errors; [`Error::NoPermission`] when a user token comes with another user's number; for an admin token
/// [`Error::Invalid`] without a number and [`Error::UserNotFound`] with an unknown one.
pub async fn user_or_admin_as(
    app: &App,
    visitor: Visitor,
    token: Option<Token>,
    for_user: Option<UserId>,
) -> Result<Caller, Error> {
    if !token.as_ref().is_some_and(Token::is_admin) {
        let caller = user(app, visitor, token).await?;
        return match for_user {
            Some(other) if other != caller.user => Err(Error::NoPermission),
            Some(_) | None => Ok(caller),
        };
    }
    let operator = operator(app, visitor, token).await?;
    let for_user = for_user.ok_or(Error::ActForMissing)?;
    let tenant = operator.app.clone();
    let found = app.db.read(move |conn| users::find(conn, &tenant, for_user)).await?;
    let found = found.ok_or(Error::UserNotFound)?;
    Ok(Caller { app: operator.app, user: found.id, actor: Actor::Admin(operator.token), origin: operator.origin })
}

/// The holder of an admin token.
///
/// # Errors
/// Token errors; [`Error::NoPermission`] for a valid user token.
pub async fn operator(app: &App, visitor: Visitor, token: Option<Token>) -> Result<Operator, Error> {
    let token = token.ok_or(Error::TokenUnknown)?;
    if !token.is_admin() {
        user(app, visitor, Some(token)).await?;
        return Err(Error::NoPermission);
    }
    let (tenant, hash) = (visitor.app.clone(), sessions::digest(&token));
    let found = app.db.read(move |conn| admin_tokens::find_by_token(conn, &tenant, &hash)).await?;
    let found = found.ok_or(Error::TokenUnknown)?;
    if !found.is_valid(app.clock.now_ms()) {
        return Err(Error::TokenEnded);
    }
    Ok(Operator { app: visitor.app, token: found.id, origin: visitor.origin })
}
