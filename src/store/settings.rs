//! Settings of accounts: one row per account, from the first change on.

use diesel::{OptionalExtension as _, dsl::exists, prelude::*};

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{settings, users},
    selection,
};
use crate::model::{Settings, TenantId, UserId};

/// All columns except the key, for reading and writing.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = settings, treat_none_as_null = true)]
pub(super) struct SettingsRow {
    auth_mode: i16,
    auth_question: Option<String>,
    auth_answer: Option<String>,
    auto_download: bool,
    group_confirm: bool,
    no_push: bool,
    no_push_detail: bool,
    no_push_start_hour: i16,
    no_push_end_hour: i16,
    no_sounds: bool,
    push_nick_name: Option<String>,
    push_token: Option<String>,
    silence_start_time: Option<i32>,
    silence_end_time: Option<i32>,
    vibratory: bool,
}

impl From<SettingsRow> for Settings {
    fn from(row: SettingsRow) -> Self {
        Self {
            auth_mode: row.auth_mode,
            auth_question: row.auth_question,
            auth_answer: row.auth_answer,
            auto_download: row.auto_download,
            group_confirm: row.group_confirm,
            no_push: row.no_push,
            no_push_detail: row.no_push_detail,
            no_push_start_hour: row.no_push_start_hour,
            no_push_end_hour: row.no_push_end_hour,
            no_sounds: row.no_sounds,
            push_nick_name: row.push_nick_name,
            push_token: row.push_token,
            silence_start_time: row.silence_start_time,
            silence_end_time: row.silence_end_time,
            vibratory: row.vibratory,
        }
    }
}

impl From<&Settings> for SettingsRow {
    fn from(settings: &Settings) -> Self {
        let settings = settings.clone();
        Self {
            auth_mode: settings.auth_mode,
            auth_question: settings.auth_question,
            auth_answer: settings.auth_answer,
            auto_download: settings.auto_download,
            group_confirm: settings.group_confirm,
            no_push: settings.no_push,
            no_push_detail: settings.no_push_detail,
            no_push_start_hour: settings.no_push_start_hour,
            no_push_end_hour: settings.no_push_end_hour,
            no_sounds: settings.no_sounds,
            push_nick_name: settings.push_nick_name,
            push_token: settings.push_token,
            silence_start_time: settings.silence_start_time,
            silence_end_time: settings.silence_end_time,
            vibratory: settings.vibratory,
        }
    }
}

/// The settings of an account; the defaults until they are changed.
pub fn get(conn: &mut Conn, user: UserId) -> Result<Settings, StoreError> {
    let row: Option<SettingsRow> =
        settings::table.find(user.get()).select(selection::<SettingsRow>()).get_result(conn).optional()?;
    Ok(row.map(Settings::from).unwrap_or_default())
}

/// Stores the settings of an account. Its row must be locked.
pub fn save(conn: &mut Conn, user: UserId, new: &Settings) -> Result<(), StoreError> {
    let row = SettingsRow::from(new);
    let values = (settings::user_id.eq(user.get()), &row);
    let insert = diesel::insert_into(settings::table).values(values);
    on_backend!(conn, |conn| insert.on_conflict(settings::user_id).do_update().set(&row).execute(conn))?;
    Ok(())
}

/// Deletes the settings of an account.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(settings::table.find(user.get())).execute(conn)?;
    Ok(())
}

/// The accounts of the tenant whose settings have one of the tokens of push services.
pub fn list_owners(conn: &mut Conn, tenant: &TenantId, tokens: &[String]) -> Result<Vec<UserId>, StoreError> {
    let mut owners = Vec::new();
    for chunk in tokens.chunks(MAX_PARAMETERS) {
        let ids: Vec<i64> = settings::table
            .inner_join(users::table.on(users::id.eq(settings::user_id)))
            .select(settings::user_id)
            .filter(settings::push_token.eq_any(chunk))
            .filter(users::app_id.eq(tenant.as_str()))
            .load(conn)?;
        owners.extend(ids.into_iter().map(UserId::stored));
    }
    Ok(owners)
}

/// Removes tokens of push services from the settings of the tenant's accounts, whose rows must be locked, and returns
/// how many there were.
pub fn remove_dead_tokens(conn: &mut Conn, tenant: &TenantId, tokens: &[String]) -> Result<usize, StoreError> {
    let in_tenant = users::id.eq(settings::user_id).and(users::app_id.eq(tenant.as_str()));
    let mut removed = 0;
    for chunk in tokens.chunks(MAX_PARAMETERS) {
        let dead = settings::push_token.eq_any(chunk).and(exists(users::table.filter(in_tenant)));
        removed +=
            diesel::update(settings::table.filter(dead)).set(settings::push_token.eq(None::<&str>)).execute(conn)?;
    }
    Ok(removed)
}
