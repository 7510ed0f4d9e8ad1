//! What operators grant to users: VIP time and medals.

use super::{
    Error, Operator,
    audit::{Action, Target},
    unit_of_work::as_operator,
};
use crate::{
    gateway::Gateway,
    model::{Days, Listing, Medal, MedalDefinition, MedalId, Page, UserId},
    store::{medals, users},
};

/// Extends a user's VIP time by `days`, starting from its current end or, if that has passed, from now.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn grant_vip(gateway: &Gateway, operator: &Operator, id: UserId, days: Days) -> Result<(), Error> {
    let target = Target::of(id, format!("{id}: {} days", days.get()));
    as_operator(gateway, operator, Action::new("vip.grant"), target, move |tx| {
        tx.lock_user(id)?;
        let user = users::find(tx.conn, tx.tenant, id)?.ok_or(Error::UserNotFound)?;
        let start_ms = user.vip_expires_at_ms.max(tx.now_ms);
        Ok(users::set_vip_end(tx.conn, id, start_ms.saturating_add(days.ms()))?)
    })
    .await
}

/// Creates a medal.
///
/// # Errors
/// [`Error::NameTaken`] if the tenant has a medal of that name.
pub async fn define_medal(gateway: &Gateway, operator: &Operator, new: MedalDefinition) -> Result<MedalId, Error> {
    as_operator(gateway, operator, Action::new("medal.define"), new.name.clone(), move |tx| {
        medals::insert(tx.conn, tx.tenant, &new).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// A page of the medals of the operator's tenant, in their display order.
pub async fn list_medals(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Listing<Medal>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| medals::list(conn, &tenant, page)).await?)
}

/// Grants a medal to a user; no effect if the user has it.
///
/// # Errors
/// [`Error::UserNotFound`], [`Error::MedalNotFound`].
pub async fn grant_medal(gateway: &Gateway, operator: &Operator, id: UserId, medal: MedalId) -> Result<(), Error> {
    let target = Target::of(id, format!("{id}: {}", medal.0));
    as_operator(gateway, operator, Action::new("medal.grant"), target, move |tx| {
        tx.lock_user(id)?;
        if !medals::exists(tx.conn, tx.tenant, medal)? {
            return Err(Error::MedalNotFound);
        }
        Ok(medals::grant(tx.conn, id, medal, tx.now_ms)?)
    })
    .await
}

/// Revokes a user's medal; no effect if the user does not have it.
///
/// # Errors
/// [`Error::UserNotFound`], [`Error::MedalNotFound`].
pub async fn revoke_medal(gateway: &Gateway, operator: &Operator, id: UserId, medal: MedalId) -> Result<(), Error> {
    let target = Target::of(id, format!("{id}: {}", medal.0));
    as_operator(gateway, operator, Action::new("medal.revoke"), target, move |tx| {
        tx.lock_user(id)?;
        if !medals::exists(tx.conn, tx.tenant, medal)? {
            return Err(Error::MedalNotFound);
        }
        Ok(medals::revoke(tx.conn, id, medal)?)
    })
    .await
}
