//! What can be wrong with a value from outside.

/// A value was refused: which one and why. The edge has the words in other languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct Invalid {
    /// The parameter's name, as the caller knows it.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Why a value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is absent or empty.
    #[error("is required")]
    Missing,
    /// It has fewer characters than `min`.
    #[error("is too short: at least {min} characters")]
    TooShort {
        /// Characters at the least.
        min: usize,
    },
    /// It has more characters than `max`.
    #[error("is too long: at most {max} characters")]
    TooLong {
        /// Characters at the most.
        max: usize,
    },
    /// A list of more items than `max`.
    #[error("has too many items: at most {max}")]
    TooMany {
        /// Items at the most.
        max: usize,
    },
    /// A number outside of `min..=max`.
    #[error("must be from {min} to {max}")]
    OutOfRange {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// It is not of the form that it should have.
    #[error("is malformed")]
    Malformed,
    /// It holds characters that are not allowed: control characters, bidirectional overrides, …
    #[error("holds characters that are not allowed")]
    Characters,
    /// It names something that does not exist.
    #[error("does not exist")]
    Unknown,
    /// It is not the value that it should be.
    #[error("is wrong")]
    Wrong,
    /// It is reserved for the service itself.
    #[error("is reserved")]
    Reserved,
}

impl Invalid {
    /// `what` is wrong in the way that `problem` says.
    #[must_use]
    pub const fn new(what: &'static str, problem: Problem) -> Self {
        Self { what, problem }
    }
}
