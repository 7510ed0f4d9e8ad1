//! Sessions. Ended sessions are kept for a while, so that an ended token can be distinguished from an unknown one.

use std::collections::HashSet;

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{devices, sessions, users},
    selection,
    statements::{Statement, execute_together},
    update::update,
};
use crate::model::{
    AccountStatus, DeviceSn, EndReason, LoggedInDevice, Session, SessionDetails, SessionId, TenantId, TokenHash, UserId,
};

/// A new session.
pub struct NewSession<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The account.
    pub user: UserId,
    /// The device.
    pub device: DeviceSn,
    /// The hash of the token.
    pub token_hash: TokenHash,
    /// The time of the login.
    pub now_ms: i64,
    /// When the session expires, regardless of its use.
    pub expires_at_ms: i64,
}

/// Inserts a session.
#[must_use]
pub fn insert(new: &NewSession<'_>) -> Statement {
    Statement::new(diesel::insert_into(sessions::table).values((
        sessions::app_id.eq(new.tenant.as_str().to_owned()),
        sessions::user_id.eq(new.user.get()),
        sessions::device_sn.eq(new.device.0),
        sessions::token_hash.eq(new.token_hash.0.to_vec()),
        sessions::created_at_ms.eq(new.now_ms),
        sessions::last_used_at_ms.eq(new.now_ms),
        sessions::expires_at_ms.eq(new.expires_at_ms),
    )))
}

type Columns = (i64, i64, i32, i64, i64, Option<i64>, i16);

/// The session of a token in the tenant; it may have ended.
pub fn find_by_token(conn: &mut Conn, tenant: &TenantId, hash: &TokenHash) -> Result<Option<Session>, StoreError> {
    let row: Option<Columns> = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .select((
            sessions::id,
            sessions::user_id,
            sessions::device_sn,
            sessions::last_used_at_ms,
            sessions::expires_at_ms,
            sessions::ended_at_ms,
            users::status,
        ))
        .filter(sessions::token_hash.eq(hash.0.as_slice()))
        .filter(sessions::app_id.eq(tenant.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(id, user, device, last_used_at_ms, expires_at_ms, ended_at_ms, status)| Session {
        id: SessionId(id),
        user: UserId::stored(user),
        device: DeviceSn(device),
        status: AccountStatus::stored(status),
        last_used_at_ms,
        expires_at_ms,
        is_ended: ended_at_ms.is_some(),
    }))
}

/// How a session is looked for.
#[derive(Clone, Copy, Debug)]
pub enum SessionKey {
    /// By its token.
    Token(TokenHash),
    /// By its id.
    Id(SessionId),
}

/// A session with what others may learn about it; it may have ended.
pub fn find_details(conn: &mut Conn, tenant: &TenantId, key: SessionKey) -> Result<Option<SessionDetails>, StoreError> {
    type Row = (DetailsRow, i16, Option<String>, Option<String>);
    let same_device = devices::user_id.eq(sessions::user_id).and(devices::sn.eq(sessions::device_sn));
    let query = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .left_join(devices::table.on(same_device))
        .select((selection::<DetailsRow>(), users::status, users::username, devices::device_key.nullable()))
        .filter(sessions::app_id.eq(tenant.as_str()));
    let row: Option<Row> = match key {
        SessionKey::Token(hash) => query.filter(sessions::token_hash.eq(hash.0.to_vec())).get_result(conn),
        SessionKey::Id(id) => query.filter(sessions::id.eq(id.0)).get_result(conn),
    }
    .optional()?;
    Ok(row.map(|(row, status, username, device_key)| SessionDetails {
        session: Session {
            id: SessionId(row.id),
            user: UserId::stored(row.user_id),
            device: DeviceSn(row.device_sn),
            status: AccountStatus::stored(status),
            last_used_at_ms: row.last_used_at_ms,
            expires_at_ms: row.expires_at_ms,
            is_ended: row.ended_at_ms.is_some(),
        },
        created_at_ms: row.created_at_ms,
        username,
        device_key,
    }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct DetailsRow {
    id: i64,
    user_id: i64,
    device_sn: i32,
    created_at_ms: i64,
    last_used_at_ms: i64,
    expires_at_ms: i64,
    ended_at_ms: Option<i64>,
}

/// Stores that a session is used now.
pub fn touch(conn: &mut Conn, id: SessionId, now_ms: i64) -> Result<(), StoreError> {
    update(&sessions::table, sessions::id.eq(id.0), sessions::last_used_at_ms.eq(now_ms)).execute(conn)?;
    Ok(())
}

/// Whether the account is active and the session has not been ended; it may have expired.
pub fn is_live(conn: &mut Conn, tenant: &TenantId, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let live = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq(id.0))
        .filter(sessions::ended_at_ms.is_null())
        .filter(users::id.eq(user.get()))
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::status.eq(AccountStatus::Active.code()));
    Ok(diesel::select(diesel::dsl::exists(live)).get_result(conn)?)
}

/// A session that has not been ended; it may have expired.
#[derive(Clone, Copy, Debug)]
pub struct LiveSession {
    /// The session's id.
    pub id: SessionId,
    /// The session's device.
    pub device: DeviceSn,
}

/// The sessions of an account that have not been ended, newest first.
pub fn list_live(conn: &mut Conn, user: UserId) -> Result<Vec<LiveSession>, StoreError> {
    let rows: Vec<(i64, i32)> = sessions::table
        .select((sessions::id, sessions::device_sn))
        .filter(sessions::user_id.eq(user.get()))
        .filter(sessions::ended_at_ms.is_null())
        .order(sessions::id.desc())
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, sn)| LiveSession { id: SessionId(id), device: DeviceSn(sn) }).collect())
}

