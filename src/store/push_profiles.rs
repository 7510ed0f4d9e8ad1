//! How push messages find an account, and the number that they show.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::push_profiles};
use crate::model::{Alias, Badge, TenantId, UserId};

/// Gives the account an alias. Its row must be locked.
///
/// # Errors
/// [`StoreError::Taken`] when another account of the app has it.
pub fn set_alias(conn: &mut Conn, tenant: &TenantId, user: UserId, alias: &Alias) -> Result<(), StoreError> {
    let row = push_profiles::table.find(user.get());
    if diesel::update(row).set(push_profiles::alias.eq(alias.as_str())).execute(conn)? == 0 {
        insert(conn, tenant, user, Some(alias), Badge::default())?;
    }
    Ok(())
}

/// Sets the number that push messages show. The account's row must be locked.
pub fn set_badge(conn: &mut Conn, tenant: &TenantId, user: UserId, badge: Badge) -> Result<(), StoreError> {
    let row = push_profiles::table.find(user.get());
    if diesel::update(row).set(push_profiles::badge.eq(badge.get())).execute(conn)? == 0 {
        insert(conn, tenant, user, None, badge)?;
    }
    Ok(())
}

fn insert(
    conn: &mut Conn,
    tenant: &TenantId,
    user: UserId,
    alias: Option<&Alias>,
    badge: Badge,
) -> Result<(), StoreError> {
    diesel::insert_into(push_profiles::table)
        .values((
            push_profiles::user_id.eq(user.get()),
            push_profiles::app_id.eq(tenant.as_str()),
            push_profiles::alias.eq(alias.map(Alias::as_str)),
            push_profiles::badge.eq(badge.get()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets alias and badge of an account.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(push_profiles::table.find(user.get())).execute(conn)?;
    Ok(())
}
