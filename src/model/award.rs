//! Limits of what operators give to accounts and impose on them.

use super::{Invalid, Problem};

/// A number of days as a VIP, 1 to 36,500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VipDays(i64);

impl VipDays {
    const MAX: i64 = 36_500;

    /// # Errors
    /// When `days` is out of range.
    pub fn parse(what: &'static str, days: i64) -> Result<Self, Invalid> {
        in_range(what, days, Self::MAX).map(Self)
    }

    /// The days.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The days in milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0.saturating_mul(24 * 60 * 60 * 1000)
    }
}

/// When a ban ends: not before 1970 and not after the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanEnd(i64);

impl BanEnd {
    const MAX: i64 = 253_402_300_799;

    /// # Errors
    /// When `unix_secs` is out of range.
    pub fn parse(what: &'static str, unix_secs: i64) -> Result<Self, Invalid> {
        in_range(what, unix_secs, Self::MAX).map(Self)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0.saturating_mul(1000)
    }
}

fn in_range(what: &'static str, value: i64, max: i64) -> Result<i64, Invalid> {
    if (1..=max).contains(&value) { Ok(value) } else { Err(Invalid::new(what, Problem::OutOfRange { min: 1, max })) }
}
