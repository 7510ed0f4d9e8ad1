//! Tenants and their admin tokens. The command line manages all of them, an admin token those of its own tenant. Running servers pick up every change from the change
//! feed.

use std::collections::BTreeMap;

use super::{Error, Operator, audit::Action, unit_of_work::as_operator};
use crate::{
    gateway::Gateway,
    model::{
        AccessTokenSettings, AdminToken, ClientConfig, Invalid, Problem, RewardChanges, Tenant, TenantId, Token,
        TokenHash,
    },
    secret::{self, KeyPurpose},
    store::{
        admin_tokens::{self, NewAdminToken},
        tenants,
    },
};

/// Creates the operator's tenant, with open registration; false if it exists already.
pub async fn create(gateway: &Gateway, operator: &Operator) -> Result<bool, Error> {
    let target = operator.tenant_id().to_string();
    as_operator(gateway, operator, Action::new("app.create"), target, move |tx| {
        if tenants::find(tx.conn, tx.tenant)?.is_some() {
            tx.set_unchanged();
            return Ok(false);
        }
        tenants::insert(tx.conn, tx.tenant, tx.now_ms)?;
        Ok(true)
    })
    .await
}

/// All tenants, by name.
pub async fn list(gateway: &Gateway) -> Result<Vec<Tenant>, Error> {
    Ok(gateway.db.read(tenants::list).await?)
}

/// The operator's tenant.
///
/// # Errors
/// [`Error::TenantUnknown`].
pub async fn get(gateway: &Gateway, operator: &Operator) -> Result<Tenant, Error> {
    let name = operator.tenant_id().clone();
    gateway.db.read(move |conn| tenants::find(conn, &name)).await?.ok_or(Error::TenantUnknown)
}

/// A tenant's secret, which signs push registrations. It is not stored, but derived from the server's secret, the
/// tenant's id and the version of its secret.
pub(super) fn secret_of(gateway: &Gateway, tenant: &Tenant) -> String {
    derive_secret(gateway, &tenant.id, tenant.secret_version)
}

fn derive_secret(gateway: &Gateway, tenant: &TenantId, version: i32) -> String {
    secret::hex(&gateway.secret.mac(KeyPurpose::AppSecret, format!("{tenant}\n{version}").as_bytes()))
}

/// The secret of the operator's tenant.
///
/// # Errors
/// [`Error::TenantUnknown`].
pub async fn show_secret(gateway: &Gateway, operator: &Operator) -> Result<String, Error> {
    Ok(secret_of(gateway, &get(gateway, operator).await?))
}

/// Replaces the secret of the operator's tenant; signatures with the old secret become invalid.
pub async fn rotate_secret(gateway: &Gateway, operator: &Operator) -> Result<String, Error> {
    let target = operator.tenant_id().to_string();
    let version = as_operator(gateway, operator, Action::new("app.rotate_secret"), target, move |tx| {
        Ok(tenants::bump_secret_version(tx.conn, tx.tenant)?)
    })
    .await?;
    Ok(derive_secret(gateway, operator.tenant_id(), version))
}

/// Opens or closes the operator's tenant for registrations by anonymous requesters.
pub async fn set_registration_open(gateway: &Gateway, operator: &Operator, is_open: bool) -> Result<(), Error> {
    let action = if is_open { Action::new("app.open") } else { Action::new("app.close") };
    as_operator(gateway, operator, action, operator.tenant_id().to_string(), move |tx| {
        Ok(tenants::set_registration_open(tx.conn, tx.tenant, is_open)?)
    })
    .await
}

/// Sets whether push registrations in the operator's tenant must be signed.
pub async fn set_push_sign_required(gateway: &Gateway, operator: &Operator, is_required: bool) -> Result<(), Error> {
    let target = operator.tenant_id().to_string();
    as_operator(gateway, operator, Action::new("app.push_sign"), target, move |tx| {
        Ok(tenants::set_push_sign_required(tx.conn, tx.tenant, is_required)?)
    })
    .await
}

/// Sets what the clients of the operator's tenant ask for when they start.
pub async fn set_client_config(gateway: &Gateway, operator: &Operator, config: ClientConfig) -> Result<(), Error> {
    let target = operator.tenant_id().to_string();
    as_operator(gateway, operator, Action::new("app.client_config"), target, move |tx| {
        Ok(tenants::set_client_config(tx.conn, tx.tenant, &config)?)
    })
    .await
}

