//! What can go wrong in the store.

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// A query or its connection failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A value that must be unique is in use; the caller knows which.
    #[error("the value is taken")]
    Taken,
    /// The database can't be reached, or has no time.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database refused the query: a bug, or a damaged database.
    #[error("the query failed: {0}")]
    Query(#[source] QueryError),
}

impl From<QueryError> for StoreError {
    fn from(error: QueryError) -> Self {
        if let QueryError::DatabaseError(kind, info) = &error {
            if matches!(kind, DatabaseErrorKind::UniqueViolation) {
                return Self::Taken;
            }
            if matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
                || is_outage(info.message())
            {
                return Self::Unavailable(error.to_string());
            }
        }
        if matches!(error, QueryError::BrokenTransactionManager) {
            return Self::Unavailable(error.to_string());
        }
        Self::Query(error)
    }
}

/// What neither database gives a kind of its own: SQLite's lock and full disk, a PostgreSQL that stops or is full.
fn is_outage(message: &str) -> bool {
    const OUTAGES: [&str; 8] = [
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "terminating connection",
        "canceling statement due to statement timeout",
        "server closed the connection unexpectedly",
        "the database system is",
        "No space left on device",
    ];
    OUTAGES.iter().any(|outage| message.contains(outage))
}
