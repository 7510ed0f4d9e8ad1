//! Identifiers, each of its own type, so that they can't be confused.

use std::{fmt, sync::Arc};

use super::{Invalid, Problem};

/// An account's number: 1 to 2^53 − 1, so that it is exact as a JSON number (behaviour.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(i64);

impl UserId {
    const MAX: i64 = (1 << 53) - 1;

    /// An id from the store.
    #[must_use]
    pub const fn stored(id: i64) -> Self {
        Self(id)
    }

    /// The number, for the store and the wire.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Parses plain decimal digits: no sign, no padding, no exponent (security.md 25).
    ///
    /// # Errors
    /// When `text` is anything else, or out of range.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::new(what, Problem::Missing));
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        match text.parse() {
            Ok(id) if plain && id <= Self::MAX => Ok(Self(id)),
            _ => Err(Invalid::new(what, Problem::Malformed)),
        }
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A session's id; never leaves the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub i64);

/// An admin token's id; never leaves the gateway except in `diglot admin-token list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdminTokenId(pub i64);

/// A medal's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MedalId(pub i64);

/// A device's serial number: counts the devices of one user from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceSn(pub i32);

impl DeviceSn {
    /// # Errors
    /// When `number` is not positive or too large.
    pub fn parse(what: &'static str, number: i64) -> Result<Self, Invalid> {
        let out_of_range = Invalid::new(what, Problem::OutOfRange { min: 1, max: i64::from(i32::MAX) });
        i32::try_from(number).ok().filter(|number| *number >= 1).map(Self).ok_or(out_of_range)
    }
}

/// A tenant's name, chosen by the operator: 1–64 characters of `A–Z a–z 0–9 _ - .`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    const MAX_CHARS: usize = 64;

    /// A name from the store.
    #[must_use]
    pub fn stored(id: String) -> Self {
        Self(id.into())
    }

    /// The name, for the store and the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// # Errors
    /// When `text` is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let problem = if text.is_empty() {
            Problem::Missing
        } else if text.len() > Self::MAX_CHARS {
            Problem::TooLong { max: Self::MAX_CHARS }
        } else if !text.bytes().all(is_allowed) {
            Problem::Characters
        } else {
            return Ok(Self(text.into()));
        };
        Err(Invalid::new("app_id", problem))
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
