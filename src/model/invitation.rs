//! Invitations: the codes that invited friends enter, and what an app pays for them.

use super::{Cents, Invalid, Problem, UserId};

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The length of a code that follows from an id.
const CHARS: u32 = 11;

/// Multiplication by an odd number is a bijection on 55-bit numbers, which undoes that by its inverse.
const FACTOR: u64 = 0x5A_1B63_7C95_2D4B;
const INVERSE: u64 = inverse(FACTOR);
const MASK: u64 = (1 << (5 * CHARS)) - 1;

/// The inverse of an odd number modulo 2^64 (Newton's iteration, which doubles the right bits each time).
const fn inverse(odd: u64) -> u64 {
    let mut found = odd;
    let mut step = 0;
    while step < 6 {
        found = found.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(found)));
        step += 1;
    }
    found
}

/// The code of an account that has chosen none: its id, obfuscated, so that it does not need to be stored.
#[must_use]
pub fn code_of(user: UserId) -> String {
    let obfuscated = user.get().unsigned_abs().wrapping_mul(FACTOR);
    let letter = |place: u32| LETTERS.get(usize::try_from((obfuscated >> (place * 5)) & 31).ok()?);
    (0..CHARS).filter_map(letter).map(|&byte| char::from(byte)).collect()
}

/// A code that a user has chosen or a friend has typed: 4–16 letters and digits, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationCode(String);

impl InvitationCode {
    const MIN_CHARS: usize = 4;
    const MAX_CHARS: usize = 16;

    /// # Errors
    /// When `text` is too short or too long, or has other characters.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let problem = if text.is_empty() {
            Problem::Missing
        } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Problem::Characters
        } else if text.len() < Self::MIN_CHARS {
            Problem::TooShort { min: Self::MIN_CHARS }
        } else if text.len() > Self::MAX_CHARS {
            Problem::TooLong { max: Self::MAX_CHARS }
        } else {
            return Ok(Self(text.to_ascii_uppercase()));
        };
        Err(Invalid::new(what, problem))
    }

    /// The code in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account that this code follows from, if it does from any.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        let place =
            |letter: u8| LETTERS.iter().position(|known| *known == letter).and_then(|at| u64::try_from(at).ok());
        let add = |sum: u64, letter: u8| Some((sum << 5) | place(letter)?);
        let obfuscated = self.0.bytes().rev().try_fold(0, add)?;
        let id = obfuscated.wrapping_mul(INVERSE) & MASK;
        let user = UserId::parse("", &id.to_string()).ok()?;
        (code_of(user) == self.0).then_some(user)
    }
}

/// What an app pays its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewards {
    /// To whoever invited a new account.
    pub inviter: Cents,
    /// To the new account.
    pub invitee: Cents,
    /// How many invitations a user is paid for a day.
    pub invitations_per_day: i32,
    /// How many invitations clients show as the goal; 0 for none.
    pub invitations_goal: i32,
    /// For the first change of the display name, and of the avatar.
    pub first_edit: Cents,
}

/// A change of what an app pays; omitted parts stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RewardChanges {
    /// To whoever invited a new account, in 0.01 coin.
    pub inviter_cents: Option<i64>,
    /// To the new account.
    pub invitee_cents: Option<i64>,
    /// How many invitations a user is paid for a day.
    pub invitations_per_day: Option<i64>,
    /// How many invitations clients show as the goal.
    pub invitations_goal: Option<i64>,
    /// For the first change of the display name, and of the avatar.
    pub first_edit_cents: Option<i64>,
}

impl RewardChanges {
    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the changes.
    ///
    /// # Errors
    /// When a number is negative or too large.
    pub fn apply(&self, to: Rewards) -> Result<Rewards, Invalid> {
        Ok(Rewards {
            inviter: reward("reward_inviter_cents", self.inviter_cents, to.inviter)?,
            invitee: reward("reward_invitee_cents", self.invitee_cents, to.invitee)?,
            invitations_per_day: count("invitations_per_day", self.invitations_per_day, to.invitations_per_day)?,
            invitations_goal: count("invitations_goal", self.invitations_goal, to.invitations_goal)?,
            first_edit: reward("reward_first_edit_cents", self.first_edit_cents, to.first_edit)?,
        })
    }
}

/// A reward of up to 10,000 coins.
fn reward(what: &'static str, cents: Option<i64>, known: Cents) -> Result<Cents, Invalid> {
    const MAX: i64 = 1_000_000;
    let Some(cents) = cents else { return Ok(known) };
    let out_of_range = Invalid::new(what, Problem::OutOfRange { min: 0, max: MAX });
    if (0..=MAX).contains(&cents) { Ok(Cents(cents)) } else { Err(out_of_range) }
}

fn count(what: &'static str, number: Option<i64>, known: i32) -> Result<i32, Invalid> {
    const MAX: i32 = 1_000_000;
    let Some(number) = number else { return Ok(known) };
    let out_of_range = Invalid::new(what, Problem::OutOfRange { min: 0, max: MAX.into() });
    i32::try_from(number).ok().filter(|number| (0..=MAX).contains(number)).ok_or(out_of_range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_follows_from_an_id_leads_back_to_it() {
        for id in [1, 2, 1000, 123_456_789, (1 << 53) - 1] {
            let user = UserId::stored(id);
            let code = code_of(user);
            assert_eq!(InvitationCode::parse("", &code.to_lowercase()).unwrap().user(), Some(user), "{code}");
        }
        for other in ["ABCD", "OOOOOOOOOOO", "ZZZZZZZZZZZ", "0000000000000000"] {
            assert_eq!(InvitationCode::parse("", other).unwrap().user(), None, "{other}");
        }
    }
}
