//! What nearly every request asks for first: tenants, sessions and accounts; from this node's memory where that is as good
//! as the database.

use std::sync::Arc;

use super::Error;
use crate::{
    app::App,
    model::{AppId, Session, Showcase, Standing, Tenant, TokenHash, User, UserId},
    store::{Conn, apps, bans, medals, personal_data, sessions, users},
};

/// The tenant of that name.
///
/// # Errors
/// [`Error::AppUnknown`].
pub(super) async fn tenant(app: &App, name: &AppId) -> Result<Tenant, Error> {
    if let Some(known) = app.cache.tenant(name) {
        return Ok(known);
    }
    let (ticket, wanted) = (app.cache.ticket(), name.clone());
    let found = app.db.read(move |conn| find_tenant(conn, &wanted)).await?;
    app.cache.keep_tenant(ticket, &found);
    Ok(found)
}

/// The session behind a token in that app, ended ones included.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::TokenUnknown`].
pub(super) async fn session(app: &App, name: &AppId, hash: TokenHash) -> Result<Session, Error> {
    if let Some(known) = app.cache.session(name, &hash) {
        return Ok(known);
    }
    let (ticket, wanted) = (app.cache.ticket(), name.clone());
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        find_tenant(conn, &wanted)?;
        sessions::find_by_token(conn, &wanted, &hash)?.ok_or(Error::TokenUnknown)
    };
    let found = app.db.read(find).await?;
    if !found.is_ended && found.standing == Standing::Active {
        app.cache.keep_session(ticket, name, hash, &found);
    }
    Ok(found)
}

/// The account of that number in that app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub(super) async fn user(app: &App, tenant: &AppId, id: UserId) -> Result<Arc<User>, Error> {
    if let Some(known) = app.cache.user(tenant, id) {
        return Ok(known);
    }
    let (ticket, wanted) = (app.cache.ticket(), tenant.clone());
    let found = app.db.read(move |conn| users::find(conn, &wanted, id)).await?;
    let found = Arc::new(found.ok_or(Error::UserNotFound)?);
    app.cache.keep_user(ticket, tenant, &found);
    Ok(found)
}

/// What an account of that app shows beside its row.
///
/// # Errors
/// When the database can't be asked.
pub(super) async fn showcase(app: &App, tenant: &AppId, user: &User) -> Result<Arc<Showcase>, Error> {
    let id = user.id;
    if let Some(known) = app.cache.showcase(tenant, id) {
        return Ok(known);
    }
    let ticket = app.cache.ticket();
    let find = move |conn: &mut Conn| -> Result<_, Error> {
        let personal = personal_data::find(conn, id)?.unwrap_or_default();
        Ok(Showcase { personal, medals: medals::list_of(conn, id)?, ban: bans::find(conn, id)? })
    };
    let found = Arc::new(app.db.read(find).await?);
    app.cache.keep_showcase(ticket, tenant, id, &found);
    Ok(found)
}

/// The tenant of that name.
pub(super) fn find_tenant(conn: &mut Conn, name: &AppId) -> Result<Tenant, Error> {
    apps::find(conn, name)?.ok_or(Error::AppUnknown)
}