/// Changes what the operator's tenant pays its users.
///
/// # Errors
/// [`Error::Invalid`].
pub async fn set_rewards(gateway: &Gateway, operator: &Operator, changes: RewardChanges) -> Result<(), Error> {
    let target = operator.tenant_id().to_string();
    as_operator(gateway, operator, Action::new("app.rewards"), target, move |tx| {
        tenants::lock(tx.conn, tx.tenant)?;
        let known = tenants::find(tx.conn, tx.tenant)?.ok_or(Error::TenantUnknown)?.rewards;
        Ok(tenants::set_rewards(tx.conn, tx.tenant, changes.apply(known)?)?)
    })
    .await
}

/// A change of what access tokens contain; omitted parts stay.
#[derive(Clone, Debug, Default)]
pub struct AccessTokenChanges {
    /// Who they may be for.
    pub audiences: Option<Vec<String>>,
    /// How long they are valid.
    pub lifetime_secs: Option<i64>,
    /// Further claims.
    pub claims: Option<BTreeMap<String, String>>,
}

impl AccessTokenChanges {
    /// Whether nothing is to be changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.audiences.is_none() && self.lifetime_secs.is_none() && self.claims.is_none()
    }
}

/// Changes what the access tokens of the operator's tenant contain.
///
/// # Errors
/// [`Error::Invalid`].
pub async fn set_access_tokens(
    gateway: &Gateway,
    operator: &Operator,
    changes: AccessTokenChanges,
) -> Result<(), Error> {
    let AccessTokenChanges { audiences, lifetime_secs, claims } = changes;
    let audiences = audiences.as_deref().map(AccessTokenSettings::parse_audiences).transpose()?;
    let lifetime_secs = lifetime_secs.map(AccessTokenSettings::parse_lifetime).transpose()?;
    let claims = claims.as_ref().map(AccessTokenSettings::parse_claims).transpose()?;
    let target = operator.tenant_id().to_string();
    as_operator(gateway, operator, Action::new("app.access_tokens"), target, move |tx| {
        tenants::lock(tx.conn, tx.tenant)?;
        let known = tenants::find(tx.conn, tx.tenant)?.ok_or(Error::TenantUnknown)?.access_tokens;
        let new = AccessTokenSettings {
            audiences: audiences.unwrap_or_else(|| known.audiences.clone()),
            lifetime_secs: lifetime_secs.unwrap_or(known.lifetime_secs),
            claims: claims.unwrap_or_else(|| known.claims.clone()),
        };
        Ok(tenants::set_access_tokens(tx.conn, tx.tenant, &new)?)
    })
    .await
}

/// Creates an admin token for the operator's tenant. It expires after `lifetime_ms`; without, it is valid until
/// revoked.
///
/// # Errors
/// [`Error::TenantUnknown`]; [`Error::Invalid`] for an invalid name; [`Error::NameTaken`].
pub async fn create_admin_token(
    gateway: &Gateway,
    operator: &Operator,
    name: &str,
    lifetime_ms: Option<i64>,
) -> Result<Token, Error> {
    let name = admin_token_name(name)?;
    let token = gateway.random.admin_token()?;
    let token_hash = TokenHash::of(&token);
    as_operator(gateway, operator, Action::new("admin_token.create"), name.clone(), move |tx| {
        if tenants::find(tx.conn, tx.tenant)?.is_none() {
            return Err(Error::TenantUnknown);
        }
        let expires_at_ms = lifetime_ms.map(|lifetime_ms| tx.now_ms.saturating_add(lifetime_ms));
        let new = NewAdminToken { tenant: tx.tenant, name: &name, token_hash, now_ms: tx.now_ms, expires_at_ms };
        admin_tokens::insert(tx.conn, &new).map_err(Error::NameTaken.if_taken())
    })
    .await?;
    Ok(token)
}

/// The admin tokens of the operator's tenant, oldest first.
pub async fn list_admin_tokens(gateway: &Gateway, operator: &Operator) -> Result<Vec<AdminToken>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| admin_tokens::list(conn, &tenant)).await?)
}

/// Revokes the admin token of that name; false if there is none.
pub async fn revoke_admin_token(gateway: &Gateway, operator: &Operator, name: String) -> Result<bool, Error> {
    as_operator(gateway, operator, Action::new("admin_token.revoke"), name.clone(), move |tx| {
        let was_there = admin_tokens::revoke(tx.conn, tx.tenant, &name, tx.now_ms)?;
        if !was_there {
            tx.set_unchanged();
        }
        Ok(was_there)
    })
    .await
}

fn admin_token_name(name: &str) -> Result<String, Invalid> {
    const MAX_CHARS: usize = 64;
    let problem = if name.trim().is_empty() {
        Problem::Missing
    } else if name.chars().count() > MAX_CHARS {
        Problem::TooLong { max: MAX_CHARS }
    } else if name.chars().any(char::is_control) {
        Problem::Characters
    } else {
        return Ok(name.to_owned());
    };
    Err(Invalid::new("name", problem))
}
