//! Bulk import and export of accounts.

use std::collections::BTreeSet;

use diesel::prelude::*;

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
    let mut kept = BTreeSet::new();
    for chunk in records.chunks(MAX_PARAMETERS) {
        let rows = chunk.iter().map(|record| row(tenant, record, now_ms));
        // diesel's enum of connections supports neither batch inserts nor conflict clauses.
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
