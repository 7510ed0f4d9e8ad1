//! Apps and their admin tokens: what the command line manages. A running server sees every change at once.

use super::{
    Error, Operator,
    audit::{AuditContext, change},
    sessions,
};
use crate::{
    gateway::Gateway,
    model::{AdminToken, Invalid, Problem, Tenant, TenantId, Token},
    secret::{self, KeyPurpose},
    store::{
        Conn,
        admin_tokens::{self, NewAdminToken},
        apps,
    },
};

/// Makes the operator's app, with open registration; tells whether it is new.
pub async fn create(gateway: &Gateway, operator: &Operator) -> Result<bool, Error> {
    let (name, audit, now_ms) =
        (operator.tenant_id().clone(), AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    gateway
        .db
        .write(move |conn| {
            if apps::find(conn, &name)?.is_some() {
                return Ok(false);
            }
            apps::insert(conn, &name, now_ms)?;
            audit.done(conn, "app.create", name.as_str())?;
            Ok(true)
        })
        .await
}

/// All apps, by name.
pub async fn list(gateway: &Gateway) -> Result<Vec<Tenant>, Error> {
    Ok(gateway.db.read(apps::list).await?)
}

/// The secret of an app, which it signs push registrations with. It is derived and stored nowhere: who has the server's
/// secret and the number of the app's can make it.
pub(super) fn secret_of(gateway: &Gateway, tenant: &Tenant) -> String {
    derive_secret(gateway, &tenant.id, tenant.secret_version)
}

fn derive_secret(gateway: &Gateway, tenant: &TenantId, version: i32) -> String {
    secret::hex(&gateway.secret.mac(KeyPurpose::AppSecret, format!("{tenant}\n{version}").as_bytes()))
}

/// The secret of the operator's app.
///
/// # Errors
/// [`Error::AppUnknown`].
pub async fn show_secret(gateway: &Gateway, operator: &Operator) -> Result<String, Error> {
    let name = operator.tenant_id().clone();
    let tenant = gateway.db.read(move |conn| apps::find(conn, &name)).await?.ok_or(Error::AppUnknown)?;
    Ok(secret_of(gateway, &tenant))
}

/// Gives the operator's app another secret: what was signed with the old one is worthless.
pub async fn rotate_secret(gateway: &Gateway, operator: &Operator) -> Result<String, Error> {
    let name = operator.tenant_id().clone();
    let rotate = move |conn: &mut Conn| Ok(apps::bump_secret_version(conn, &name)?);
    let version = change(gateway, operator, "app.rotate_secret", operator.tenant_id().to_string(), rotate).await?;
    Ok(derive_secret(gateway, operator.tenant_id(), version))
}

/// Opens or closes the operator's app for new accounts from outside.
pub async fn set_registration_open(gateway: &Gateway, operator: &Operator, is_open: bool) -> Result<(), Error> {
    let (name, action) = (operator.tenant_id().clone(), if is_open { "app.open" } else { "app.close" });
    change(gateway, operator, action, name.to_string(), move |conn| {
        Ok(apps::set_registration_open(conn, &name, is_open)?)
    })
    .await
}

/// Sets whether push registrations in the operator's app must be signed.
pub async fn set_push_sign_required(gateway: &Gateway, operator: &Operator, is_required: bool) -> Result<(), Error> {
    let name = operator.tenant_id().clone();
    change(gateway, operator, "app.push_sign", name.to_string(), move |conn| {
        Ok(apps::set_push_sign_required(conn, &name, is_required)?)
    })
    .await
}

/// Makes an admin token of the operator's app. `lifetime_ms` limits it; without, it ends only when revoked.
///
/// # Errors
/// [`Error::AppUnknown`]; [`Error::Invalid`] when the name is bad; [`Error::NameTaken`].
pub async fn create_admin_token(
    gateway: &Gateway,
    operator: &Operator,
    name: &str,
    lifetime_ms: Option<i64>,
) -> Result<Token, Error> {
    let name = admin_token_name(name)?;
    let token = gateway.random.admin_token()?;
    let (token_hash, now_ms) = (sessions::digest(&token), gateway.clock.now_ms());
    let expires_at_ms = lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms));
    let (tenant, audit) = (operator.tenant_id().clone(), AuditContext::of_operator(gateway, operator));
    gateway
        .db
        .write(move |conn| {
            if apps::find(conn, &tenant)?.is_none() {
                return Err(Error::AppUnknown);
            }
            let new = NewAdminToken { tenant: &tenant, name: &name, token_hash, now_ms, expires_at_ms };
            admin_tokens::insert(conn, &new).map_err(Error::NameTaken.if_taken())?;
            audit.done(conn, "admin_token.create", &name)?;
            Ok(())
        })
        .await?;
    Ok(token)
}

/// The admin tokens of the operator's app, oldest first.
pub async fn list_admin_tokens(gateway: &Gateway, operator: &Operator) -> Result<Vec<AdminToken>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| admin_tokens::list(conn, &tenant)).await?)
}

/// Revokes the admin token of that name; tells whether there was one.
pub async fn revoke_admin_token(gateway: &Gateway, operator: &Operator, name: String) -> Result<bool, Error> {
    let (tenant, audit, now_ms) =
        (operator.tenant_id().clone(), AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    gateway
        .db
        .write(move |conn| {
            let was_there = admin_tokens::revoke(conn, &tenant, &name, now_ms)?;
            if was_there {
                audit.done(conn, "admin_token.revoke", &name)?;
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
