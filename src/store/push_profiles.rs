//! The alias and the badge number of accounts for push messages.

use std::collections::BTreeSet;

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, MAX_PARAMETERS, StoreError, schema::push_profiles, statements::Statement};
use crate::model::{Alias, Badge, TenantId, UserId};

/// The account's alias and badge number, if either was set.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<(Option<String>, Badge)>, StoreError> {
    let columns = (push_profiles::alias, push_profiles::badge);
    let row: Option<(Option<String>, i32)> =
        push_profiles::table.find(user.get()).select(columns).get_result(conn).optional()?;
    Ok(row.map(|(alias, badge)| (alias, Badge::stored(badge))))
}

/// Sets the account's alias.
///
/// # Errors
/// [`StoreError::Taken`] if another account of the tenant has it.
pub fn set_alias(conn: &mut Conn, tenant: &TenantId, user: UserId, alias: &Alias) -> Result<(), StoreError> {
    let alias = push_profiles::alias.eq(alias.as_str());
    let insert = diesel::insert_into(push_profiles::table).values((
        push_profiles::user_id.eq(user.get()),
        push_profiles::app_id.eq(tenant.as_str()),
        alias,
        push_profiles::badge.eq(Badge::default().get()),
    ));
    on_backend!(conn, |conn| insert.on_conflict(push_profiles::user_id).do_update().set(alias).execute(conn))?;
    Ok(())
}

/// Sets the account's badge number.
#[must_use]
pub fn set_badge(tenant: &TenantId, user: UserId, badge: Badge) -> Statement {
    let badge = push_profiles::badge.eq(badge.get());
    let insert = diesel::insert_into(push_profiles::table).values((
        push_profiles::user_id.eq(user.get()),
        push_profiles::app_id.eq(tenant.as_str().to_owned()),
        badge,
    ));
    Statement::new(insert.on_conflict(push_profiles::user_id).do_update().set(badge))
}

/// Deletes an account's alias and badge number.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(push_profiles::table.find(user.get())).execute(conn)?;
    Ok(())
}

/// The owners of the aliases.
pub fn list_owners(
    conn: &mut Conn,
    tenant: &TenantId,
    aliases: &BTreeSet<Alias>,
) -> Result<BTreeSet<UserId>, StoreError> {
    let aliases: Vec<&str> = aliases.iter().map(Alias::as_str).collect();
    let mut owners = BTreeSet::new();
    for chunk in aliases.chunks(MAX_PARAMETERS) {
        let ids: Vec<i64> = push_profiles::table
            .select(push_profiles::user_id)
            .filter(push_profiles::app_id.eq(tenant.as_str()))
            .filter(push_profiles::alias.eq_any(chunk.iter().copied()))
            .load(conn)?;
        owners.extend(ids.into_iter().map(UserId::stored));
    }
    Ok(owners)
}
