//! A MAC that identifies the server's secret: at most one row.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::secret_check};

const ROW: i64 = 1;

/// Stores `mac`, unless a MAC is stored already, and returns the stored one.
pub fn get_or_insert(conn: &mut Conn, mac: &str) -> Result<String, StoreError> {
    if let Some(stored) = find(conn)? {
        return Ok(stored);
    }
    let insert = diesel::insert_into(secret_check::table).values((secret_check::id.eq(ROW), secret_check::mac.eq(mac)));
    on_backend!(conn, |conn| insert.on_conflict_do_nothing().execute(conn))?;
    Ok(find(conn)?.unwrap_or_default())
}

/// The stored MAC.
pub fn find(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    Ok(secret_check::table.find(ROW).select(secret_check::mac).get_result(conn).optional()?)
}
