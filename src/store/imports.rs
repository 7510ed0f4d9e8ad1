//! The progress of imports of account files.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::imports};
use crate::model::TenantId;

/// The number of processed records of a file; `None` for a new file.
pub fn find(conn: &mut Conn, tenant: &TenantId, content_hash: &str) -> Result<Option<i64>, StoreError> {
    let row = imports::table.find((tenant.as_str(), content_hash)).select(imports::records_done);
    Ok(row.get_result(conn).optional()?)
}

/// Stores the number of processed records of a file.
///
/// # Errors
/// [`StoreError::Taken`] if another import of the file begins at the same time.
pub fn save(
    conn: &mut Conn,
    tenant: &TenantId,
    content_hash: &str,
    records_done: i64,
    now_ms: i64,
) -> Result<(), StoreError> {
    let done = imports::records_done.eq(records_done);
    let insert = diesel::insert_into(imports::table).values((
        imports::app_id.eq(tenant.as_str()),
        imports::content_hash.eq(content_hash),
        done,
        imports::started_at_ms.eq(now_ms),
    ));
    let key = (imports::app_id, imports::content_hash);
    on_backend!(conn, |conn| insert.on_conflict(key).do_update().set(done).execute(conn))?;
    Ok(())
}
