//! What can be wrong with a value from outside.

/// A value was refused: which one and why. The edge turns it into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The parameter's name, as the caller knows it.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Why a value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is absent or empty.
    Missing,
    /// It has fewer characters than `min`.
    TooShort {
        /// Characters at the least.
        min: usize,
    },
    /// It has more characters than `max`.
    TooLong {
        /// Characters at the most.
        max: usize,
    },
    /// A list of more items than `max`.
    TooMany {
        /// Items at the most.
        max: usize,
    },
    /// A number outside of `min..=max`.
    OutOfRange {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// It is not of the form that it should have.
    Malformed,
    /// It holds characters that are not allowed: control characters, bidirectional overrides, …
    Characters,
    /// It names something that does not exist.
    Unknown,
    /// It is reserved for the service itself.
    Reserved,
}

impl Invalid {
    /// `what` is wrong in the way that `problem` says.
    #[must_use]
    pub const fn new(what: &'static str, problem: Problem) -> Self {
        Self { what, problem }
    }
}
