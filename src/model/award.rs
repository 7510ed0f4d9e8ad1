//! Limits of what operators impose on accounts.

use super::{Invalid, Problem};

/// When a ban ends: not before 1970 and not after the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanEnd(i64);

impl BanEnd {
    const MAX: i64 = 253_402_300_799;

    /// # Errors
    /// When `unix_secs` is out of range.
    pub fn parse(what: &'static str, unix_secs: i64) -> Result<Self, Invalid> {
        let out_of_range = Invalid::new(what, Problem::OutOfRange { min: 1, max: Self::MAX });
        if (1..=Self::MAX).contains(&unix_secs) { Ok(Self(unix_secs)) } else { Err(out_of_range) }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0.saturating_mul(1000)
    }
}
