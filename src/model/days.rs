//! Durations of days.

use super::{Invalid, Problem};

/// A number of days, from 1 to 36500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(i64);

impl Days {
    const MAX: i64 = 36_500;

    /// # Errors
    /// When `days` is not from 1 to 36500.
    pub fn parse(what: &'static str, days: i64) -> Result<Self, Invalid> {
        let out_of_range = Invalid::new(what, Problem::OutOfRange { min: 1, max: Self::MAX });
        if (1..=Self::MAX).contains(&days) { Ok(Self(days)) } else { Err(out_of_range) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The same in milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0 * 24 * 60 * 60 * 1000
    }
}
