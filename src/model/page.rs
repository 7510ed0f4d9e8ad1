//! Pages of lists.

use super::{Invalid, Problem};

/// A page of a list; the first is number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    num: i64,
    size: i64,
}

impl Page {
    const DEFAULT_SIZE: i64 = 50;
    const MAX_SIZE: i64 = 200;

    /// Parses a page within the bounds of behaviour.md §3: `num` from 1, `size` from 1 to 200.
    ///
    /// # Errors
    /// When a value is out of bounds.
    pub fn parse(num: Option<i64>, size: Option<i64>) -> Result<Self, Invalid> {
        Ok(Self {
            num: bounded("page_num", num.unwrap_or(1), i64::from(i32::MAX))?,
            size: bounded("page_size", size.unwrap_or(Self::DEFAULT_SIZE), Self::MAX_SIZE)?,
        })
    }

    /// Parses the page of a `/v1` request: 0 counts as absent, a size above 100 as 100 (security.md 36).
    ///
    /// # Errors
    /// When a value is negative.
    pub fn parse_v1(num: i32, size: i32) -> Result<Self, Invalid> {
        const DEFAULT_SIZE: i64 = 20;
        const MAX_SIZE: i64 = 100;
        let at_least_1 = |what, value: i32, default| match value {
            0 => Ok(default),
            1.. => Ok(i64::from(value)),
            ..0 => Err(Invalid::new(what, Problem::OutOfRange { min: 1, max: i64::from(i32::MAX) })),
        };
        Ok(Self { num: at_least_1("page", num, 1)?, size: at_least_1("size", size, DEFAULT_SIZE)?.min(MAX_SIZE) })
    }

    /// The first page at the maximum size, for lists that clients fetch in one request.
    #[must_use]
    pub const fn first() -> Self {
        Self { num: 1, size: Self::MAX_SIZE }
    }

    /// The number of items before the page.
    #[must_use]
    pub const fn offset(self) -> i64 {
        (self.num - 1) * self.size
    }

    /// The maximum number of items on the page.
    #[must_use]
    pub const fn size(self) -> i64 {
        self.size
    }
}

fn bounded(what: &'static str, value: i64, max: i64) -> Result<i64, Invalid> {
    if (1..=max).contains(&value) { Ok(value) } else { Err(Invalid::new(what, Problem::OutOfRange { min: 1, max })) }
}
