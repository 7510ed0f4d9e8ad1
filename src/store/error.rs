//! Errors of the store.

use std::{error::Error, sync::Arc};

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// Why a query failed. Cheap to clone, since a failed commit fails all writes of its group.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique value is in use; the caller knows which one.
    #[error("the value is taken")]
    Taken,
    /// The database is unreachable, too slow, or refuses for a reason such as read-only mode, a full disk or missing
    /// privileges.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// The work panicked: a bug.
    #[error("the work was not finished")]
    Unfinished,
    /// A statement or its result is invalid: a bug, or a damaged database.
    #[error("the query failed: {0}")]
    Query(#[source] Arc<QueryError>),
}

impl StoreError {
    /// An unavailability with that cause.
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

/// Whether the database refused a valid statement. diesel reduces SQLSTATE and SQLite's result codes to its kinds, with
/// `Unknown` for all others: timeouts, shutdown, a full disk, missing privileges, SQLite's lock. The message can't be
/// used, since it is in the server's language; but errors in the statement itself have a position.
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
