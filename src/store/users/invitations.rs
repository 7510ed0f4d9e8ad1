//! The invitation codes that accounts have chosen.

use diesel::{OptionalExtension as _, prelude::*};

use crate::{
    model::{AccountStatus, InvitationCode, TenantId, UserId},
    store::{Conn, StoreError, schema::users},
};

/// Sets the account's code.
///
/// # Errors
/// [`StoreError::Taken`] if another account of the tenant has it.
pub fn set_invitation_code(conn: &mut Conn, id: UserId, code: &InvitationCode) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.get())).set(users::invitation_code.eq(code.as_str())).execute(conn)?;
    Ok(())
}

/// The account that has chosen that code.
pub fn find_by_invitation_code(
    conn: &mut Conn,
    tenant: &TenantId,
    code: &InvitationCode,
) -> Result<Option<UserId>, StoreError> {
    let id: Option<i64> = users::table
        .select(users::id)
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::invitation_code.eq(code.as_str()))
        .filter(users::status.ne(AccountStatus::Deleted.code()))
        .get_result(conn)
        .optional()?;
    Ok(id.map(UserId::stored))
}
