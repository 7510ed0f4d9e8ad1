//! What admins give to users: VIP time and medals.

use super::{Error, Operator, accounts::require_user, audit::change};
use crate::{
    gateway::Gateway,
    model::{Medal, MedalDefinition, MedalId, Page, UserId},
    store::{medals, users},
};

/// Makes a user a VIP for `days` more, from now or from the end of what it has.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn grant_vip(gateway: &Gateway, operator: &Operator, id: UserId, days: i64) -> Result<(), Error> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let (tenant, now_ms) = (operator.tenant_id().clone(), gateway.clock.now_ms());
    change(gateway, operator, "vip.grant", format!("{id}: {days} days"), move |conn| {
        users::lock(conn, id)?;
        let user = users::find(conn, &tenant, id)?.ok_or(Error::UserNotFound)?;
        let start_ms = user.vip_expires_at_ms.max(now_ms);
        Ok(users::set_vip_end(conn, id, start_ms.saturating_add(days.saturating_mul(DAY_MS)))?)
    })
    .await
}

/// Makes a medal.
///
/// # Errors
/// [`Error::NameTaken`] when the app has one of that name.
pub async fn define_medal(gateway: &Gateway, operator: &Operator, new: MedalDefinition) -> Result<MedalId, Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "medal.define", new.name.clone(), move |conn| {
        medals::insert(conn, &tenant, &new).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// A page of the app's medals, in their order.
pub async fn list_medals(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Vec<Medal>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| medals::list(conn, &tenant, page)).await?)
}

/// Gives a medal to a user; twice is once.
///
/// # Errors
/// [`Error::UserNotFound`], [`Error::MedalNotFound`].
pub async fn grant_medal(gateway: &Gateway, operator: &Operator, id: UserId, medal: MedalId) -> Result<(), Error> {
    let (tenant, now_ms) = (operator.tenant_id().clone(), gateway.clock.now_ms());
    change(gateway, operator, "medal.grant", format!("{id}: {}", medal.0), move |conn| {
        users::lock(conn, id)?;
        require_user(conn, &tenant, id)?;
        if !medals::exists(conn, &tenant, medal)? {
            return Err(Error::MedalNotFound);
        }
        Ok(medals::grant(conn, id, medal, now_ms)?)
    })
    .await
}

/// Takes a medal from a user; a user without it stays without it.
///
/// # Errors
/// [`Error::UserNotFound`], [`Error::MedalNotFound`].
pub async fn revoke_medal(gateway: &Gateway, operator: &Operator, id: UserId, medal: MedalId) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "medal.revoke", format!("{id}: {}", medal.0), move |conn| {
        require_user(conn, &tenant, id)?;
        if !medals::exists(conn, &tenant, medal)? {
            return Err(Error::MedalNotFound);
        }
        Ok(medals::revoke(conn, id, medal)?)
    })
    .await
}
