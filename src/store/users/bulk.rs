//! Many accounts at once: for imports and exports.

use std::collections::BTreeSet;

use diesel::{dsl::exists, prelude::*};

use crate::{
    model::{AccountRecord, AccountStatus, Contact, EmailAddress, Info, Mobile, Nickname, TenantId, UserId, Username},
    store::{Conn, MAX_PARAMETERS, StoreError, schema::users, selection},
};

/// What must be unique among the accounts of an app, as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UniqueName {
    /// A login name, in lower case.
    Username(String),
    /// A number or an address.
    Contact(Contact),
}

/// Whether an account of the app has that name.
pub fn is_taken(conn: &mut Conn, tenant: &TenantId, name: &UniqueName) -> Result<bool, StoreError> {
    let in_app = users::table.filter(users::app_id.eq(tenant.as_str()));
    let is_taken = match name {
        UniqueName::Username(key) => {
            diesel::select(exists(in_app.filter(users::username_key.eq(key)))).get_result(conn)
        }
        UniqueName::Contact(Contact::Mobile(mobile)) => {
            diesel::select(exists(in_app.filter(users::mobile.eq(mobile.as_str())))).get_result(conn)
        }
        UniqueName::Contact(Contact::Email(address)) => {
            diesel::select(exists(in_app.filter(users::email.eq(address.as_str())))).get_result(conn)
        }
    };
    Ok(is_taken?)
}

#[derive(Insertable)]
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

fn row<'a>(tenant: &'a TenantId, record: &'a AccountRecord, now_ms: i64) -> NewUserRow<'a> {
    let username = record.username.as_ref().map(Username::as_str);
    NewUserRow {
        app_id: tenant.as_str(),
        username,
        username_key: record.username.as_ref().map(Username::key),
        password_hash: record.password_hash.as_deref(),
        nickname: record.nickname.as_ref().map(Nickname::as_str).or(username).unwrap_or_default(),
        name_id: 1,
        avatar_url: record.avatar.as_ref().map_or("", |avatar| avatar.as_str()),
        avatar_id: i64::from(record.avatar.is_some()),
        mobile: record.mobile.as_ref().map(Mobile::as_str),
        email: record.email.as_ref().map(EmailAddress::as_str),
        description: record.description.as_ref().map(Info::as_str),
        private_info: record.private_info.as_ref().map(Info::as_str),
        public_info: record.public_info.as_ref().map(Info::as_str),
        coin_cents: 0,
        vip_expires_at_ms: 0,
        status: record.status.code(),
        last_device_sn: 0,
        registered_at_ms: now_ms,
        last_active_at_ms: 0,
        last_active_day: 0,
        online_days: 0,
        continuous_online_days: 0,
        coin_records: 0,
        devices_version: 0,
        mobile_confirmed: record.is_mobile_confirmed,
    }
}

/// All that must be unique of an account: the login name in lower case, the number, the address.
pub type Names = (Option<String>, Option<String>, Option<String>);

/// The names of a record.
#[must_use]
pub fn names_of(record: &AccountRecord) -> Names {
    let mobile = record.mobile.as_ref().map(|mobile| mobile.as_str().to_owned());
    let email = record.email.as_ref().map(|address| address.as_str().to_owned());
    (record.username.as_ref().map(Username::key), mobile, email)
}

/// Adds those of the accounts none of whose names is in use, and gives their names: of several that share one, the first.
pub fn insert_new(
    conn: &mut Conn,
    tenant: &TenantId,
    records: &[AccountRecord],
    now_ms: i64,
) -> Result<BTreeSet<Names>, StoreError> {
    let mut kept = BTreeSet::new();
    for chunk in records.chunks(MAX_PARAMETERS) {
        let rows = chunk.iter().map(|record| row(tenant, record, now_ms));
        // diesel's enum of connections knows neither inserts of many rows nor conflicts.
        match conn {
            Conn::Sqlite(conn) => {
                for (row, record) in rows.zip(chunk) {
                    if diesel::insert_into(users::table).values(row).on_conflict_do_nothing().execute(conn)? > 0 {
                        kept.insert(names_of(record));
                    }
                }
            }
            Conn::Postgres(conn) => {
                let rows: Vec<_> = rows.collect();
                let insert = diesel::insert_into(users::table).values(rows).on_conflict_do_nothing();
                let names = (users::username_key, users::mobile, users::email);
                kept.extend(insert.returning(names).load::<Names>(conn)?);
            }
        }
    }
    Ok(kept)
}

/// An account as an export shows it.
#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = users)]
pub struct ExportRow {
    /// The number.
    pub id: i64,
    /// The login name.
    pub username: Option<String>,
    /// The password's hash.
    pub password_hash: Option<String>,
    /// The display name.
    pub nickname: String,
    /// The bound number.
    pub mobile: Option<String>,
    /// The bound address.
    pub email: Option<String>,
    /// The avatar.
    pub avatar_url: String,
    /// What it says of itself on /user.
    pub description: Option<String>,
    /// For the owner only.
    pub private_info: Option<String>,
    /// For everyone.
    pub public_info: Option<String>,
    /// 0 active, 1 disabled.
    pub status: i16,
    /// Whether the number was shown to be the account's own.
    pub mobile_confirmed: bool,
}

/// Up to `limit` accounts of the app with numbers above `after`, in their order, deleted ones left out.
pub fn list_for_export(
    conn: &mut Conn,
    tenant: &TenantId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<ExportRow>, StoreError> {
    Ok(users::table
        .select(selection::<ExportRow>())
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::id.gt(after.map_or(0, UserId::get)))
        .filter(users::status.ne(AccountStatus::Deleted.code()))
        .order(users::id)
        .limit(limit)
        .load(conn)?)
}

impl UniqueName {
    /// All that must be unique of a record.
    #[must_use]
    pub fn all_of(record: &AccountRecord) -> Vec<Self> {
        let username = record.username.as_ref().map(Username::key);
        let mobile = record.mobile.clone().map(Contact::Mobile);
        let email = record.email.clone().map(Contact::Email);
        let contacts = mobile.into_iter().chain(email).map(Self::Contact);
        username.map(Self::Username).into_iter().chain(contacts).collect()
    }
}
