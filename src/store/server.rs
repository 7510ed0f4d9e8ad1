//! What a database server says of itself, and what it lets the gateway do.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Integer, Text},
};

use super::{Conn, DatabaseUrl, StoreError, connect};

/// A database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct DatabaseServer {
    /// Its time.
    #[diesel(sql_type = BigInt)]
    pub now_ms: i64,
    /// How many connections it gives to the gateway's role, at most.
    #[diesel(sql_type = BigInt)]
    pub max_connections: i64,
}

/// What the server says of itself; `None` for an embedded database.
pub fn find(conn: &mut Conn) -> Result<Option<DatabaseServer>, StoreError> {
    let Conn::Postgres(conn) = conn else { return Ok(None) };
    // Limits that are not set are -1; LEAST ignores NULL.
    let sql = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT AS now_ms, LEAST( \
               current_setting('max_connections')::BIGINT - current_setting('superuser_reserved_connections')::BIGINT, \
               (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user), \
               (SELECT NULLIF(datconnlimit, -1) FROM pg_database WHERE datname = current_database()) \
               ) AS max_connections";
    Ok(Some(diesel::sql_query(sql).get_result(conn)?))
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The tables, without their partitions, and sequences that the gateway's role may not use as it must. All of them have
/// the owner of `users`.
pub fn list_forbidden(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    let Conn::Postgres(conn) = conn else { return Ok(Vec::new()) };
    let sql = "SELECT relname::TEXT AS name FROM pg_class \
               WHERE relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('users')) \
               AND relowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('users')) \
               AND relname <> '__diesel_schema_migrations' AND NOT relispartition AND CASE \
               WHEN relkind IN ('r', 'p') THEN NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') \
               AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) \
               WHEN relkind = 'S' THEN NOT has_sequence_privilege(oid, 'USAGE') ELSE FALSE END ORDER BY relname";
    let names: Vec<Name> = diesel::sql_query(sql).load(conn)?;
    Ok(names.into_iter().map(|row| row.name).collect())
}

/// Whether connections to `url` share sessions of the server, as they do through `PgBouncer` in transaction mode.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn shares_sessions(url: &DatabaseUrl) -> Result<bool, StoreError> {
    let open = || connect::connect(url).map_err(StoreError::unavailable);
    let (Conn::Postgres(mut one), Conn::Postgres(mut other)) = (open()?, open()?) else { return Ok(false) };
    let first = session(&mut one)?;
    // While the other connection holds a session, the first one may get another than before.
    diesel::connection::SimpleConnection::batch_execute(&mut other, "BEGIN")?;
    Ok(session(&mut other)? == first || session(&mut one)? != first)
}

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// The process of the server that answers a statement.
fn session(conn: &mut diesel::PgConnection) -> Result<i32, StoreError> {
    Ok(diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result::<Session>(conn)?.pid)
}
