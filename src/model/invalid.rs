//! Validation errors of values from outside.

/// A value was refused: which one and why. The transport layer has the texts in other languages.
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
        /// The minimum number of characters.
        min: usize,
    },
    /// It has more characters than `max`.
    #[error("is too long: at most {max} characters")]
    TooLong {
        /// The maximum number of characters.
        max: usize,
    },
    /// A list of more items than `max`.
    #[error("has too many items: at most {max}")]
    TooMany {
        /// The maximum number of items.
        max: usize,
    },
    /// A number outside `min..=max`.
    #[error("must be from {min} to {max}")]
    OutOfRange {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// It does not have the required format.
    #[error("is malformed")]
    Malformed,
    /// It holds characters that are not allowed: control characters, bidirectional overrides, …
    #[error("holds characters that are not allowed")]
    Characters,
    /// It names something that does not exist.
    #[error("does not exist")]
    Unknown,
    /// It is not the expected value.
    #[error("is wrong")]
    Wrong,
    /// It is reserved for the service itself.
    #[error("is reserved")]
    Reserved,
}

impl Invalid {
    /// An error for the parameter `what`.
    #[must_use]
    pub const fn new(what: &'static str, problem: Problem) -> Self {
        Self { what, problem }
    }
}
