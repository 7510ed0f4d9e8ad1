//! Who asks, for whom, in which app. The values made here can be made nowhere else, so holding one is the permission.

use std::net::{IpAddr, Ipv6Addr};

use super::{Error, lookups, sessions};
use crate::{
    app::App,
    model::{AdminTokenId, AppId, DeviceSn, Language, SessionId, Standing, Tenant, Token, UserId},
    store::{self, Conn, admin_tokens, users},
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
    /// What the client wants to read.
    pub language: Language,
}

/// Someone in a known app, without a token.
#[derive(Clone, Debug)]
pub struct Visitor {
    tenant: Tenant,
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
#[derive(Clone, Copy, Debug)]
pub enum Actor {
    /// The user itself.
    User {
        /// In this session.
        session: SessionId,
        /// On this device.
        device: DeviceSn,
    },
    /// An admin token.
    Admin(AdminTokenId),
}

/// Someone who acts for a whole app.
#[derive(Clone, Debug)]
pub struct Operator {
    app: AppId,
    office: Office,
}

/// What makes someone an operator.
#[derive(Clone, Debug)]
pub enum Office {
    /// An admin token.
    Token(AdminTokenId, Origin),
    /// The command line of the machine.
    CommandLine,
}

impl Origin {
    /// One source: an IPv4 address, or an IPv6 /64, which is what one customer gets (security.md 11).
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => IpAddr::V4(v4),
                None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
            },
        }
    }
}

impl Visitor {
    /// The tenant's name.
    #[must_use]
    pub const fn app(&self) -> &AppId {
        &self.tenant.id
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
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
    pub const fn actor(&self) -> Actor {
        self.actor
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

    /// What makes this someone an operator.
    #[must_use]
    pub const fn office(&self) -> &Office {
        &self.office
    }
}

/// What a request shows at the door: the app that it names, where it comes from, and its token, if it has one that could
/// be one.
#[derive(Clone)]
pub struct Door {
    /// The app's name.
    pub app: AppId,
    /// Where the request came from.
    pub origin: Origin,
    /// The token.
    pub token: Option<Token>,
}

/// Anyone, in an app that exists.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn visitor(app: &App, name: AppId, origin: Origin) -> Result<Visitor, Error> {
    Ok(Visitor { tenant: lookups::tenant(app, &name).await?, origin })
}

/// The user behind a user token.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::TokenUnknown`] and [`Error::TokenEnded`].
pub async fn user(app: &App, door: Door) -> Result<Caller, Error> {
    Ok(user_until(app, door).await?.0)
}

/// The user behind a user token, and when its session ends however much it is used.
///
/// # Errors
/// As [`user`].
pub async fn user_until(app: &App, door: Door) -> Result<(Caller, i64), Error> {
    let Door { app: name, origin, token } = door;
    let Some(token) = token.filter(|token| !token.is_admin()) else {
        lookups::tenant(app, &name).await?;
        return Err(Error::TokenUnknown);
    };
    let session = lookups::session(app, &name, sessions::digest(&token)).await?;
    let session = sessions::check(app, &name, session).await?;
    let actor = Actor::User { session: session.id, device: session.device };
    Ok((Caller { app: name, user: session.user, actor, origin }, session.expires_at_ms))
}

/// The user behind a user token, or the user `for_user` that the holder of an admin token acts as.
///
/// # Errors
/// As [`user`] and [`operator`]; [`Error::NoPermission`] when a user token comes with another user's number; for an admin
/// token [`Error::ActForMissing`] without a number and [`Error::UserNotFound`] with an unknown one.
pub async fn user_or_admin_as(app: &App, door: Door, for_user: Option<UserId>) -> Result<Caller, Error> {
    if !door.token.as_ref().is_some_and(Token::is_admin) {
        let caller = user(app, door).await?;
        return match for_user {
            Some(other) if other != caller.user => Err(Error::NoPermission),
            Some(_) | None => Ok(caller),
        };
    }
    let origin = door.origin.clone();
    let (name, token, is_known) = admin(app, door, for_user).await?;
    match for_user {
        None => Err(Error::ActForMissing),
        Some(_) if !is_known => Err(Error::UserNotFound),
        Some(user) => Ok(Caller { app: name, user, actor: Actor::Admin(token), origin }),
    }
}

/// The holder of an admin token.
///
/// # Errors
/// [`Error::AppUnknown`], token errors; [`Error::NoPermission`] for a valid user token.
pub async fn operator(app: &App, door: Door) -> Result<Operator, Error> {
    if !door.token.as_ref().is_some_and(Token::is_admin) {
        user(app, door).await?;
        return Err(Error::NoPermission);
    }
    let origin = door.origin.clone();
    let (name, token, _) = admin(app, door, None).await?;
    Ok(Operator { app: name, office: Office::Token(token, origin) })
}

/// The user that an admin acts as: for what a user can't do for itself.
///
/// # Errors
/// As [`user_or_admin_as`]; [`Error::NoPermission`] for a valid user token.
pub async fn admin_as(app: &App, door: Door, for_user: Option<UserId>) -> Result<Caller, Error> {
    let caller = user_or_admin_as(app, door, for_user).await?;
    match caller.actor() {
        Actor::Admin(_) => Ok(caller),
        Actor::User { .. } => Err(Error::NoPermission),
    }
}

/// Someone with a token of the app, whoever that is: a user, an admin acting as one, or an admin.
///
/// # Errors
/// As [`user_or_admin_as`], but for an admin token without a number.
pub async fn member(app: &App, door: Door, for_user: Option<UserId>) -> Result<Visitor, Error> {
    let (name, origin) = (door.app.clone(), door.origin.clone());
    if for_user.is_none() && door.token.as_ref().is_some_and(Token::is_admin) {
        operator(app, door).await?;
    } else {
        user_or_admin_as(app, door, for_user).await?;
    }
    visitor(app, name, origin).await
}

/// The user that an operator with an admin token acts as, in an item of a batch.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::NoPermission`] at the command line.
pub(super) async fn acting_as(app: &App, operator: &Operator, user: UserId) -> Result<Caller, Error> {
    let Office::Token(token, origin) = operator.office() else { return Err(Error::NoPermission) };
    let tenant = operator.app().clone();
    if !app.db.read(move |conn| users::exists(conn, &tenant, user)).await? {
        return Err(Error::UserNotFound);
    }
    Ok(Caller { app: operator.app().clone(), user, actor: Actor::Admin(*token), origin: origin.clone() })
}

/// Someone at the command line of the machine, who may do everything. Never called for a request: a test of the sources
/// sees to that.
#[must_use]
pub const fn command_line(app: AppId) -> Operator {
    Operator { app, office: Office::CommandLine }
}

/// The same in an app that exists.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn command_line_in(app: &App, name: AppId) -> Result<Operator, Error> {
    Ok(command_line(lookups::tenant(app, &name).await?.id))
}

