//! Accounts.

use std::collections::BTreeSet;

use diesel::{OptionalExtension as _, dsl::case_when, prelude::*};

mod activity;
mod bulk;
mod contacts;
mod credentials;
mod invitations;
mod search;

pub(super) use activity::ActivityColumns;
pub use activity::{lock_activity, set_activity};
pub use bulk::{ExportRow, UniqueName, insert_new, list_for_export, list_taken, names_of};
pub use contacts::{
    find_by_contact, find_confirmed_owner, is_mobile_confirmed, release_unconfirmed, set_contact,
    set_unconfirmed_mobile,
};
pub use credentials::{
    Credentials, find_credentials, find_password_hash, lock, renew_password_hash, set_password_hash,
};
pub use invitations::{find_by_invitation_code, set_invitation_code};
pub use search::search;

use super::{
    Conn, MAX_PARAMETERS, StoreError, schema::users, selection, statements::Statement, update::update, user_counts,
};
use crate::model::{
    AccountStatus, Activity, Avatar, DeviceSn, Info, InfoChanges, Mobile, Nickname, Page, TenantId, User, UserId,
    UserSummary, Username,
};

/// The columns of [`User`]. Queries that need other columns select them themselves.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    pub(super) id: i64,
    username: Option<String>,
    nickname: String,
    name_id: i32,
    avatar_url: String,
    avatar_id: i64,
    mobile: Option<String>,
    email: Option<String>,
    description: Option<String>,
    private_info: Option<String>,
    public_info: Option<String>,
    coin_cents: i64,
    vip_expires_at_ms: i64,
    status: i16,
    registered_at_ms: i64,
    invitation_code: Option<String>,
    place: String,
    #[diesel(embed)]
    activity: ActivityColumns,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId::stored(row.id),
            username: row.username,
            nickname: row.nickname,
            name_id: row.name_id,
            avatar_url: row.avatar_url,
            avatar_id: row.avatar_id,
            mobile: row.mobile,
            email: row.email,
            description: row.description,
            private_info: row.private_info,
            public_info: row.public_info,
            coin_cents: row.coin_cents,
            vip_expires_at_ms: row.vip_expires_at_ms,
            status: AccountStatus::stored(row.status),
            registered_at_ms: row.registered_at_ms,
            chosen_code: row.invitation_code,
            place: row.place,
            activity: Activity::from(row.activity),
        }
    }
}

/// A new account.
pub struct NewUser<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// How the owner logs in.
    pub login: NewLogin<'a>,
    /// The initial display name.
    pub nickname: &'a str,
    /// The time of registration.
    pub now_ms: i64,
}

/// How the owner of a new account logs in.
#[derive(Clone, Copy)]
pub enum NewLogin<'a> {
    /// With a login name and a password.
    Password {
        /// The login name.
        username: &'a Username,
        /// The password's hash.
        hash: &'a str,
    },
    /// With codes sent to a mobile number.
    Mobile(&'a Mobile),
}

/// The columns of a new account. Those that are not set explicitly get `Default`'s values.
#[derive(Default, Insertable)]
#[diesel(table_name = users)]
struct NewUserRow<'a> {
    app_id: &'a str,
    username: Option<&'a str>,
    username_key: Option<String>,
    password_hash: Option<&'a str>,
    nickname: &'a str,
    name_id: i32,
    avatar_url: &'a str,
    avatar_id: i64,
    mobile: Option<&'a str>,
    email: Option<&'a str>,
    description: Option<&'a str>,
    private_info: Option<&'a str>,
    public_info: Option<&'a str>,
    coin_cents: i64,
    vip_expires_at_ms: i64,
    status: i16,
    last_device_sn: i32,
    registered_at_ms: i64,
    last_active_at_ms: i64,
    last_active_day: i32,
    online_days: i32,
    continuous_online_days: i32,
    coin_records: i64,
    devices_version: i64,
    mobile_confirmed: bool,
}

/// Inserts an account.
///
/// # Errors
/// [`StoreError::Taken`] if the login name or the number is in use.
pub fn insert(conn: &mut Conn, new: &NewUser<'_>) -> Result<UserId, StoreError> {
    let row = NewUserRow {
        app_id: new.tenant.as_str(),
        nickname: new.nickname,
        name_id: 1,
        status: AccountStatus::Active.code(),
        registered_at_ms: new.now_ms,
        mobile_confirmed: true,
        ..NewUserRow::default()
    };
    let row = match new.login {
        NewLogin::Password { username, hash } => NewUserRow {
            username: Some(username.as_str()),
            username_key: Some(username.key()),
            password_hash: Some(hash),
            ..row
        },
        NewLogin::Mobile(mobile) => NewUserRow { mobile: Some(mobile.as_str()), ..row },
    };
    let id: i64 = diesel::insert_into(users::table).values(row).returning(users::id).get_result(conn)?;
    Ok(UserId::stored(id))
}

