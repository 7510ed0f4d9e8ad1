//! Apps and their admin tokens: what the command line manages. A running server sees every change at once.

use super::{
    Error, Operator,
    audit::{Trail, change},
    sessions,
};
use crate::{
    app::App,
    model::{AdminToken, AppId, Invalid, Problem, Tenant, Token},
    secret::{self, Purpose},
    store::{
        Conn,
        admin_tokens::{self, NewAdminToken},
        apps,
    },
};

/// Makes the operator's app, with open registration; tells whether it is new.
///
/// # Errors
/// When the database can't be asked.
pub async fn create(app: &App, operator: &Operator) -> Result<bool, Error> {
    let (name, trail, now_ms) = (operator.app().clone(), Trail::of_operator(app, operator), app.clock.now_ms());
    app.db
        .write(move |conn| {
            if apps::find(conn, &name)?.is_some() {
                return Ok(false);
            }
            apps::insert(conn, &name, now_ms)?;
            trail.done(conn, "app.create", name.as_str())?;
            Ok(true)
        })
        .await
}

/// All apps, by name.
///
/// # Errors
/// When the database can't be asked.
pub async fn list(app: &App) -> Result<Vec<Tenant>, Error> {
    Ok(app.db.read(apps::list).await?)
}

/// The secret of an app, which it signs push registrations with. It is derived and stored nowhere: who has the server's
/// secret and the number of the app's can make it.
pub(super) fn secret_of(app: &App, tenant: &Tenant) -> String {
    derive_secret(app, &tenant.id, tenant.secret_version)
}

fn derive_secret(app: &App, tenant: &AppId, version: i32) -> String {
    secret::hex(&app.secret.mac(Purpose::AppSecret, format!("{tenant}\n{version}").as_bytes()))
}

/// The secret of the operator's app.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn show_secret(app: &App, operator: &Operator) -> Result<String, Error> {
    let name = operator.app().clone();
    let tenant = app.db.read(move |conn| apps::find(conn, &name)).await?.ok_or(Error::AppUnknown)?;
    Ok(secret_of(app, &tenant))
}

/// Gives the operator's app another secret: what was signed with the old one is worthless.
///
/// # Errors
/// When the database can't be asked.
pub async fn rotate_secret(app: &App, operator: &Operator) -> Result<String, Error> {
    let name = operator.app().clone();
    let rotate = move |conn: &mut Conn| Ok(apps::bump_secret_version(conn, &name)?);
    let version = change(app, operator, "app.rotate_secret", operator.app().to_string(), rotate).await?;
    Ok(derive_secret(app, operator.app(), version))
}

/// Opens or closes the operator's app for new accounts from outside.
///
/// # Errors
/// When the database can't be asked.
pub async fn set_registration_open(app: &App, operator: &Operator, is_open: bool) -> Result<(), Error> {
    let (name, action) = (operator.app().clone(), if is_open { "app.open" } else { "app.close" });
    change(app, operator, action, name.to_string(), move |conn| Ok(apps::set_registration_open(conn, &name, is_open)?))
        .await
}

/// Sets whether push registrations in the operator's app must be signed.
///
/// # Errors
/// When the database can't be asked.
pub async fn set_push_sign_required(app: &App, operator: &Operator, is_required: bool) -> Result<(), Error> {
    let name = operator.app().clone();
    change(app, operator, "app.push_sign", name.to_string(), move |conn| {
        Ok(apps::set_push_sign_required(conn, &name, is_required)?)
    })
    .await
}

/// Makes an admin token of the operator's app. `lifetime_ms` limits it; without, it ends only when revoked.
///
/// # Errors
/// [`Error::AppUnknown`]; [`Error::Invalid`] when the name is bad; [`Error::NameTaken`].
pub async fn create_admin_token(
    app: &App,
    operator: &Operator,
    name: &str,
    lifetime_ms: Option<i64>,
) -> Result<Token, Error> {
    let name = admin_token_name(name)?;
    let token = app.random.admin_token()?;
    let (token_hash, now_ms) = (sessions::digest(&token), app.clock.now_ms());
    let expires_at_ms = lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms));
    let (tenant, trail) = (operator.app().clone(), Trail::of_operator(app, operator));
    app.db
        .write(move |conn| {
            if apps::find(conn, &tenant)?.is_none() {
                return Err(Error::AppUnknown);
            }
            let new = NewAdminToken { app: &tenant, name: &name, token_hash, now_ms, expires_at_ms };
            admin_tokens::insert(conn, &new).map_err(Error::NameTaken.if_taken())?;
            trail.done(conn, "admin_token.create", &name)?;
            Ok(())
        })
        .await?;
    Ok(token)
}

/// The admin tokens of the operator's app, oldest first.
///
/// # Errors
/// When the database can't be asked.
pub async fn list_admin_tokens(app: &App, operator: &Operator) -> Result<Vec<AdminToken>, Error> {
    let tenant = operator.app().clone();
    Ok(app.db.read(move |conn| admin_tokens::list(conn, &tenant)).await?)
}

/// Revokes the admin token of that name; tells whether there was one.
///
/// # Errors
/// When the database can't be asked.
pub async fn revoke_admin_token(app: &App, operator: &Operator, name: String) -> Result<bool, Error> {
    let (tenant, trail, now_ms) = (operator.app().clone(), Trail::of_operator(app, operator), app.clock.now_ms());
    app.db
        .write(move |conn| {
            let was_there = admin_tokens::revoke(conn, &tenant, &name, now_ms)?;
            if was_there {
                trail.done(conn, "admin_token.revoke", &name)?;
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
