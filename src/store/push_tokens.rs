//! The devices' tokens of the push services.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::push_tokens};
use crate::model::{DeviceSn, PushToken, TenantId, UserId};

/// The tokens of an account's devices, by device.
pub fn list(conn: &mut Conn, user: UserId) -> Result<Vec<(DeviceSn, PushToken)>, StoreError> {
    let rows: Vec<(i32, String, String)> = push_tokens::table
        .select((push_tokens::device_sn, push_tokens::device_token, push_tokens::notifier_name))
        .filter(push_tokens::user_id.eq(user.get()))
        .order(push_tokens::device_sn)
        .load(conn)?;
    let token = |(sn, device_token, notifier_name)| (DeviceSn(sn), PushToken { device_token, notifier_name });
    Ok(rows.into_iter().map(token).collect())
}

/// Sets a device's token, replacing an earlier one. Another device that had this token loses it. The row of `user` must
/// be locked.
///
/// # Errors
/// [`StoreError::Taken`] if another device takes the token at the same time.
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

/// Deletes a device's token, if it has one.
pub fn unbind(conn: &mut Conn, user: UserId, device: DeviceSn) -> Result<(), StoreError> {
    diesel::delete(push_tokens::table.find((user.get(), device.0))).execute(conn)?;
    Ok(())
}

/// Deletes the tokens of all devices of an account.
pub fn delete_all_of(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(push_tokens::table.filter(push_tokens::user_id.eq(user.get()))).execute(conn)?;
    Ok(())
}