/// The account with that id in the tenant, unless it is deleted.
pub fn find(conn: &mut Conn, tenant: &TenantId, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = users::table
        .select(selection::<UserRow>())
        .filter(users::id.eq(id.get()))
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::status.ne(AccountStatus::Deleted.code()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(User::from))
}

/// Marks the account as deleted and erases its data; its row and id stay.
pub fn erase(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
    const NOTHING: Option<&str> = None;
    diesel::update(users::table.find(id.get()))
        .set((
            users::status.eq(AccountStatus::Deleted.code()),
            users::username.eq(NOTHING),
            users::username_key.eq(NOTHING),
            users::password_hash.eq(NOTHING),
            users::mobile.eq(NOTHING),
            users::email.eq(NOTHING),
            users::description.eq(NOTHING),
            users::private_info.eq(NOTHING),
            users::public_info.eq(NOTHING),
            users::nickname.eq(""),
            users::avatar_url.eq(""),
            users::invitation_code.eq(NOTHING),
            users::place.eq(""),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whether the tenant has an account with that id that is not deleted.
pub fn exists(conn: &mut Conn, tenant: &TenantId, id: UserId) -> Result<bool, StoreError> {
    let matches = users::table
        .filter(users::id.eq(id.get()))
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::status.ne(AccountStatus::Deleted.code()));
    Ok(diesel::select(diesel::dsl::exists(matches)).get_result(conn)?)
}

/// Whether the tenant has an account with that login name.
pub fn is_username_taken(conn: &mut Conn, tenant: &TenantId, name: &Username) -> Result<bool, StoreError> {
    let matches = users::table.filter(users::app_id.eq(tenant.as_str())).filter(users::username_key.eq(name.key()));
    Ok(diesel::select(diesel::dsl::exists(matches)).get_result(conn)?)
}

/// The account with that login name.
pub fn find_by_username(conn: &mut Conn, tenant: &TenantId, name: &Username) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = users::table
        .select(selection::<UserRow>())
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::username_key.eq(name.key()))
        .filter(users::status.ne(AccountStatus::Deleted.code()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(User::from))
}

/// Sets the display name. Increments its number, unless the name stays the same.
#[must_use]
pub fn set_nickname(id: UserId, name: &Nickname) -> Statement {
    let name = name.as_str().to_owned();
    let is_another = users::id.eq(id.get()).and(users::nickname.ne(name.clone()));
    Statement::new(update(&users::table, is_another, (users::nickname.eq(name), users::name_id.eq(users::name_id + 1))))
}

/// Sets the avatar. Increments its number, unless the avatar stays the same.
#[must_use]
pub fn set_avatar(id: UserId, avatar: &Avatar) -> Statement {
    let url = avatar.as_str().to_owned();
    let is_another = users::id.eq(id.get()).and(users::avatar_url.ne(url.clone()));
    let changes = (users::avatar_url.eq(url), users::avatar_id.eq(users::avatar_id + 1));
    Statement::new(update(&users::table, is_another, changes))
}

/// Sets when the account's VIP time ends.
pub fn set_vip_end(conn: &mut Conn, id: UserId, expires_at_ms: i64) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.get())).set(users::vip_expires_at_ms.eq(expires_at_ms)).execute(conn)?;
    Ok(())
}

/// Sets the login name.
///
/// # Errors
/// [`StoreError::Taken`] if the name is in use.
pub fn set_username(conn: &mut Conn, id: UserId, name: &Username) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.get()))
        .set((users::username.eq(name.as_str()), users::username_key.eq(name.key())))
        .execute(conn)?;
    Ok(())
}

#[derive(AsChangeset)]
#[diesel(table_name = users)]
struct InfoColumns {
    description: Option<String>,
    private_info: Option<String>,
    public_info: Option<String>,
}

