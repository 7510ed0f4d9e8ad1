//! Who asks, for whom, in which app. The values made here can be made nowhere else, so holding one is the permission.

use std::net::{IpAddr, Ipv6Addr};

use super::{Error, lookups, sessions};
use crate::{
    gateway::Gateway,
    model::{AccountStatus, AdminTokenId, DeviceSn, Language, SessionId, Tenant, TenantId, Token, UserId},
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
pub struct Anonymous {
    tenant: Tenant,
    origin: Origin,
}

/// A user acting for itself, or an admin acting as that user.
#[derive(Clone, Debug)]
pub struct Caller {
    tenant_id: TenantId,
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
    tenant_id: TenantId,
    kind: OperatorKind,
}

/// What makes someone an operator.
#[derive(Clone, Debug)]
pub enum OperatorKind {
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

impl Anonymous {
    /// The tenant's name.
    #[must_use]
    pub const fn tenant_id(&self) -> &TenantId {
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
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
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
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// What makes this someone an operator.
    #[must_use]
    pub const fn kind(&self) -> &OperatorKind {
        &self.kind
    }
}

/// What a request shows at the presented: the app that it names, where it comes from, and its token, if it has one that could
/// be one.
#[derive(Clone)]
pub struct PresentedToken {
    /// The app's name.
    pub tenant_id: TenantId,
    /// Where the request came from.
    pub origin: Origin,
    /// The token.
    pub token: Option<Token>,
}

/// Anyone, in an app that exists.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn anonymous(gateway: &Gateway, name: TenantId, origin: Origin) -> Result<Anonymous, Error> {
    Ok(Anonymous { tenant: lookups::tenant(gateway, &name).await?, origin })
}

/// The user behind a user token.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::TokenUnknown`] and [`Error::TokenEnded`].
pub async fn user(gateway: &Gateway, presented: PresentedToken) -> Result<Caller, Error> {
    Ok(user_until(gateway, presented).await?.0)
}

/// The user behind a user token, and when its session ends however much it is used.
///
/// # Errors
/// As [`user`].
pub async fn user_until(gateway: &Gateway, presented: PresentedToken) -> Result<(Caller, i64), Error> {
    let PresentedToken { tenant_id: name, origin, token } = presented;
    let Some(token) = token.filter(|token| !token.is_admin()) else {
        lookups::tenant(gateway, &name).await?;
        return Err(Error::TokenUnknown);
    };
    let session = lookups::session(gateway, &name, sessions::digest(&token)).await?;
    let session = sessions::check(gateway, &name, session).await?;
    let actor = Actor::User { session: session.id, device: session.device };
    Ok((Caller { tenant_id: name, user: session.user, actor, origin }, session.expires_at_ms))
}

/// The user behind a user token, or the user `for_user` that the holder of an admin token acts as.
///
/// # Errors
/// As [`user`] and [`operator`]; [`Error::NoPermission`] when a user token comes with another user's number; for an admin
/// token [`Error::ActForMissing`] without a number and [`Error::UserNotFound`] with an unknown one.
pub async fn user_or_admin_as(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<Caller, Error> {
    if !presented.token.as_ref().is_some_and(Token::is_admin) {
        let caller = user(gateway, presented).await?;
        return match for_user {
            Some(other) if other != caller.user => Err(Error::NoPermission),
            Some(_) | None => Ok(caller),
        };
    }
    let origin = presented.origin.clone();
    let (name, token, is_known) = admin(gateway, presented, for_user).await?;
    match for_user {
        None => Err(Error::ActForMissing),
        Some(_) if !is_known => Err(Error::UserNotFound),
        Some(user) => Ok(Caller { tenant_id: name, user, actor: Actor::Admin(token), origin }),
    }
}

/// The holder of an admin token.
///
/// # Errors
/// [`Error::AppUnknown`], token errors; [`Error::NoPermission`] for a valid user token.
pub async fn operator(gateway: &Gateway, presented: PresentedToken) -> Result<Operator, Error> {
    if !presented.token.as_ref().is_some_and(Token::is_admin) {
        user(gateway, presented).await?;
        return Err(Error::NoPermission);
    }
    let origin = presented.origin.clone();
    let (name, token, _) = admin(gateway, presented, None).await?;
    Ok(Operator { tenant_id: name, kind: OperatorKind::Token(token, origin) })
}

/// The user that an admin acts as: for what a user can't do for itself.
///
/// # Errors
/// As [`user_or_admin_as`]; [`Error::NoPermission`] for a valid user token.
pub async fn impersonator(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<Caller, Error> {
    let caller = user_or_admin_as(gateway, presented, for_user).await?;
    match caller.actor() {
        Actor::Admin(_) => Ok(caller),
        Actor::User { .. } => Err(Error::NoPermission),
    }
}

/// Someone with a token of the app, whoever that is: a user, an admin acting as one, or an admin.
///
/// # Errors
/// As [`user_or_admin_as`], but for an admin token without a number.
pub async fn token_holder(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<Anonymous, Error> {
    let (name, origin) = (presented.tenant_id.clone(), presented.origin.clone());
    if for_user.is_none() && presented.token.as_ref().is_some_and(Token::is_admin) {
        operator(gateway, presented).await?;
    } else {
        user_or_admin_as(gateway, presented, for_user).await?;
    }
    anonymous(gateway, name, origin).await
}

/// The user that an operator with an admin token acts as, in an item of a batch.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::NoPermission`] at the command line.
pub(super) async fn acting_as(gateway: &Gateway, operator: &Operator, user: UserId) -> Result<Caller, Error> {
    let OperatorKind::Token(token, origin) = operator.kind() else { return Err(Error::NoPermission) };
    let tenant = operator.tenant_id().clone();
    if !gateway.db.read(move |conn| users::exists(conn, &tenant, user)).await? {
        return Err(Error::UserNotFound);
    }
    Ok(Caller { tenant_id: operator.tenant_id().clone(), user, actor: Actor::Admin(*token), origin: origin.clone() })
}

/// Someone at the command line of the machine, who may do everything. Never called for a request: a test of the sources
/// sees to that.
#[must_use]
pub const fn command_line(tenant: TenantId) -> Operator {
    Operator { tenant_id: tenant, kind: OperatorKind::CommandLine }
}

/// The same in an app that exists.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn command_line_in(gateway: &Gateway, name: TenantId) -> Result<Operator, Error> {
    Ok(command_line(lookups::tenant(gateway, &name).await?.id))
}

/// Locks the account that a caller acts for, and makes sure that it may still: whatever ended account or session since the
/// request began came first.
pub(super) fn lock_and_recheck(conn: &mut Conn, caller: &Caller) -> Result<(), Error> {
    let account = users::lock_credentials(conn, caller.user)?.ok_or(Error::UserNotFound)?;
    match caller.actor {
        Actor::Admin(_) if account.status == AccountStatus::Deleted => Err(Error::UserNotFound),
        Actor::Admin(_) => Ok(()),
        Actor::User { session, .. } => {
            let live = store::sessions::list_live(conn, caller.user)?;
            if live.iter().any(|live| live.id == session) { Ok(()) } else { Err(Error::TokenEnded) }
        }
    }
}

/// The admin token at the presented, and whether its app has the user `for_user`.
async fn admin(
    gateway: &Gateway,
    presented: PresentedToken,
    for_user: Option<UserId>,
) -> Result<(TenantId, AdminTokenId, bool), Error> {
    let PresentedToken { tenant_id: name, origin: _, token } = presented;
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
    let (name, token, is_known) = gateway.db.read(find).await?;
    if !token.is_valid(gateway.clock.now_ms()) {
        return Err(Error::TokenEnded);
    }
    Ok((name, token.id, is_known))
}
