//! The schema migrations, embedded in the binary: one folder per database, with the same names in both.

use diesel::{
    QueryableByName, RunQueryDsl as _, backend::Backend, connection::SimpleConnection as _, migration::MigrationSource,
    pg::Pg, sql_types::Text, sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Held until the end of the transaction, so that nodes that start together don't migrate twice. A lock of the session
/// could stay behind in `PgBouncer`.
const ADVISORY_LOCK: i64 = 0x6469_676c_6f74;

/// Applies all pending migrations or none, and returns their names.
pub(super) fn run(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    // Refuses a schema that is newer than the binary.
    pending(conn)?;
    match conn {
        Conn::Sqlite(conn) => conn.immediate_transaction(|conn| names(conn.run_pending_migrations(SQLITE))),
        Conn::Postgres(conn) => conn.build_transaction().read_committed().run(|conn| {
            conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))?;
            names(conn.run_pending_migrations(POSTGRES))
        }),
    }
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The names of the pending migrations. Needs no right but to read: diesel's own check creates its table first.
pub(super) fn pending(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    require_utf8(conn)?;
    let known: Vec<String> = match conn {
        Conn::Sqlite(_) => versions::<Sqlite>(&SQLITE)?,
        Conn::Postgres(_) => versions::<Pg>(&POSTGRES)?,
    };
    let applied = applied(conn)?;
    if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
        return Err(StoreError::unavailable(format!("its schema is newer than this binary (migration {newer})")));
    }
    Ok(known.into_iter().filter(|version| !applied.contains(version)).collect())
}

/// The names of the applied migrations; diesel makes its table with the first of them.
fn applied(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    let table = match conn {
        Conn::Sqlite(_) => "SELECT name AS version FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        Conn::Postgres(_) => {
            "SELECT name AS version FROM (SELECT to_regclass('__diesel_schema_migrations')::TEXT AS name) known \
             WHERE name IS NOT NULL"
        }
    };
    if diesel::sql_query(table).load::<Version>(conn)?.is_empty() {
        return Ok(Vec::new());
    }
    let rows = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load::<Version>(conn)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

fn versions<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, StoreError> {
    let all = MigrationSource::<DB>::migrations(source);
    let mut versions: Vec<String> = match all {
        Ok(all) => all.iter().map(|one| one.name().version().to_string()).collect(),
        Err(error) => return Err(StoreError::unavailable(format!("migrations: {error}"))),
    };
    versions.sort();
    Ok(versions)
}

/// Another encoding takes the migrations, and fails at the first name that it can't write.
fn require_utf8(conn: &mut Conn) -> Result<(), StoreError> {
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    let sql = "SELECT current_setting('server_encoding') AS version";
    let encoding = diesel::sql_query(sql).get_result::<Version>(conn)?.version;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(StoreError::unavailable(format!("its encoding is {encoding}; create the database with ENCODING 'UTF8'")))
}

fn names(
    versions: diesel::migration::Result<Vec<diesel::migration::MigrationVersion<'_>>>,
) -> Result<Vec<String>, StoreError> {
    match versions {
        Ok(versions) => Ok(versions.iter().map(ToString::to_string).collect()),
        Err(error) => Err(StoreError::unavailable(format!("migration: {error}"))),
    }
}
