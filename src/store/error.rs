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
    /// The database undid the transaction, though its statements are valid: it was in conflict with another one, waited
    /// too long for a lock, or was cancelled. A retry may succeed.
    #[error("the database refused: {0}")]
    Refused(#[source] Arc<QueryError>),
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
        if is_refusal(&error) {
            Self::Refused(Arc::new(error))
        } else if is_unavailability(&error) {
            Self::unavailable(error)
        } else {
            Self::Query(Arc::new(error))
        }
    }
}

/// An error of queries: the store's own, or one that may wrap it.
pub trait QueriesError: From<StoreError> + Send + 'static {
    /// Whether it is [`StoreError::Refused`].
    fn is_refused(&self) -> bool;
}

impl QueriesError for StoreError {
    fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// Whether the database refused a valid statement. diesel reduces SQLSTATE and SQLite's result codes to its kinds, with
/// `Unknown` for all others: deadlocks, timeouts, cancelled statements, but also a full disk, missing privileges,
/// SQLite's lock. The message can't be used, since it is in the server's language; but errors in the statement itself
/// have a position.
fn is_refusal(error: &QueryError) -> bool {
    use DatabaseErrorKind as Kind;
    if let QueryError::DatabaseError(Kind::Unknown, info) = error {
        return info.statement_position().is_none();
    }
    matches!(error, QueryError::DatabaseError(Kind::SerializationFailure, _))
}

fn is_unavailability(error: &QueryError) -> bool {
    use DatabaseErrorKind as Kind;
    matches!(
        error,
        QueryError::BrokenTransactionManager
            | QueryError::DatabaseError(
                Kind::ClosedConnection | Kind::UnableToSendCommand | Kind::ReadOnlyTransaction,
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
        assert!(matches!(refused(DatabaseErrorKind::Unknown, german), StoreError::Refused(_)));
        assert!(matches!(refused(DatabaseErrorKind::ReadOnlyTransaction, "nur lesen"), StoreError::Unavailable(_)));
        assert!(matches!(refused(DatabaseErrorKind::UniqueViolation, "doppelt"), StoreError::Taken));
        assert!(matches!(refused(DatabaseErrorKind::NotNullViolation, "NULL"), StoreError::Query(_)));
    }
}
