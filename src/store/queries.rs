//! Queries without the types of their results, so that what runs them is compiled once instead of once per operation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Conn, QueriesError, StoreError};

/// The queries of a read.
pub(super) type Read = Box<dyn FnOnce(&mut Conn) -> Result<(), Failure> + Send>;

/// The queries of a write, which run again if the database refuses them.
pub(super) type Write = Arc<dyn Fn(&mut Conn) -> Result<(), Failure> + Send + Sync>;

/// Why queries or their transaction failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The queries returned an error, which their caller takes from the [`Outcome`].
    OfQueries {
        /// Whether it was [`StoreError::Refused`].
        is_refused: bool,
    },
    /// The database failed before or after them.
    OfDatabase(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::OfDatabase(error)
    }
}

impl QueriesError for Failure {
    fn is_refused(&self) -> bool {
        match self {
            Self::OfQueries { is_refused } => *is_refused,
            Self::OfDatabase(error) => error.is_refused(),
        }
    }
}

/// What queries return, until their caller takes it.
pub(super) struct Outcome<T, E>(Arc<Mutex<Option<Result<T, E>>>>);

impl<T: Send + 'static, E: QueriesError> Outcome<T, E> {
    /// What queries that run once will return, and the queries.
    pub(super) fn of_read(queries: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> (Self, Read) {
        let outcome = Arc::default();
        let kept = Self(Arc::clone(&outcome));
        (Self(outcome), Box::new(move |conn| kept.set(queries(conn))))
    }

    /// What queries will return the last time that they run, and the queries.
    pub(super) fn of_write(
        queries: impl FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + Sync + 'static,
    ) -> (Self, Write) {
        let outcome = Arc::default();
        let kept = Self(Arc::clone(&outcome));
        (Self(outcome), Arc::new(move |conn| kept.set(queries.clone()(conn))))
    }

    fn set(&self, outcome: Result<T, E>) -> Result<(), Failure> {
        let ended = match &outcome {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::OfQueries { is_refused: error.is_refused() }),
        };
        *self.lock() = Some(outcome);
        ended
    }

    fn lock(&self) -> MutexGuard<'_, Option<Result<T, E>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outcome of queries that ended like that.
    pub(super) fn take(&self, ended: Result<(), Failure>) -> Result<T, E> {
        match ended {
            Err(Failure::OfDatabase(error)) => Err(error.into()),
            Ok(()) | Err(Failure::OfQueries { .. }) => {
                self.lock().take().unwrap_or_else(|| Err(StoreError::Unfinished.into()))
            }
        }
    }
}
