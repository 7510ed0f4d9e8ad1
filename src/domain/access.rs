//! The identity behind a request: who sent it, on whose behalf, in which tenant. These values are only constructed by
//! [`authenticate`] and for the command line, so that having one proves the permission.

pub mod authenticate;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use super::Error;
use crate::model::{AccountStatus, AdminTokenId, DeviceSn, Language, SessionId, Tenant, TenantId, Token, UserId};

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The client's address: that of the peer or, behind trusted proxies, the one that they forward (security.md 11).
    pub address: IpAddr,
    /// The request's id.
    pub request_id: Arc<str>,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// The language of the answer.
    pub language: Language,
}

/// A requester without a token, in a tenant that exists.
#[derive(Clone, Debug)]
pub struct Anonymous {
    tenant: Tenant,
    origin: Origin,
}

/// A user acting for itself, or an operator acting as that user.
#[derive(Clone, Debug)]
pub struct Caller {
    tenant_id: TenantId,
    user: UserId,
    actor: Actor,
}

/// Who acts as the user of a [`Caller`].
#[derive(Clone, Debug)]
pub enum Actor {
    /// The user itself.
    User(LoggedIn),
    /// An operator on the user's behalf.
    Operator(OperatorKind),
}

/// The session of a user acting for itself.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: SessionId,
    /// The device that the session is on.
    pub device: DeviceSn,
    /// Where the request came from.
    pub origin: Origin,
}

/// An operator of a whole tenant.
#[derive(Clone, Debug)]
pub struct Operator {
    tenant_id: TenantId,
    kind: OperatorKind,
}

/// How an operator is authenticated.
#[derive(Clone, Debug)]
pub enum OperatorKind {
    /// An admin token.
    AdminToken(AdminTokenId, Origin),
    /// The command line on the server's machine.
    CommandLine,
}

/// The token that a request presents for authentication.
#[derive(Clone)]
pub struct PresentedToken {
    /// The tenant that the request names.
    pub tenant_id: TenantId,
    /// Where the request came from.
    pub origin: Origin,
    /// The token; `None` when it is malformed.
    pub token: Option<Token>,
}

impl Origin {
    /// The source for rate limits.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        source_of(self.address)
    }
}

/// What one customer gets: the IPv4 address, or the IPv6 /64 (security.md 11).
#[must_use]
pub const fn source_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        },
    }
}

impl Anonymous {
    /// The tenant's id.
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
    /// The tenant's id.
    #[must_use]
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Who acts as the user.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Checks that `user` is the caller's own account.
    ///
    /// # Errors
    /// [`Error::NoPermission`].
    pub fn require_same(&self, user: UserId) -> Result<(), Error> {
        if user == self.user { Ok(()) } else { Err(Error::NoPermission) }
    }

    /// The caller's own session.
    ///
    /// # Errors
    /// [`Error::NoPermission`] for an operator, who has no session.
    pub(super) const fn logged_in(&self) -> Result<&LoggedIn, Error> {
        match &self.actor {
            Actor::User(logged_in) => Ok(logged_in),
            Actor::Operator(_) => Err(Error::NoPermission),
        }
    }
}

impl Actor {
    /// Where the request came from; `None` for the command line.
    pub(super) const fn origin(&self) -> Option<&Origin> {
        match self {
            Self::User(LoggedIn { origin, .. }) => Some(origin),
            Self::Operator(kind) => kind.origin(),
        }
    }
}

impl Operator {
    /// The operator at the command line, who may do everything. Must never be called for a request, which a test of the
    /// sources enforces.
    #[must_use]
    pub const fn command_line(tenant_id: TenantId) -> Self {
        Self { tenant_id, kind: OperatorKind::CommandLine }
    }

    /// The tenant's id.
    #[must_use]
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// The admin token that authenticates the operator; `None` for the command line.
    #[must_use]
    pub const fn token(&self) -> Option<AdminTokenId> {
        match self.kind {
            OperatorKind::AdminToken(token, _) => Some(token),
            OperatorKind::CommandLine => None,
        }
    }

    /// How the operator is authenticated.
    #[must_use]
    pub const fn kind(&self) -> &OperatorKind {
        &self.kind
    }
}

impl OperatorKind {
    /// Where the request came from; `None` for the command line.
    pub(super) const fn origin(&self) -> Option<&Origin> {
        match self {
            Self::AdminToken(_, origin) => Some(origin),
            Self::CommandLine => None,
        }
    }
}

/// Checks that an account of that status may be used; shared by all authentication methods (security.md 7).
pub(super) const fn require_active(status: AccountStatus) -> Result<(), Error> {
    match status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Disabled => Err(Error::AccountDisabled),
        AccountStatus::Deleted => Err(Error::LoginRefused),
    }
}
