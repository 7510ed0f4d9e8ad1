//! The mobile numbers and e-mail addresses of accounts.

use diesel::{OptionalExtension as _, prelude::*};

use super::UserRow;
use crate::{
    model::{Contact, Mobile, TenantId, User, UserId},
    store::{Conn, StoreError, schema::users, selection},
};

/// The account with that contact.
pub fn find_by_contact(conn: &mut Conn, tenant: &TenantId, contact: &Contact) -> Result<Option<User>, StoreError> {
    let in_app = users::table.select(selection::<UserRow>()).filter(users::app_id.eq(tenant.as_str()));
    let row: Option<UserRow> = match contact {
        Contact::Mobile(mobile) => in_app.filter(users::mobile.eq(mobile.as_str())).get_result(conn),
        Contact::Email(address) => in_app.filter(users::email.eq(address.as_str())).get_result(conn),
    }
    .optional()?;
    Ok(row.map(User::from))
}

/// Whether the account has a mobile number, and its owner has proved to control it.
pub fn is_mobile_confirmed(conn: &mut Conn, id: UserId) -> Result<bool, StoreError> {
    let confirmed = users::table.find(id.get()).filter(users::mobile.is_not_null()).filter(users::mobile_confirmed);
    Ok(diesel::select(diesel::dsl::exists(confirmed)).get_result(conn)?)
}

/// The account that has confirmed the contact.
pub fn find_confirmed_owner(
    conn: &mut Conn,
    tenant: &TenantId,
    contact: &Contact,
) -> Result<Option<UserId>, StoreError> {
    let in_tenant = users::table.select(users::id).filter(users::app_id.eq(tenant.as_str()));
    let id: Option<i64> = match contact {
        Contact::Mobile(mobile) => in_tenant
            .filter(users::mobile.eq(mobile.as_str()))
            .filter(users::mobile_confirmed.eq(true))
            .get_result(conn),
        Contact::Email(address) => in_tenant.filter(users::email.eq(address.as_str())).get_result(conn),
    }
    .optional()?;
    Ok(id.map(UserId::stored))
}

/// Removes a mobile number from the account of the tenant that has it unconfirmed, if there is one.
pub fn release_unconfirmed(conn: &mut Conn, tenant: &TenantId, contact: &Contact) -> Result<(), StoreError> {
    const NOTHING: Option<&str> = None;
    let Contact::Mobile(mobile) = contact else { return Ok(()) };
    let claimed = users::table
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::mobile.eq(mobile.as_str()))
        .filter(users::mobile_confirmed.eq(false));
    diesel::update(claimed).set((users::mobile.eq(NOTHING), users::mobile_confirmed.eq(true))).execute(conn)?;
    Ok(())
}

/// Sets the account's mobile number without confirming it.
///
/// # Errors
/// [`StoreError::Taken`] if another account has the number.
pub fn set_unconfirmed_mobile(conn: &mut Conn, id: UserId, mobile: &Mobile) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.get()))
        .set((users::mobile.eq(mobile.as_str()), users::mobile_confirmed.eq(false)))
        .execute(conn)?;
    Ok(())
}

/// Sets a confirmed contact of the account.
///
/// # Errors
/// [`StoreError::Taken`] if another account has the contact.
pub fn set_contact(conn: &mut Conn, id: UserId, contact: &Contact) -> Result<(), StoreError> {
    let account = users::table.find(id.get());
    match contact {
        Contact::Mobile(mobile) => diesel::update(account)
            .set((users::mobile.eq(mobile.as_str()), users::mobile_confirmed.eq(true)))
            .execute(conn)?,
        Contact::Email(address) => diesel::update(account).set(users::email.eq(address.as_str())).execute(conn)?,
    };
    Ok(())
}
