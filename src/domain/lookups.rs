//! What nearly every request asks for first: tenants, sessions and accounts; from this node's memory where that is as good
//! as the database.

use std::sync::Arc;

use super::Error;
use crate::{
    gateway::Gateway,
    model::{AccountStatus, PublicDetails, Session, Tenant, TenantId, TokenHash, User, UserId},
    store::{Conn, apps, bans, medals, personal_data, sessions, users},
};

/// The tenant of that name.
///
/// # Errors
/// [`Error::AppUnknown`].
pub(super) async fn tenant(gateway: &Gateway, name: &TenantId) -> Result<Tenant, Error> {
    if let Some(known) = gateway.cache.tenant(name) {
        return Ok(known);
    }
    let (fill_token, wanted) = (gateway.cache.fill_token(), name.clone());
    let found = gateway.db.read(move |conn| find_tenant(conn, &wanted)).await?;
    gateway.cache.keep_tenant(fill_token, &found);
    Ok(found)
}

/// The session behind a token in that app, ended ones included.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::TokenUnknown`].
pub(super) async fn session(gateway: &Gateway, name: &TenantId, hash: TokenHash) -> Result<Session, Error> {
    if let Some(known) = gateway.cache.session(name, &hash) {
        return Ok(known);
    }
    let (fill_token, wanted) = (gateway.cache.fill_token(), name.clone());
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        find_tenant(conn, &wanted)?;
        sessions::find_by_token(conn, &wanted, &hash)?.ok_or(Error::TokenUnknown)
    };
    let found = gateway.db.read(find).await?;
    if !found.is_ended && found.status == AccountStatus::Active {
        gateway.cache.keep_session(fill_token, name, hash, &found);
    }
    Ok(found)
}

/// The account of that number in that app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub(super) async fn user(gateway: &Gateway, tenant: &TenantId, id: UserId) -> Result<Arc<User>, Error> {
    if let Some(known) = gateway.cache.user(tenant, id) {
        return Ok(known);
    }
    let (fill_token, wanted) = (gateway.cache.fill_token(), tenant.clone());
    let found = gateway.db.read(move |conn| users::find(conn, &wanted, id)).await?;
    let found = Arc::new(found.ok_or(Error::UserNotFound)?);
    gateway.cache.keep_user(fill_token, tenant, &found);
    Ok(found)
}

/// What an account of that app shows beside its row.
pub(super) async fn public_details(
    gateway: &Gateway,
    tenant: &TenantId,
    user: &User,
) -> Result<Arc<PublicDetails>, Error> {
    let id = user.id;
    if let Some(known) = gateway.cache.public_details(tenant, id) {
        return Ok(known);
    }
    let fill_token = gateway.cache.fill_token();
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        let personal = personal_data::find(conn, id)?.unwrap_or_default();
        Ok(PublicDetails { personal, medals: medals::list_of(conn, id)?, ban: bans::find(conn, id)? })
    };
    let found = Arc::new(gateway.db.read(find).await?);
    gateway.cache.keep_public_details(fill_token, tenant, id, &found);
    Ok(found)
}

/// The tenant of that name.
pub(super) fn find_tenant(conn: &mut Conn, name: &TenantId) -> Result<Tenant, Error> {
    apps::find(conn, name)?.ok_or(Error::AppUnknown)
}
