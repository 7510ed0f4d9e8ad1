//! What logins compare: the part of an account that is never shown.

use diesel::{OptionalExtension as _, prelude::*};

use crate::{
    model::{AccountStatus, LoginName, TenantId, UserId},
    store::{Conn, StoreError, schema::users},
};

/// What a login compares: the account's number, state and password hash.
#[derive(Debug)]
pub struct Credentials {
    /// The account.
    pub user: UserId,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// The bcrypt hash; accounts made by SMS have none.
    pub password_hash: Option<String>,
}

fn credentials((id, status, password_hash): (i64, i16, Option<String>)) -> Credentials {
    Credentials { user: UserId::stored(id), status: AccountStatus::stored(status), password_hash }
}

/// The credentials behind a login name.
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

/// Gives the account the hash of another password.
pub fn set_password_hash(conn: &mut Conn, id: UserId, hash: &str) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.get())).set(users::password_hash.eq(hash)).execute(conn)?;
    Ok(())
}

/// Stores another hash of the same password, unless the password was changed meanwhile.
pub fn renew_password_hash(conn: &mut Conn, id: UserId, old: &str, new: &str) -> Result<(), StoreError> {
    let unchanged = users::table.filter(users::id.eq(id.get())).filter(users::password_hash.eq(old));
    diesel::update(unchanged).set(users::password_hash.eq(new)).execute(conn)?;
    Ok(())
}

/// Locks an account of the tenant, a deleted one too, until the end of the transaction: writes that must follow each other for
/// one account begin with this.
pub fn lock(conn: &mut Conn, tenant: &TenantId, id: UserId) -> Result<Option<Credentials>, StoreError> {
    let account = users::table
        .select((users::id, users::status, users::password_hash))
        .filter(users::id.eq(id.get()))
        .filter(users::app_id.eq(tenant.as_str()));
    let row: Option<(i64, i16, Option<String>)> = get_locked!(conn, account).optional()?;
    Ok(row.map(credentials))
}
