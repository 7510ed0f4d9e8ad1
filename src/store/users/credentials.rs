//! The credentials of accounts, which are never shown.

use diesel::{OptionalExtension as _, prelude::*};

use crate::{
    model::{AccountStatus, LoginName, TenantId, UserId},
    store::{Conn, StoreError, schema::users},
};

/// What a login checks: the account's id, status and password hash.
#[derive(Debug)]
pub struct Credentials {
    /// The account.
    pub user: UserId,
    /// The account's status.
    pub status: AccountStatus,
    /// The bcrypt hash; accounts created by SMS have none.
    pub password_hash: Option<String>,
}

fn credentials((id, status, password_hash): (i64, i16, Option<String>)) -> Credentials {
    Credentials { user: UserId::stored(id), status: AccountStatus::stored(status), password_hash }
}

/// The credentials of the account with that login name.
pub fn find_credentials(
    conn: &mut Conn,
    tenant: &TenantId,
    name: &LoginName,
) -> Result<Option<Credentials>, StoreError> {
    let columns = (users::id, users::status, users::password_hash);
    let in_app = users::table.select(columns).filter(users::app_id.eq(tenant.as_str()));
    let row: Option<(i64, i16, Option<String>)> = match name {
        LoginName::Email(key) => in_app.filter(users::email.eq(key)).get_result(conn),
        LoginName::Username(key) => in_app.filter(users::username_key.eq(key)).get_result(conn),
        LoginName::Mobile(mobile) => in_app.filter(users::mobile.eq(mobile.as_str())).get_result(conn),
        LoginName::Id(id) => in_app
            .filter(users::id.eq(id.get()))
            .filter(users::status.ne(AccountStatus::Deleted.code()))
            .get_result(conn),
    }
    .optional()?;
    Ok(row.map(credentials))
}

/// The hash of the account's password, if it has one.
pub fn find_password_hash(conn: &mut Conn, id: UserId) -> Result<Option<String>, StoreError> {
    Ok(users::table.find(id.get()).select(users::password_hash).get_result(conn)?)
}

/// Sets the hash of a new password.
pub fn set_password_hash(conn: &mut Conn, id: UserId, hash: &str, now_ms: i64) -> Result<(), StoreError> {
    let new = (users::password_hash.eq(hash), users::password_changed_at_ms.eq(now_ms));
    diesel::update(users::table.find(id.get())).set(new).execute(conn)?;
    Ok(())
}

/// Replaces a hash by another one of the same password, unless the password was changed in the meantime.
pub fn renew_password_hash(conn: &mut Conn, id: UserId, old: &str, new: &str) -> Result<(), StoreError> {
    let unchanged = users::table.filter(users::id.eq(id.get())).filter(users::password_hash.eq(old));
    diesel::update(unchanged).set(users::password_hash.eq(new)).execute(conn)?;
    Ok(())
}

/// Locks an account of the tenant, possibly a deleted one, until the end of the transaction. Writes that must be
/// serialized per account begin with this.
pub fn lock(conn: &mut Conn, tenant: &TenantId, id: UserId) -> Result<Option<Credentials>, StoreError> {
    let account = users::table
        .select((users::id, users::status, users::password_hash))
        .filter(users::id.eq(id.get()))
        .filter(users::app_id.eq(tenant.as_str()));
    let row: Option<(i64, i16, Option<String>)> = get_locked!(conn, account).optional()?;
    Ok(row.map(credentials))
}
