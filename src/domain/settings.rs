//! The settings of accounts. Both APIs share one row per account.

use super::{Caller, Error, audit::Action, unit_of_work::as_caller};
use crate::{
    gateway::Gateway,
    model::{Invalid, Settings},
    store::settings,
};

/// The caller's settings.
pub async fn get(gateway: &Gateway, caller: &Caller) -> Result<Settings, Error> {
    let user = caller.user();
    Ok(gateway.db.read(move |conn| settings::get(conn, user)).await?)
}

/// Applies `edit` to the caller's settings.
///
/// # Errors
/// [`Error::Invalid`] if `edit` fails.
pub async fn edit(
    gateway: &Gateway,
    caller: &Caller,
    edit: impl FnOnce(&mut Settings) -> Result<(), Invalid> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("settings.edit"), move |tx| {
        let mut known = settings::get(tx.conn, tx.user)?;
        edit(&mut known)?;
        Ok(settings::save(tx.conn, tx.user, &known)?)
    })
    .await
}
