//! How an account wants to be treated: one row, whichever route changes it.

use super::{Caller, Error, profile::change};
use crate::{
    app::App,
    model::{Invalid, Settings},
    store::settings,
};

/// The caller's settings.
///
/// # Errors
/// When the database can't be asked.
pub async fn get(app: &App, caller: &Caller) -> Result<Settings, Error> {
    let user = caller.user();
    Ok(app.db.read(move |conn| settings::get(conn, user)).await?)
}

/// Changes the caller's settings; what `edit` leaves alone stays.
///
/// # Errors
/// What `edit` refuses.
pub async fn edit(
    app: &App,
    caller: &Caller,
    edit: impl FnOnce(&mut Settings) -> Result<(), Invalid> + Send + 'static,
) -> Result<(), Error> {
    change(app, caller, "settings.edit", move |conn, user| {
        let mut known = settings::get(conn, user)?;
        edit(&mut known)?;
        Ok(settings::save(conn, user, &known)?)
    })
    .await
}
