//! Bulk import and export of accounts.

use std::collections::BTreeSet;

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text},
};

use super::NewUserRow;
use crate::{
    model::{AccountRecord, AccountStatus, Contact, EmailAddress, Info, Mobile, Nickname, TenantId, UserId, Username},
    store::{Conn, MAX_PARAMETERS, StoreError, schema::users, selection},
};

/// A value that must be unique among the accounts of a tenant, in the form that is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UniqueName {
    /// A login name, in lower case.
    Username(String),
    /// A mobile number or an e-mail address.
    Contact(Contact),
}

/// Those of the names that are in use, with one query per batch of names.
pub fn list_taken(
    conn: &mut Conn,
    tenant: &TenantId,
    names: &[UniqueName],
) -> Result<BTreeSet<UniqueName>, StoreError> {
    let mut taken = BTreeSet::new();
    for chunk in names.chunks(MAX_PARAMETERS) {
        let usernames = chunk.iter().filter_map(|name| match name {
            UniqueName::Username(key) => Some(key.as_str()),
            UniqueName::Contact(_) => None,
        });
        let mobiles = chunk.iter().filter_map(|name| match name {
            UniqueName::Contact(Contact::Mobile(mobile)) => Some(mobile.as_str()),
            UniqueName::Contact(Contact::Email(_)) | UniqueName::Username(_) => None,
        });
        let emails = chunk.iter().filter_map(|name| match name {
            UniqueName::Contact(Contact::Email(address)) => Some(address.as_str()),
            UniqueName::Contact(Contact::Mobile(_)) | UniqueName::Username(_) => None,
        });
        let columns = (users::username_key, users::mobile, users::email);
        let in_tenant = users::table.select(columns).filter(users::app_id.eq(tenant.as_str()));
        let by_username: Vec<Names> = in_tenant.filter(users::username_key.eq_any(usernames)).load(conn)?;
        let by_mobile: Vec<Names> = in_tenant.filter(users::mobile.eq_any(mobiles)).load(conn)?;
        let by_email: Vec<Names> = in_tenant.filter(users::email.eq_any(emails)).load(conn)?;
        let found: BTreeSet<String> = by_username.into_iter().filter_map(|(username, ..)| username).collect();
        let mobiles: BTreeSet<String> = by_mobile.into_iter().filter_map(|(_, mobile, _)| mobile).collect();
        let emails: BTreeSet<String> = by_email.into_iter().filter_map(|(.., email)| email).collect();
        taken.extend(
            chunk
                .iter()
                .filter(|name| match name {
                    UniqueName::Username(key) => found.contains(key),
                    UniqueName::Contact(Contact::Mobile(mobile)) => mobiles.contains(mobile.as_str()),
                    UniqueName::Contact(Contact::Email(address)) => emails.contains(address.as_str()),
                })
                .cloned(),
        );
    }
    Ok(taken)
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
        status: record.status.code(),
        registered_at_ms: now_ms,
        mobile_confirmed: record.is_mobile_confirmed,
        ..NewUserRow::default()
    }
}

/// The unique values of an account: the login name in lower case, the mobile number, the e-mail address.
pub type Names = (Option<String>, Option<String>, Option<String>);

/// The unique values of a record.
#[must_use]
pub fn names_of(record: &AccountRecord) -> Names {
    let mobile = record.mobile.as_ref().map(|mobile| mobile.as_str().to_owned());
    let email = record.email.as_ref().map(|address| address.as_str().to_owned());
    (record.username.as_ref().map(Username::key), mobile, email)
}

/// Inserts the accounts whose names are all unused, and returns their names. If several accounts share a name, only the
/// first of them is inserted.
pub fn insert_new(
    conn: &mut Conn,
    tenant: &TenantId,
    records: &[AccountRecord],
    now_ms: i64,
) -> Result<BTreeSet<Names>, StoreError> {
    let rows: Vec<_> = records.iter().map(|record| row(tenant, record, now_ms)).collect();
    match conn {
        Conn::Sqlite(conn) => {
            let mut kept = BTreeSet::new();
            for (row, record) in rows.into_iter().zip(records) {
                if diesel::insert_into(users::table).values(row).on_conflict_do_nothing().execute(conn)? > 0 {
                    kept.insert(names_of(record));
                }
            }
            Ok(kept)
        }
        Conn::Postgres(conn) => Ok(insert_columns(conn, tenant, &rows, now_ms)?),
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = users)]
struct NamesRow {
    username_key: Option<String>,
    mobile: Option<String>,
    email: Option<String>,
}

