//! The devices' tokens of the push services.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Conn, MAX_PARAMETERS, StoreError, schema::push_tokens};
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

/// Those of the tokens that are bound to a device of the tenant, each with the account of the device.
pub fn list_owners(conn: &mut Conn, tenant: &TenantId, tokens: &[String]) -> Result<Vec<(String, UserId)>, StoreError> {
    let mut owners = Vec::new();
    for chunk in tokens.chunks(MAX_PARAMETERS) {
        let rows: Vec<(String, i64)> = push_tokens::table
            .select((push_tokens::device_token, push_tokens::user_id))
            .filter(push_tokens::app_id.eq(tenant.as_str()))
            .filter(push_tokens::device_token.eq_any(chunk))
            .load(conn)?;
        owners.extend(rows.into_iter().map(|(token, user)| (token, UserId::stored(user))));
    }
    Ok(owners)
}

/// Deletes tokens of the tenant's devices, and returns how many there were.
pub fn delete_dead(conn: &mut Conn, tenant: &TenantId, tokens: &[String]) -> Result<usize, StoreError> {
    let mut deleted = 0;
    for chunk in tokens.chunks(MAX_PARAMETERS) {
        let dead = push_tokens::app_id.eq(tenant.as_str()).and(push_tokens::device_token.eq_any(chunk));
        deleted += diesel::delete(push_tokens::table.filter(dead)).execute(conn)?;
    }
    Ok(deleted)
}

/// The tokens of the devices of the accounts.
pub fn list_of_all(conn: &mut Conn, users: &[UserId]) -> Result<HashMap<(UserId, DeviceSn), PushToken>, StoreError> {
    let mut found = HashMap::new();
    for chunk in users.chunks(MAX_PARAMETERS) {
        let rows: Vec<(i64, i32, String, String)> = push_tokens::table
            .select((
                push_tokens::user_id,
                push_tokens::device_sn,
                push_tokens::device_token,
                push_tokens::notifier_name,
            ))
            .filter(push_tokens::user_id.eq_any(chunk.iter().map(|id| id.get())))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(user, sn, device_token, notifier_name)| {
            ((UserId::stored(user), DeviceSn(sn)), PushToken { device_token, notifier_name })
        }));
    }
    Ok(found)
}
