//! Admin tokens.

use std::collections::BTreeMap;

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, MAX_PARAMETERS, StoreError, schema::admin_tokens, selection};
use crate::model::{AdminToken, AdminTokenId, TenantId, TokenHash};

#[derive(Queryable, Selectable)]
#[diesel(table_name = admin_tokens)]
struct AdminTokenRow {
    id: i64,
    name: String,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
    revoked_at_ms: Option<i64>,
}

impl From<AdminTokenRow> for AdminToken {
    fn from(row: AdminTokenRow) -> Self {
        Self {
            id: AdminTokenId(row.id),
            name: row.name,
            created_at_ms: row.created_at_ms,
            expires_at_ms: row.expires_at_ms,
            revoked_at_ms: row.revoked_at_ms,
        }
    }
}

/// A new token.
pub struct NewAdminToken<'a> {
    /// The tenant that the token administers.
    pub tenant: &'a TenantId,
    /// The token's name.
    pub name: &'a str,
    /// The hash of the token.
    pub token_hash: TokenHash,
    /// The time of creation.
    pub now_ms: i64,
    /// When the token expires, if ever.
    pub expires_at_ms: Option<i64>,
}

/// Inserts a token.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant has an unrevoked token of that name.
pub fn insert(conn: &mut Conn, new: &NewAdminToken<'_>) -> Result<(), StoreError> {
    diesel::insert_into(admin_tokens::table)
        .values((
            admin_tokens::app_id.eq(new.tenant.as_str()),
            admin_tokens::name.eq(new.name),
            admin_tokens::token_hash.eq(new.token_hash.0.as_slice()),
            admin_tokens::created_at_ms.eq(new.now_ms),
            admin_tokens::expires_at_ms.eq(new.expires_at_ms),
        ))
        .execute(conn)?;
    Ok(())
}

/// The token with that hash in the tenant; it may be expired or revoked.
pub fn find_by_token(conn: &mut Conn, tenant: &TenantId, hash: &TokenHash) -> Result<Option<AdminToken>, StoreError> {
    let row: Option<AdminTokenRow> = admin_tokens::table
        .select(selection::<AdminTokenRow>())
        .filter(admin_tokens::token_hash.eq(hash.0.as_slice()))
        .filter(admin_tokens::app_id.eq(tenant.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(AdminToken::from))
}

/// The tenant of the token with that hash; it may be expired or revoked.
pub fn find_tenant(conn: &mut Conn, hash: &TokenHash) -> Result<Option<TenantId>, StoreError> {
    let tenant = admin_tokens::table.select(admin_tokens::app_id);
    let found: Option<String> =
        tenant.filter(admin_tokens::token_hash.eq(hash.0.as_slice())).get_result(conn).optional()?;
    Ok(found.map(TenantId::stored))
}

/// The token with that id in the tenant; it may be expired or revoked.
pub fn find(conn: &mut Conn, tenant: &TenantId, id: AdminTokenId) -> Result<Option<AdminToken>, StoreError> {
    let row: Option<AdminTokenRow> = admin_tokens::table
        .select(selection::<AdminTokenRow>())
        .filter(admin_tokens::id.eq(id.0))
        .filter(admin_tokens::app_id.eq(tenant.as_str()))
        .get_result(conn)
        .optional()?;
    Ok(row.map(AdminToken::from))
}

/// Whether an admin token is neither revoked nor expired; it can't be revoked before the end of the transaction.
pub fn is_valid(conn: &mut Conn, id: AdminTokenId, now_ms: i64) -> Result<bool, StoreError> {
    let token = admin_tokens::table.find(id.0).select(selection::<AdminTokenRow>());
    let row: Option<AdminTokenRow> = match conn {
        Conn::Sqlite(conn) => token.get_result(conn),
        Conn::Postgres(conn) => token.for_share().get_result(conn),
    }
    .optional()?;
    Ok(row.map(AdminToken::from).is_some_and(|token| token.is_valid(now_ms)))
}

/// The tokens of a tenant, oldest first.
pub fn list(conn: &mut Conn, tenant: &TenantId) -> Result<Vec<AdminToken>, StoreError> {
    let all: Vec<AdminTokenRow> = admin_tokens::table
        .select(selection::<AdminTokenRow>())
        .filter(admin_tokens::app_id.eq(tenant.as_str()))
        .order(admin_tokens::id)
        .load(conn)?;
    Ok(all.into_iter().map(AdminToken::from).collect())
}

/// The names of those of the tokens that are the tenant's, by their ids.
pub fn list_names(
    conn: &mut Conn,
    tenant: &TenantId,
    ids: &[AdminTokenId],
) -> Result<BTreeMap<i64, String>, StoreError> {
    let mut names = BTreeMap::new();
    for part in ids.chunks(MAX_PARAMETERS) {
        let rows: Vec<(i64, String)> = admin_tokens::table
            .select((admin_tokens::id, admin_tokens::name))
            .filter(admin_tokens::id.eq_any(part.iter().map(|id| id.0)))
            .filter(admin_tokens::app_id.eq(tenant.as_str()))
            .load(conn)?;
        names.extend(rows);
    }
    Ok(names)
}

/// Revokes the token of that name; false if there is none.
pub fn revoke(conn: &mut Conn, tenant: &TenantId, name: &str, now_ms: i64) -> Result<bool, StoreError> {
    let matches = admin_tokens::table
        .filter(admin_tokens::app_id.eq(tenant.as_str()))
        .filter(admin_tokens::name.eq(name))
        .filter(admin_tokens::revoked_at_ms.is_null());
    let count = diesel::update(matches).set(admin_tokens::revoked_at_ms.eq(now_ms)).execute(conn)?;
    Ok(count > 0)
}