/// The condition of an account's sessions that have not been ended, were opened or used after `idle_since_ms`, and have
/// not expired at `now_ms`.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn usable(user: i64, idle_since_ms: i64, now_ms: i64) -> _ {
    sessions::user_id
        .eq(user)
        .and(sessions::ended_at_ms.is_null())
        .and(sessions::expires_at_ms.gt(now_ms))
        .and(sessions::last_used_at_ms.gt(idle_since_ms))
}

/// The devices on which each of the accounts has a session that has not been ended, was opened or used after
/// `idle_since_ms`, and has not expired at `now_ms`.
pub fn list_devices_of_all(
    conn: &mut Conn,
    users: &[UserId],
    idle_since_ms: i64,
    now_ms: i64,
) -> Result<HashSet<(UserId, DeviceSn)>, StoreError> {
    let mut found = HashSet::new();
    for chunk in users.chunks(MAX_PARAMETERS) {
        let rows: Vec<(i64, i32)> = sessions::table
            .select((sessions::user_id, sessions::device_sn))
            .filter(sessions::user_id.eq_any(chunk.iter().map(|id| id.get())))
            .filter(sessions::ended_at_ms.is_null())
            .filter(sessions::expires_at_ms.gt(now_ms))
            .filter(sessions::last_used_at_ms.gt(idle_since_ms))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(user, sn)| (UserId::stored(user), DeviceSn(sn))));
    }
    Ok(found)
}

/// The devices, by number, on which an account has a session that has not been ended, was opened or used after
/// `idle_since_ms`, and has not expired at `now_ms`.
pub fn list_devices(
    conn: &mut Conn,
    user: UserId,
    idle_since_ms: i64,
    now_ms: i64,
) -> Result<Vec<LoggedInDevice>, StoreError> {
    let same_device = devices::user_id.eq(sessions::user_id).and(devices::sn.eq(sessions::device_sn));
    let rows: Vec<(Option<String>, String, i64)> = sessions::table
        .inner_join(devices::table.on(same_device))
        .select((devices::device_key, devices::platform_name, devices::last_login_at_ms))
        .filter(usable(user.get(), idle_since_ms, now_ms))
        .order(devices::sn)
        .load(conn)?;
    let device = |(key, platform_name, last_login_at_ms)| LoggedInDevice { key, platform_name, last_login_at_ms };
    Ok(rows.into_iter().map(device).collect())
}

/// Those of the sessions that have not ended and whose accounts are active.
pub fn filter_live(conn: &mut Conn, ids: &[SessionId], now_ms: i64) -> Result<HashSet<SessionId>, StoreError> {
    let mut live = HashSet::new();
    for chunk in ids.chunks(MAX_PARAMETERS) {
        let found: Vec<i64> = sessions::table
            .inner_join(users::table.on(users::id.eq(sessions::user_id)))
            .select(sessions::id)
            .filter(sessions::id.eq_any(chunk.iter().map(|id| id.0)))
            .filter(sessions::ended_at_ms.is_null())
            .filter(sessions::expires_at_ms.gt(now_ms))
            .filter(users::status.eq(AccountStatus::Active.code()))
            .load(conn)?;
        live.extend(found.into_iter().map(SessionId));
    }
    Ok(live)
}

/// Ends sessions.
pub fn end(conn: &mut Conn, ids: &[SessionId], reason: EndReason, now_ms: i64) -> Result<(), StoreError> {
    execute_together(conn, &end_statements(ids, reason, now_ms))
}

/// Ends sessions; no statement without any.
#[must_use]
pub fn end_statements(ids: &[SessionId], reason: EndReason, now_ms: i64) -> Vec<Statement> {
    let end = |ids: &[SessionId]| {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let are_live = sessions::id.eq_any(ids).and(sessions::ended_at_ms.is_null());
        let ending = (sessions::ended_at_ms.eq(now_ms), sessions::end_reason.eq(reason.code()));
        Statement::new(update(&sessions::table, are_live, ending))
    };
    ids.chunks(MAX_PARAMETERS).map(end).collect()
}

/// Ends the sessions on one or all devices of an account, except `kept`. Returns the devices whose sessions were ended.
pub fn end_on(
    conn: &mut Conn,
    user: UserId,
    device: Option<DeviceSn>,
    kept: Option<SessionId>,
    reason: EndReason,
    now_ms: i64,
) -> Result<Vec<DeviceSn>, StoreError> {
    let live = list_live(conn, user)?.into_iter();
    let meant = live.filter(|live| device.is_none_or(|device| live.device == device) && kept != Some(live.id));
    let (ids, devices): (Vec<SessionId>, _) = meant.map(|live| (live.id, live.device)).unzip();
    end(conn, &ids, reason, now_ms)?;
    Ok(devices)
}

/// Deletes the sessions of an account that were ended or expired before `before_ms`.
#[must_use]
pub fn delete_old(user: UserId, before_ms: i64) -> Statement {
    let old = sessions::ended_at_ms.lt(before_ms).or(sessions::expires_at_ms.lt(before_ms).nullable());
    Statement::new(diesel::delete(sessions::table.filter(sessions::user_id.eq(user.get())).filter(old)))
}

/// Ends every session of these accounts.
pub fn end_all_of(conn: &mut Conn, users: &[UserId], reason: EndReason, now_ms: i64) -> Result<(), StoreError> {
    for chunk in users.chunks(MAX_PARAMETERS) {
        let live = sessions::table
            .filter(sessions::user_id.eq_any(chunk.iter().map(|id| id.get())))
            .filter(sessions::ended_at_ms.is_null());
        diesel::update(live)
            .set((sessions::ended_at_ms.eq(now_ms), sessions::end_reason.eq(reason.code())))
            .execute(conn)?;
    }
    Ok(())
}
