//! Bans, which are part of an account's public profile.

use super::{Error, Operator, audit::Action, unit_of_work::as_operator};
use crate::{
    gateway::Gateway,
    model::{BanEnd, BanReason, UserId},
    store::bans,
};

/// Bans a user until `end`, replacing an earlier ban.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn set(
    gateway: &Gateway,
    operator: &Operator,
    id: UserId,
    reason: BanReason,
    end: BanEnd,
) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("ban.set"), id, move |tx| {
        tx.lock_user(id)?;
        Ok(bans::set(tx.conn, id, reason.as_str(), end.ms())?)
    })
    .await
}

/// Lifts a user's ban, if it has one.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn lift(gateway: &Gateway, operator: &Operator, id: UserId) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("ban.lift"), id, move |tx| {
        tx.lock_user(id)?;
        Ok(bans::lift(tx.conn, id)?)
    })
    .await
}
