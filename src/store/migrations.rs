//! The schema migrations, embedded in the binary: one folder per database, with the same names in both.

use diesel::{PgConnection, connection::SimpleConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, StoreError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Held while migrating, so that nodes that start together don't migrate twice.
const ADVISORY_LOCK: i64 = 0x6469_676c_6f74;

/// Applies the pending migrations and returns their names.
pub(super) fn run(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    match conn {
        Conn::Sqlite(conn) => conn.immediate_transaction(|conn| names(conn.run_pending_migrations(SQLITE))),
        Conn::Postgres(conn) => {
            conn.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?;
            let applied = names(conn.run_pending_migrations(POSTGRES));
            unlock(conn);
            applied
        }
    }
}

/// The names of the pending migrations.
pub(super) fn pending(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    fn pending_names<DB: diesel::backend::Backend>(
        pending: diesel::migration::Result<Vec<Box<dyn diesel::migration::Migration<DB>>>>,
    ) -> Result<Vec<String>, StoreError> {
        names(pending.map(|all| all.iter().map(|one| one.name().version().as_owned()).collect()))
    }
    match conn {
        Conn::Sqlite(conn) => pending_names(conn.pending_migrations(SQLITE)),
        Conn::Postgres(conn) => pending_names(conn.pending_migrations(POSTGRES)),
    }
}

fn unlock(conn: &mut PgConnection) {
    if let Err(error) = conn.batch_execute(&format!("SELECT pg_advisory_unlock({ADVISORY_LOCK})")) {
        log::warn!("the migration lock goes only with its connection: {error}");
    }
}

fn names(
    versions: diesel::migration::Result<Vec<diesel::migration::MigrationVersion<'_>>>,
) -> Result<Vec<String>, StoreError> {
    match versions {
        Ok(versions) => Ok(versions.iter().map(ToString::to_string).collect()),
        Err(error) => Err(StoreError::unavailable(format!("migration: {error}"))),
    }
}
