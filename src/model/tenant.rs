//! Tenants and the admin tokens that manage them.

use std::sync::Arc;

use super::{AccessTokenSettings, AdminTokenId, BeforeEvent, Invalid, Problem, Rewards, TenantId};

/// A tenant: an app with accounts of its own.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name.
    pub id: TenantId,
    /// Whether anyone may register.
    pub is_registration_open: bool,
    /// When it was created.
    pub created_at_ms: i64,
    /// The version of its current secret.
    pub secret_version: i32,
    /// Whether a push registration must be signed with the secret.
    pub is_push_sign_required: bool,
    /// What its access tokens contain.
    pub access_tokens: Arc<AccessTokenSettings>,
    /// What its clients ask for when they start.
    pub client_config: ClientConfig,
    /// What it pays its users.
    pub rewards: Rewards,
    /// What its webhooks make the gateway do besides posting.
    pub subscriptions: Subscriptions,
}

impl Tenant {
    /// Whether one of its webhooks is asked before that happens.
    #[must_use]
    pub const fn asks_before(&self, event: BeforeEvent) -> bool {
        match event {
            BeforeEvent::Register => self.subscriptions.asks_before_register,
            BeforeEvent::Login => self.subscriptions.asks_before_login,
        }
    }
}

/// What the clients of a tenant ask for when they start: a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig(Arc<str>);

impl ClientConfig {
    const MAX_BYTES: usize = 16 * 1024;

    /// An object from the store.
    #[must_use]
    pub fn stored(json: String) -> Self {
        Self(json.into())
    }

    /// Checks `json`, which the caller knows to be an object.
    ///
    /// # Errors
    /// When it is too long.
    pub fn parse(json: &str) -> Result<Self, Invalid> {
        let too_long = Invalid::new("client_config", Problem::TooLong { max: Self::MAX_BYTES });
        if json.len() > Self::MAX_BYTES { Err(too_long) } else { Ok(Self(json.into())) }
    }

    /// The JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the webhooks of a tenant subscribe to that no trigger of the database writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// Whether one is asked before an account is registered.
    pub asks_before_register: bool,
    /// Whether one is asked before a login.
    pub asks_before_login: bool,
    /// Whether one hears who is online.
    pub hears_of_presence: bool,
}

/// An admin token without its secret.
#[derive(Clone, Debug)]
pub struct AdminToken {
    /// Its id.
    pub id: AdminTokenId,
    /// The name given at its creation.
    pub name: String,
    /// When it was created.
    pub created_at_ms: i64,
    /// When it expires.
    pub expires_at_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
}

impl AdminToken {
    /// Whether it is neither revoked nor expired at `now_ms`.
    #[must_use]
    pub fn is_valid(&self, now_ms: i64) -> bool {
        self.state(now_ms) == AdminTokenState::Valid
    }

    /// Its state at `now_ms`.
    #[must_use]
    pub fn state(&self, now_ms: i64) -> AdminTokenState {
        if self.revoked_at_ms.is_some() {
            AdminTokenState::Revoked
        } else if self.expires_at_ms.is_some_and(|end| end <= now_ms) {
            AdminTokenState::Expired
        } else {
            AdminTokenState::Valid
        }
    }
}

/// Whether an admin token can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminTokenState {
    /// It can.
    Valid,
    /// Its time is over.
    Expired,
    /// An operator has revoked it.
    Revoked,
}