/// Locks the account that a caller acts for, and makes sure that it may still: whatever ended account or session since the
/// request began came first.
pub(super) fn hold(conn: &mut Conn, caller: &Caller) -> Result<(), Error> {
    let account = users::lock_credentials(conn, caller.user)?.ok_or(Error::UserNotFound)?;
    match caller.actor {
        Actor::Admin(_) if account.standing == Standing::Deleted => Err(Error::UserNotFound),
        Actor::Admin(_) => Ok(()),
        Actor::User { session, .. } => {
            let live = store::sessions::list_live(conn, caller.user)?;
            if live.iter().any(|live| live.id == session) { Ok(()) } else { Err(Error::TokenEnded) }
        }
    }
}

/// The admin token at the door, and whether its app has the user `for_user`.
async fn admin(app: &App, door: Door, for_user: Option<UserId>) -> Result<(AppId, AdminTokenId, bool), Error> {
    let Door { app: name, origin: _, token } = door;
    let hash = sessions::digest(&token.ok_or(Error::TokenUnknown)?);
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        let tenant = lookups::find_tenant(conn, &name)?;
        let token = admin_tokens::find_by_token(conn, &tenant.id, &hash)?.ok_or(Error::TokenUnknown)?;
        let is_known = match for_user {
            Some(user) => users::exists(conn, &tenant.id, user)?,
            None => false,
        };
        Ok((tenant.id, token, is_known))
    };
    let (name, token, is_known) = app.db.read(find).await?;
    if !token.is_valid(app.clock.now_ms()) {
        return Err(Error::TokenEnded);
    }
    Ok((name, token.id, is_known))
}