/// Inserts new accounts of the tenant as [`insert_new`] does. Each column is one parameter, so the statement is short:
/// PostgreSQL took a third of its time to parse and plan one with a parameter for each value.
fn insert_columns(
    conn: &mut PgConnection,
    tenant: &TenantId,
    rows: &[NewUserRow<'_>],
    now_ms: i64,
) -> QueryResult<BTreeSet<Names>> {
    type Texts = Array<Text>;
    type Optionals = Array<Nullable<Text>>;
    let inserted: Vec<NamesRow> = diesel::sql_query(
        "INSERT INTO users (app_id, registered_at_ms, name_id, coin_cents, vip_expires_at_ms, last_device_sn, username, \
             username_key, password_hash, nickname, avatar_url, avatar_id, mobile, email, description, private_info, \
             public_info, status, mobile_confirmed) \
         SELECT $1, $2, account.* \
         FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) AS account \
         ON CONFLICT DO NOTHING RETURNING username_key, mobile, email",
    )
    .bind::<Text, _>(tenant.as_str())
    .bind::<BigInt, _>(now_ms)
    .bind::<Array<Integer>, _>(column(rows, |row| row.name_id))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.coin_cents))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.vip_expires_at_ms))
    .bind::<Array<Integer>, _>(column(rows, |row| row.last_device_sn))
    .bind::<Optionals, _>(column(rows, |row| row.username))
    .bind::<Optionals, _>(column(rows, |row| row.username_key.as_deref()))
    .bind::<Optionals, _>(column(rows, |row| row.password_hash))
    .bind::<Texts, _>(column(rows, |row| row.nickname))
    .bind::<Texts, _>(column(rows, |row| row.avatar_url))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.avatar_id))
    .bind::<Optionals, _>(column(rows, |row| row.mobile))
    .bind::<Optionals, _>(column(rows, |row| row.email))
    .bind::<Optionals, _>(column(rows, |row| row.description))
    .bind::<Optionals, _>(column(rows, |row| row.private_info))
    .bind::<Optionals, _>(column(rows, |row| row.public_info))
    .bind::<Array<SmallInt>, _>(column(rows, |row| row.status))
    .bind::<Array<Bool>, _>(column(rows, |row| row.mobile_confirmed))
    .load(conn)?;
    Ok(inserted.into_iter().map(|row| (row.username_key, row.mobile, row.email)).collect())
}

fn column<'r, T>(rows: &'r [NewUserRow<'_>], value: impl Fn(&'r NewUserRow<'_>) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// An account in an export.
#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = users)]
pub struct ExportRow {
    /// The account's id.
    pub id: i64,
    /// The login name.
    pub username: Option<String>,
    /// The password's hash.
    pub password_hash: Option<String>,
    /// The display name.
    pub nickname: String,
    /// The bound mobile number.
    pub mobile: Option<String>,
    /// The bound e-mail address.
    pub email: Option<String>,
    /// The avatar.
    pub avatar_url: String,
    /// The account's description.
    pub description: Option<String>,
    /// Private info, shown to the owner only.
    pub private_info: Option<String>,
    /// Public info, shown to everyone.
    pub public_info: Option<String>,
    /// 0 active, 1 disabled.
    pub status: i16,
    /// Whether the mobile number is confirmed.
    pub mobile_confirmed: bool,
}

/// Up to `limit` accounts of the tenant with ids above `after`, by id, without deleted ones.
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
    /// The unique values of a record.
    #[must_use]
    pub fn all_of(record: &AccountRecord) -> Vec<Self> {
        let username = record.username.as_ref().map(Username::key);
        let mobile = record.mobile.clone().map(Contact::Mobile);
        let email = record.email.clone().map(Contact::Email);
        let contacts = mobile.into_iter().chain(email).map(Self::Contact);
        username.map(Self::Username).into_iter().chain(contacts).collect()
    }
}
