//! How an account wants to be treated: one row, whichever route changes it.

use super::{Caller, Error, profile::change};
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

/// Changes the caller's settings; what `edit` leaves alone stays.
///
/// # Errors
/// What `edit` refuses.
pub async fn edit(
    gateway: &Gateway,
    caller: &Caller,
    edit: impl FnOnce(&mut Settings) -> Result<(), Invalid> + Send + 'static,
) -> Result<(), Error> {
    change(gateway, caller, "settings.edit", move |conn, user| {
        let mut known = settings::get(conn, user)?;
        edit(&mut known)?;
        Ok(settings::save(conn, user, &known)?)
    })
    .await
}
