//! What can go wrong in the store.

use std::{error::Error, sync::Arc};

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// A query or its connection failed. Cheap to copy, since one failed commit fails many writes.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A value that must be unique is in use; the caller knows which.
    #[error("the value is taken")]
    Taken,
    /// The database can't be reached, has no time, or refuses: it is read-only, full, or grants too little.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// A statement of ours is wrong, or what it returned: a bug, or a damaged database.
    #[error("the query failed: {0}")]
    Query(#[source] Arc<QueryError>),
}

impl StoreError {
    /// The database is unavailable because of `cause`.
    pub(super) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }
}

impl From<QueryError> for StoreError {
    fn from(error: QueryError) -> Self {
        if let QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) = &error {
            return Self::Taken;
        }
        if is_refusal(&error) { Self::unavailable(error) } else { Self::Query(Arc::new(error)) }
    }
}

/// Whether the database refused for a reason of its own. diesel reduces SQLSTATE and SQLite's result codes to its kinds;
/// `Unknown` has what it knows no kind for: time limits, shutdown, a full disk, missing rights, SQLite's lock. The text would
/// tell these apart, but it comes in the server's language. What is wrong with a statement itself has a position in it.
fn is_refusal(error: &QueryError) -> bool {
    use DatabaseErrorKind as Kind;
    if let QueryError::DatabaseError(Kind::Unknown, info) = error {
        return info.statement_position().is_none();
    }
    matches!(
        error,
        QueryError::BrokenTransactionManager
            | QueryError::DatabaseError(
                Kind::ClosedConnection
                    | Kind::UnableToSendCommand
                    | Kind::ReadOnlyTransaction
                    | Kind::SerializationFailure,
                _
            )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_recognised_in_any_language() {
        let refused = |kind, text: &str| StoreError::from(QueryError::DatabaseError(kind, Box::new(text.to_owned())));
        let german = "storniere Anfrage wegen Zeitüberschreitung der Anfrage";
        assert!(matches!(refused(DatabaseErrorKind::Unknown, german), StoreError::Unavailable(_)));
        assert!(matches!(refused(DatabaseErrorKind::ReadOnlyTransaction, "nur lesen"), StoreError::Unavailable(_)));
        assert!(matches!(refused(DatabaseErrorKind::UniqueViolation, "doppelt"), StoreError::Taken));
        assert!(matches!(refused(DatabaseErrorKind::NotNullViolation, "NULL"), StoreError::Query(_)));
    }
}
