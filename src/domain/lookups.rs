//! Cached lookups of tenants, tokens and accounts, which nearly every request needs.

use std::sync::Arc;

use super::Error;
use crate::{
    gateway::Gateway,
    model::{
        AccountStatus, AdminToken, PublicDetails, Remark, Remarks, Session, Tenant, TenantId, TokenHash, User, UserId,
    },
    store::{Conn, admin_tokens, remarks, sessions, tenants},
};

/// Looks up a tenant.
///
/// # Errors
/// [`Error::TenantUnknown`].
pub(super) async fn tenant(gateway: &Gateway, id: &TenantId) -> Result<Tenant, Error> {
    if let Some(cached) = gateway.cache.tenant(id) {
        return Ok(cached);
    }
    let (fill_token, wanted) = (gateway.cache.fill_token(), id.clone());
    let found = gateway.db.read(move |conn| find_tenant(conn, &wanted)).await?;
    gateway.cache.put_tenant(fill_token, &found);
    Ok(found)
}

/// Looks up a session by its token. It may have ended.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::TokenUnknown`].
pub(super) async fn session(gateway: &Gateway, tenant: &TenantId, hash: TokenHash) -> Result<Session, Error> {
    if let Some(cached) = gateway.cache.session(tenant, &hash) {
        return Ok(cached);
    }
    let (fill_token, wanted) = (gateway.cache.fill_token(), tenant.clone());
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        match sessions::find_by_token(conn, &wanted, &hash)? {
            Some(found) => Ok(found),
            None => Err(unknown_token(conn, &wanted)?),
        }
    };
    let found = gateway.db.read(find).await?;
    if !found.is_ended && found.status == AccountStatus::Active {
        gateway.cache.put_session(fill_token, tenant, hash, &found);
    }
    Ok(found)
}

/// Looks up an admin token. It may have been revoked or have expired.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::TokenUnknown`].
pub(super) async fn admin_token(gateway: &Gateway, tenant: &TenantId, hash: TokenHash) -> Result<AdminToken, Error> {
    if let Some(cached) = gateway.cache.admin_token(tenant, &hash) {
        return Ok(cached);
    }
    let (fill_token, wanted) = (gateway.cache.fill_token(), tenant.clone());
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        match admin_tokens::find_by_token(conn, &wanted, &hash)? {
            Some(found) => Ok(found),
            None => Err(unknown_token(conn, &wanted)?),
        }
    };
    let found = gateway.db.read(find).await?;
    gateway.cache.put_admin_token(fill_token, tenant, hash, &found);
    Ok(found)
}

/// The error for an unknown token: the tenant may be unknown too, which is then the error.
fn unknown_token(conn: &mut Conn, tenant: &TenantId) -> Result<Error, Error> {
    find_tenant(conn, tenant)?;
    Ok(Error::TokenUnknown)
}

/// Looks up an account of the tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub(super) async fn user(gateway: &Gateway, tenant: &TenantId, id: UserId) -> Result<Arc<User>, Error> {
    match gateway.cache.user(tenant, id) {
        Some(cached) => Ok(cached),
        None => Ok(read_account(gateway, tenant, id).await?.0),
    }
}

/// The account as it is shown: with the URL of its avatar.
pub(super) fn shown(gateway: &Gateway, mut user: User) -> User {
    if let Some(base) = &gateway.config.avatar_base {
        user.avatar_url = base.url_of(&user.avatar_url);
    }
    user
}

/// Looks up an account of the tenant with its public details.
///
/// # Errors
/// [`Error::UserNotFound`].
pub(super) async fn public_account(
    gateway: &Gateway,
    tenant: &TenantId,
    id: UserId,
) -> Result<(Arc<User>, Arc<PublicDetails>), Error> {
    match gateway.cache.public_account(tenant, id) {
        Some(cached) => Ok(cached),
        None => read_account(gateway, tenant, id).await,
    }
}

/// Reads an account and caches it.
async fn read_account(
    gateway: &Gateway,
    tenant: &TenantId,
    id: UserId,
) -> Result<(Arc<User>, Arc<PublicDetails>), Error> {
    let fill_token = gateway.cache.fill_token();
    // Boxed, since most accounts are cached: the futures of all requests would have room for it.
    let found = Box::pin(gateway.account_reads.find((tenant.clone(), id))).await?;
    let (user, details) = found.ok_or(Error::UserNotFound)?;
    let (user, details) = (Arc::new(shown(gateway, user)), details.shared());
    gateway.cache.put_public_account(fill_token, tenant, &user, &details);
    Ok((user, details))
}

/// Looks up the remark of a user about another one.
pub(super) async fn remark(
    gateway: &Gateway,
    tenant: &TenantId,
    user: UserId,
    about: UserId,
) -> Result<Option<Remark>, Error> {
    let all = match gateway.cache.remarks(tenant, user) {
        Some(cached) => cached,
        None if !gateway.cache.is_trusted() => {
            return Ok(gateway.db.read(move |conn| remarks::find(conn, user, about)).await?);
        }
        None => {
            let fill_token = gateway.cache.fill_token();
            let found = Arc::new(gateway.db.read(move |conn| remarks::list(conn, user)).await?);
            gateway.cache.put_remarks(fill_token, tenant, user, &found);
            found
        }
    };
    match &*all {
        Remarks::All(all) => Ok(all.get(&about).cloned()),
        Remarks::TooMany => Ok(gateway.db.read(move |conn| remarks::find(conn, user, about)).await?),
    }
}

/// Reads a tenant from the database.
pub(super) fn find_tenant(conn: &mut Conn, id: &TenantId) -> Result<Tenant, Error> {
    tenants::find(conn, id)?.ok_or(Error::TenantUnknown)
}
