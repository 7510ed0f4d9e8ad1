//! The accounts that push messages are for: queries that join several tables, for many accounts at once.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{push_profiles, push_tags, settings, users},
    selection,
    settings::SettingsRow,
};
use crate::model::{AccountStatus, Badge, PushAccount, Settings, Tag, TenantId, UserId};

/// The numbers of up to `limit` active accounts of the tenant from `from` on, in order.
pub fn list_everyone(conn: &mut Conn, tenant: &TenantId, from: i64, limit: usize) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<i64> = users::table
        .select(users::id)
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::id.ge(from))
        .filter(users::status.eq(AccountStatus::Active.code()))
        .order(users::id)
        .limit(rows(limit))
        .load(conn)?;
    Ok(ids.into_iter().map(UserId::stored).collect())
}

/// The numbers of up to `limit` active accounts of the tenant with at least one of the tags, from `from` on, in order.
/// Each tag is a range of the index.
pub fn list_tagged(
    conn: &mut Conn,
    tenant: &TenantId,
    tags: &[&Tag],
    from: i64,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    let mut found = BTreeSet::new();
    for tag in tags {
        let ids: Vec<i64> = push_tags::table
            .inner_join(users::table.on(users::id.eq(push_tags::user_id)))
            .select(push_tags::user_id)
            .filter(push_tags::tag.eq(tag.as_str()))
            .filter(push_tags::user_id.ge(from))
            .filter(users::app_id.eq(tenant.as_str()))
            .filter(users::status.eq(AccountStatus::Active.code()))
            .order(push_tags::user_id)
            .limit(rows(limit))
            .load(conn)?;
        found.extend(ids.into_iter().map(UserId::stored));
    }
    Ok(found.into_iter().take(limit).collect())
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

type AccountColumns = (i64, String, i64, Option<SettingsRow>, Option<i32>);

/// Those of the accounts that are in the tenant and active, in order.
pub fn list_accounts(conn: &mut Conn, tenant: &TenantId, ids: &[UserId]) -> Result<Vec<PushAccount>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(MAX_PARAMETERS) {
        let rows: Vec<AccountColumns> = users::table
            .left_join(settings::table.on(settings::user_id.eq(users::id)))
            .left_join(push_profiles::table.on(push_profiles::user_id.eq(users::id)))
            .select((
                users::id,
                users::nickname,
                users::last_active_at_ms,
                selection::<Option<SettingsRow>>(),
                push_profiles::badge.nullable(),
            ))
            .filter(users::id.eq_any(chunk.iter().map(|id| id.get())))
            .filter(users::app_id.eq(tenant.as_str()))
            .filter(users::status.eq(AccountStatus::Active.code()))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(id, nickname, last_active_at_ms, settings, badge)| PushAccount {
            user: UserId::stored(id),
            nickname,
            is_used: last_active_at_ms > 0,
            settings: settings.map(Settings::from).unwrap_or_default(),
            badge: badge.map(Badge::stored).unwrap_or_default(),
        }));
    }
    found.sort_by_key(|account| account.user);
    Ok(found)
}
