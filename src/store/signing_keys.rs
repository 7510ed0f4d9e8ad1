//! The keys that sign access tokens.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::signing_keys, selection};
use crate::model::SigningKey;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
struct SigningKeyRow {
    id: String,
    public_key: Vec<u8>,
    private_key: Vec<u8>,
    created_at_ms: i64,
    signs_from_ms: i64,
    revoked_at_ms: Option<i64>,
}

/// All keys, in the order in which they sign.
pub fn list(conn: &mut Conn) -> Result<Vec<SigningKey>, StoreError> {
    let order = (signing_keys::signs_from_ms, signing_keys::created_at_ms, signing_keys::id);
    let rows: Vec<SigningKeyRow> = signing_keys::table.select(selection::<SigningKeyRow>()).order(order).load(conn)?;
    let key = |row: SigningKeyRow| SigningKey {
        id: row.id,
        public_key: row.public_key,
        encrypted_private_key: row.private_key,
        created_at_ms: row.created_at_ms,
        signs_from_ms: row.signs_from_ms,
        revoked_at_ms: row.revoked_at_ms,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Inserts a key.
pub fn insert(conn: &mut Conn, new: &SigningKey) -> Result<(), StoreError> {
    let row = SigningKeyRow {
        id: new.id.clone(),
        public_key: new.public_key.clone(),
        private_key: new.encrypted_private_key.clone(),
        created_at_ms: new.created_at_ms,
        signs_from_ms: new.signs_from_ms,
        revoked_at_ms: new.revoked_at_ms,
    };
    diesel::insert_into(signing_keys::table).values(row).execute(conn)?;
    Ok(())
}

/// Revokes a key; false if there is none that is not revoked yet.
pub fn revoke(conn: &mut Conn, id: &str, now_ms: i64) -> Result<bool, StoreError> {
    let valid = signing_keys::table.find(id).filter(signing_keys::revoked_at_ms.is_null());
    Ok(diesel::update(valid).set(signing_keys::revoked_at_ms.eq(now_ms)).execute(conn)? > 0)
}
