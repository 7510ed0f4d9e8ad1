//! Bans: shown to everyone who looks at the account.

use super::{Error, Operator, accounts::require_user, audit::change};
use crate::{
    gateway::Gateway,
    model::{BanReason, UserId},
    store::{bans, users},
};

/// Bans a user until `ends_at_ms`, in place of an earlier ban.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn set(
    gateway: &Gateway,
    operator: &Operator,
    id: UserId,
    reason: BanReason,
    ends_at_ms: i64,
) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "ban.set", id.to_string(), move |conn| {
        users::lock(conn, id)?;
        require_user(conn, &tenant, id)?;
        Ok(bans::set(conn, id, reason.as_str(), ends_at_ms)?)
    })
    .await
}

/// Lifts a user's ban, if it has one.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn lift(gateway: &Gateway, operator: &Operator, id: UserId) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "ban.lift", id.to_string(), move |conn| {
        require_user(conn, &tenant, id)?;
        Ok(bans::lift(conn, id)?)
    })
    .await
}
