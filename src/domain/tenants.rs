//! Apps and their admin tokens: what the command line manages. A running server sees every change at once.

use super::{Error, audit::Trail, sessions};
use crate::{
    app::App,
    model::{AppId, Invalid, Problem, Token},
    store::{StoreError, admin_tokens, apps},
};

pub use crate::store::{admin_tokens::AdminToken, apps::AppRow};

/// Makes an app with open registration; tells whether it is new.
///
/// # Errors
/// When the database can't be asked.
pub async fn create(app: &App, name: AppId) -> Result<bool, Error> {
    let now_ms = app.clock.now_ms();
    app.db
        .write(move |conn| {
            if apps::find(conn, &name)?.is_some() {
                return Ok(false);
            }
            apps::insert(conn, &name, now_ms)?;
            Trail::of_command_line(&name).write(conn, now_ms, "app.create", name.as_str(), "ok")?;
            Ok(true)
        })
        .await
}

/// All apps, by name.
///
/// # Errors
/// When the database can't be asked.
pub async fn list(app: &App) -> Result<Vec<AppRow>, Error> {
    Ok(app.db.read(apps::list).await?)
}

/// Makes an admin token of an app. `lifetime_ms` limits it; without, it ends only when revoked.
///
/// # Errors
/// [`Error::AppUnknown`]; [`Error::Invalid`] when the name is bad; [`Error::AdminTokenNameTaken`].
pub async fn create_admin_token(
    app: &App,
    tenant: AppId,
    name: &str,
    lifetime_ms: Option<i64>,
) -> Result<Token, Error> {
    let name = admin_token_name(name)?;
    let token = app.random.admin_token()?;
    let (hash, now_ms) = (sessions::digest(&token), app.clock.now_ms());
    let expires_at_ms = lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms));
    app.db
        .write(move |conn| {
            if apps::find(conn, &tenant)?.is_none() {
                return Err(Error::AppUnknown);
            }
            admin_tokens::insert(conn, &tenant, &name, &hash, now_ms, expires_at_ms).map_err(|error| match error {
                StoreError::Taken => Error::AdminTokenNameTaken,
                StoreError::Unavailable(_) | StoreError::Query(_) => Error::from(error),
            })?;
            Trail::of_command_line(&tenant).write(conn, now_ms, "admin_token.create", &name, "ok")?;
            Ok(())
        })
        .await?;
    Ok(token)
}

/// The admin tokens of an app, oldest first.
///
/// # Errors
/// When the database can't be asked.
pub async fn list_admin_tokens(app: &App, tenant: AppId) -> Result<Vec<AdminToken>, Error> {
    Ok(app.db.read(move |conn| admin_tokens::list(conn, &tenant)).await?)
}

/// Revokes the admin token of that name; tells whether there was one.
///
/// # Errors
/// When the database can't be asked.
pub async fn revoke_admin_token(app: &App, tenant: AppId, name: String) -> Result<bool, Error> {
    let now_ms = app.clock.now_ms();
    app.db
        .write(move |conn| {
            let was_there = admin_tokens::revoke(conn, &tenant, &name, now_ms)?;
            if was_there {
                Trail::of_command_line(&tenant).write(conn, now_ms, "admin_token.revoke", &name, "ok")?;
            }
            Ok(was_there)
        })
        .await
}

fn admin_token_name(name: &str) -> Result<String, Invalid> {
    const MAX_CHARS: usize = 64;
    let problem = if name.trim().is_empty() {
        Problem::Missing
    } else if name.chars().count() > MAX_CHARS {
        Problem::TooLong { max: MAX_CHARS }
    } else if name.chars().any(char::is_control) {
        Problem::Characters
    } else {
        return Ok(name.to_owned());
    };
    Err(Invalid::new("name", problem))
}
