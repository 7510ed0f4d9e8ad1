//! Randomness. What must be unpredictable comes from the operating system's generator.

use crate::model::{Code, Token};

/// Generates unpredictable values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

/// The operating system provided no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RandomError(getrandom::Error);

impl Random {
    /// `N` random bytes.
    #[expect(clippy::disallowed_methods, reason = "this is where Gateway's randomness comes from")]
    pub fn bytes<const N: usize>(self) -> Result<[u8; N], RandomError> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(RandomError)?;
        Ok(bytes)
    }

    /// A random number that is not a secret, such as that of a request. From a generator of the thread, which costs no
    /// system call.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where Gateway's randomness comes from")]
    pub fn number(self) -> u64 {
        rand::random()
    }

    /// A new token for a user.
    pub fn user_token(self) -> Result<Token, RandomError> {
        Ok(Token::for_user(&self.base62(Token::RANDOM_CHARS)?))
    }

    /// A new token for an admin.
    pub fn admin_token(self) -> Result<Token, RandomError> {
        Ok(Token::for_admin(&self.base62(Token::RANDOM_CHARS)?))
    }

    /// A new code, uniformly distributed over the million codes.
    pub fn code(self) -> Result<Code, RandomError> {
        const CODES: u32 = 1_000_000;
        // Rejection sampling: numbers past the last whole million are discarded, so that every code is equally likely.
        const FAIR: u32 = u32::MAX - u32::MAX % CODES;
        loop {
            let number = u32::from_le_bytes(self.bytes()?);
            if number < FAIR {
                return Ok(Code::of(number % CODES));
            }
        }
    }

    /// A new password, for an account whose operator chooses none.
    pub fn password(self) -> Result<String, RandomError> {
        const CHARS: usize = 16;
        self.base62(CHARS)
    }

    /// `length` characters of `0–9 A–Z a–z`, each equally likely.
    pub fn base62(self, length: usize) -> Result<String, RandomError> {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            // Rejection sampling of six bits: the two values past the alphabet are discarded.
            let letters = self.bytes::<64>()?.map(|byte| LETTERS.get(usize::from(byte & 0x3F)));
            let missing = length - text.len();
            text.extend(letters.iter().copied().flatten().take(missing).map(|&letter| char::from(letter)));
        }
        Ok(text)
    }
}
