//! Coins: exact amounts, and the rows of the ledger.

use std::fmt;

use super::{Invalid, Problem, text::note};

/// An exact amount, in units of 0.01 coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub i64);

/// Coins with two decimals.
impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, cents) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Cents {
    /// A billion coins: the maximum of a balance and of a change.
    pub const MAX: Self = Self(100_000_000_000);

    /// Parses a change of a balance, written as a decimal number of coins with at most two decimals.
    ///
    /// # Errors
    /// When it has more decimals, is zero, too large or malformed (security.md 42).
    pub fn parse_change(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let malformed = Invalid::new(what, Problem::Malformed);
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = decimals.trim_end_matches('0');
        if whole.is_empty() || !is_number(whole) || !is_number(decimals) || decimals.len() > 2 {
            return Err(malformed);
        }
        let max = Self::MAX.0 / 100;
        let too_large = Invalid::new(what, Problem::OutOfRange { min: -max, max });
        let cents: i64 = format!("{whole}{decimals:0<2}").parse().map_err(|_| too_large)?;
        match cents {
            0 => Err(malformed),
            cents if cents > Self::MAX.0 => Err(too_large),
            cents => Ok(Self(sign * cents)),
        }
    }
}

/// A requested change of a balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinChange {
    /// The amount; negative to spend.
    pub amount: Cents,
    /// The kind of change: one of [`CoinChange::TYPS`].
    pub typ: i16,
    /// The reason, shown to the owner.
    pub reason: String,
    /// Further details, shown to the owner.
    pub remark: String,
    /// Chosen by the operator: a repeated key does not apply the change again.
    pub idempotency_key: String,
}

impl CoinChange {
    /// 2 reward, 3 post or comment, 4 first avatar or nickname change, 6 redeem, 7 ad watched, 8 raffle, 9 invitation
    /// (behaviour.md §4).
    pub const TYPS: [i16; 7] = [2, 3, 4, 6, 7, 8, 9];

    /// # Errors
    /// When a part is missing, too long or malformed.
    pub fn parse(amount: Cents, typ: i64, reason: &str, remark: &str, idempotency_key: &str) -> Result<Self, Invalid> {
        const MAX_KEY_CHARS: usize = 128;
        let unknown_typ = Invalid::new("typ", Problem::Malformed);
        let key = note("idempotency_key", idempotency_key, MAX_KEY_CHARS, false)?;
        let reason = note("reason", reason, 200, false)?;
        for (what, text) in [("idempotency_key", &key), ("reason", &reason)] {
            if text.is_empty() {
                return Err(Invalid::new(what, Problem::Missing));
            }
        }
        Ok(Self {
            amount,
            typ: i16::try_from(typ).ok().filter(|typ| Self::TYPS.contains(typ)).ok_or(unknown_typ)?,
            reason,
            remark: note("remark", remark, 500, false)?,
            idempotency_key: key,
        })
    }
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinRecord {
    /// The record's id.
    pub id: i64,
    /// The balance before.
    pub before: Cents,
    /// The amount of the change.
    pub change: Cents,
    /// The balance after.
    pub after: Cents,
    /// The kind of change.
    pub typ: i16,
    /// The reason.
    pub reason: String,
    /// Further details.
    pub remark: String,
    /// When the change was made.
    pub created_at_ms: i64,
}