/// Sets the display name, as [`set_nickname`] does, and descriptive fields of the account; no statement if there is none.
/// It is one statement, since of those that are executed together no two may change the same row.
#[must_use]
pub fn set_profile(id: UserId, name: Option<&Nickname>, info: &InfoChanges) -> Option<Statement> {
    let text = |info: &Option<Info>| info.as_ref().map(|info| info.as_str().to_owned());
    let columns = InfoColumns {
        description: text(&info.description),
        private_info: text(&info.private_info),
        public_info: text(&info.public_info),
    };
    if columns.description.is_none() && columns.private_info.is_none() && columns.public_info.is_none() {
        return name.map(|name| set_nickname(id, name));
    }
    let name = name.map(|name| {
        let name = name.as_str().to_owned();
        let number = case_when(users::nickname.ne(name.clone()), users::name_id + 1).otherwise(users::name_id);
        (users::nickname.eq(name), users::name_id.eq(number))
    });
    Some(Statement::new(update(&users::table, users::id.eq(id.get()), (name, columns))))
}

/// Increments the version of the account's devices.
pub fn bump_devices_version(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
    let version = users::devices_version.eq(users::devices_version + 1);
    diesel::update(users::table.find(id.get())).set(version).execute(conn)?;
    Ok(())
}

/// The version of the account's devices, which is incremented whenever they change.
pub fn devices_version(conn: &mut Conn, id: UserId) -> Result<i64, StoreError> {
    Ok(users::table.find(id.get()).select(users::devices_version).get_result(conn)?)
}

/// Sets the status of those accounts in `ids` that are in the tenant and not deleted, and returns their number.
pub fn set_status(
    conn: &mut Conn,
    tenant: &TenantId,
    ids: &[UserId],
    status: AccountStatus,
) -> Result<usize, StoreError> {
    let mut changed = 0;
    for chunk in ids.chunks(MAX_PARAMETERS) {
        let matches = users::table.filter(users::id.eq_any(lock_chunk(conn, tenant, chunk)?));
        changed += diesel::update(matches).set(users::status.eq(status.code())).execute(conn)?;
    }
    Ok(changed)
}

/// Locks those accounts in `ids` that are in the tenant and not deleted until the end of the transaction.
pub fn lock_all(conn: &mut Conn, tenant: &TenantId, ids: &BTreeSet<UserId>) -> Result<(), StoreError> {
    let ids: Vec<UserId> = ids.iter().copied().collect();
    for chunk in ids.chunks(MAX_PARAMETERS) {
        lock_chunk(conn, tenant, chunk)?;
    }
    Ok(())
}

/// Locks accounts in the order of their ids, so that overlapping lists wait for each other and don't deadlock.
fn lock_chunk(conn: &mut Conn, tenant: &TenantId, chunk: &[UserId]) -> Result<Vec<i64>, StoreError> {
    let in_tenant = users::table
        .select(users::id)
        .filter(users::id.eq_any(chunk.iter().map(|id| id.get())))
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::status.ne(AccountStatus::Deleted.code()))
        .order(users::id);
    Ok(match conn {
        Conn::Sqlite(conn) => in_tenant.load(conn),
        Conn::Postgres(conn) => in_tenant.for_no_key_update().load(conn),
    }?)
}

/// A page of the tenant's accounts, oldest first, without deleted ones.
pub fn list(conn: &mut Conn, tenant: &TenantId, page: Page) -> Result<Vec<UserSummary>, StoreError> {
    let Some(start) = user_counts::find_page_start(conn, tenant, page.offset())? else { return Ok(Vec::new()) };
    let rows: Vec<(i64, Option<String>, i16)> = users::table
        .select((users::id, users::username, users::status))
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::id.ge(start.from_id))
        .filter(users::status.ne(AccountStatus::Deleted.code()))
        .order(users::id)
        .offset(start.skip)
        .limit(page.size())
        .load(conn)?;
    let summary = |(id, username, status)| UserSummary {
        id: UserId::stored(id),
        username,
        status: AccountStatus::stored(status),
    };
    Ok(rows.into_iter().map(summary).collect())
}

/// The next device number of the account. Locks the account's row until the end of the transaction, so that logins of
/// one account are serialized.
pub fn next_device_sn(conn: &mut Conn, id: UserId) -> Result<DeviceSn, StoreError> {
    let sn: i32 = diesel::update(users::table.find(id.get()))
        .set(users::last_device_sn.eq(users::last_device_sn + 1))
        .returning(users::last_device_sn)
        .get_result(conn)?;
    Ok(DeviceSn(sn))
}
