//! Pages of lists.

use std::{fmt, str::FromStr};

use super::{Invalid, Problem};

/// A page of a list, by its number, of which the first is 1, or by the item that it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    start: Start,
    size: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Number(i64),
    After(Position),
}

/// The place of an item in the order of its list. Its text is the cursor of the next page, which neither repeats nor
/// misses items when others are added or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The item's rank in the order, such as its number or time; 0 in lists without one.
    pub sort: i64,
    /// The item's id.
    pub id: i64,
}

impl Position {
    /// The rank, in a list whose ranks are of 32 bits.
    #[must_use]
    pub fn sort_32(self) -> i32 {
        i32::try_from(self.sort).unwrap_or(if self.sort < 0 { i32::MIN } else { i32::MAX })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sort, self.id)
    }
}

impl FromStr for Position {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parse = || {
            let (sort, id) = text.split_once(':')?;
            Some(Self { sort: sort.parse().ok()?, id: id.parse().ok()? })
        };
        parse().ok_or(Invalid::new("cursor", Problem::Malformed))
    }
}

/// The items of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T, C = Position> {
    /// The items.
    pub items: Vec<T>,
    /// The position of the last one, if more items follow.
    pub next: Option<C>,
}

impl<T> Listing<T> {
    /// The listing of `found`, which were read up to [`Page::limit`].
    pub fn new(page: Page, mut found: Vec<T>, position: impl FnOnce(&T) -> Position) -> Self {
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let has_more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| has_more).map(position);
        Self { items: found, next }
    }
}

impl Page {
    const DEFAULT_SIZE: i64 = 50;
    const MAX_SIZE: i64 = 200;

    /// Parses a page within the bounds of behaviour.md §3: `num` from 1, `size` from 1 to 200.
    ///
    /// # Errors
    /// When a value is out of bounds.
    pub fn parse(num: Option<i64>, size: Option<i64>) -> Result<Self, Invalid> {
        let num = bounded("page_num", num.unwrap_or(1), i64::from(i32::MAX))?;
        Ok(Self { start: Start::Number(num), size: Self::parse_size(size)? })
    }

    /// Parses the page after the item at `cursor`.
    ///
    /// # Errors
    /// When the cursor is malformed or the size out of bounds.
    pub fn parse_after(cursor: &str, size: Option<i64>) -> Result<Self, Invalid> {
        Ok(Self { start: Start::After(cursor.parse()?), size: Self::parse_size(size)? })
    }

    pub(super) fn parse_size(size: Option<i64>) -> Result<i64, Invalid> {
        bounded("page_size", size.unwrap_or(Self::DEFAULT_SIZE), Self::MAX_SIZE)
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
        let num = at_least_1("page", num, 1)?;
        Ok(Self { start: Start::Number(num), size: at_least_1("size", size, DEFAULT_SIZE)?.min(MAX_SIZE) })
    }

    /// The first page at the maximum size, for lists that clients fetch in one request.
    #[must_use]
    pub const fn first() -> Self {
        Self { start: Start::Number(1), size: Self::MAX_SIZE }
    }

    /// The page after the item at `position`, at the maximum size.
    #[must_use]
    pub const fn after(position: Position) -> Self {
        Self { start: Start::After(position), size: Self::MAX_SIZE }
    }

    /// The number of items to skip: those before the page, or none after a [`Page::position`].
    #[must_use]
    pub const fn offset(self) -> i64 {
        match self.start {
            Start::Number(num) => (num - 1) * self.size,
            Start::After(_) => 0,
        }
    }

    /// The position of the item that the page follows.
    #[must_use]
    pub const fn position(self) -> Option<Position> {
        match self.start {
            Start::Number(_) => None,
            Start::After(position) => Some(position),
        }
    }

    /// The number of items to read for a [`Listing`]: one more than fit, to know whether there are more.
    #[must_use]
    pub const fn limit(self) -> i64 {
        self.size + 1
    }

    /// The maximum number of items on the page.
    #[must_use]
    pub const fn size(self) -> i64 {
        self.size
    }
}

pub(super) fn bounded(what: &'static str, value: i64, max: i64) -> Result<i64, Invalid> {
    if (1..=max).contains(&value) { Ok(value) } else { Err(Invalid::new(what, Problem::OutOfRange { min: 1, max })) }
}
