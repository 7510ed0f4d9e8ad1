//! What the push services call the devices.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::push_tokens};
use crate::model::{DeviceSn, PushToken, TenantId, UserId};

/// Gives a device its token, in place of the one that it had; a device that had this token loses it. The row of `user`
/// must be locked.
///
/// # Errors
/// [`StoreError::Taken`] when another device takes the token at the same time.
pub fn bind(
    conn: &mut Conn,
    tenant: &TenantId,
    user: UserId,
    device: DeviceSn,
    new: &PushToken,
) -> Result<(), StoreError> {
    let same_token = push_tokens::app_id.eq(tenant.as_str()).and(push_tokens::device_token.eq(&new.device_token));
    diesel::delete(push_tokens::table.filter(same_token)).execute(conn)?;
    unbind(conn, user, device)?;
    diesel::insert_into(push_tokens::table)
        .values((
            push_tokens::user_id.eq(user.get()),
            push_tokens::device_sn.eq(device.0),
            push_tokens::app_id.eq(tenant.as_str()),
            push_tokens::device_token.eq(&new.device_token),
            push_tokens::notifier_name.eq(&new.notifier_name),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes the token from a device, if it has one.
pub fn unbind(conn: &mut Conn, user: UserId, device: DeviceSn) -> Result<(), StoreError> {
    diesel::delete(push_tokens::table.find((user.get(), device.0))).execute(conn)?;
    Ok(())
}

/// Takes the tokens from all devices of an account.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(push_tokens::table.filter(push_tokens::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
