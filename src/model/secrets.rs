//! Secret values, whose `Debug` output shows only their type.

use std::fmt;

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use super::{Invalid, Problem, text::unpasted_digits};

/// A plain-text password, NFC-normalised, 1–128 Unicode characters (security.md 3).
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// NFC-normalised.
    text: String,
    /// As it was sent, if that is another text.
    as_sent: Option<String>,
}

impl Password {
    const MAX_CHARS: usize = 128;

    /// Parses a password of at least `min` characters.
    ///
    /// # Errors
    /// When `text` is empty, too short or too long.
    pub fn parse(what: &'static str, text: &str, min: usize) -> Result<Self, Invalid> {
        // A longer text can't normalise to so few characters; normalising it would only waste time.
        if text.len() > Self::MAX_CHARS * 64 {
            return Err(Invalid::new(what, Problem::TooLong { max: Self::MAX_CHARS }));
        }
        let sent = text;
        let text: String = sent.nfc().collect();
        let length = text.chars().count();
        let problem = if length == 0 {
            Problem::Missing
        } else if length < min {
            Problem::TooShort { min }
        } else if length > Self::MAX_CHARS {
            Problem::TooLong { max: Self::MAX_CHARS }
        } else {
            let as_sent = (text != sent).then(|| sent.to_owned());
            return Ok(Self { text, as_sent });
        };
        Err(Invalid::new(what, problem))
    }

    /// The texts that another system may have hashed, which did not normalise as we do: ours, as it was sent, and
    /// decomposed.
    #[must_use]
    pub fn foreign_forms(&self) -> Vec<String> {
        let decomposed: String = self.text.nfd().collect();
        let mut forms = vec![self.text.clone()];
        for form in self.as_sent.iter().cloned().chain([decomposed]) {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }

    /// Whether it equals `name`, regardless of case.
    #[must_use]
    pub fn is_name(&self, name: &str) -> bool {
        let name: String = name.nfc().collect();
        !name.is_empty() && self.lower_case() == name.to_lowercase()
    }

    /// The password in lower case, to be looked up in the list of common passwords.
    #[must_use]
    pub fn lower_case(&self) -> String {
        self.text.to_lowercase()
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A plain-text token, as the client has it: a user's (32 base62 characters grouped 8-4-4-4-12) or an admin's (the same
/// with the prefix `adm-`).
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    const ADMIN_PREFIX: &str = "adm-";
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

    /// The number of random base62 characters in a token: 190 bits.
    pub const RANDOM_CHARS: usize = 32;

    /// A user's token from `random`, which should be [`Self::RANDOM_CHARS`] base62 characters.
    #[must_use]
    pub fn for_user(random: &str) -> Self {
        let mut letters = random.chars();
        let groups = Self::GROUPS.map(|length| letters.by_ref().take(length).collect::<String>());
        Self(groups.join("-"))
    }

    /// An admin's token from `random`, as for [`Self::for_user`].
    #[must_use]
    pub fn for_admin(random: &str) -> Self {
        Self(format!("{}{}", Self::ADMIN_PREFIX, Self::for_user(random).0))
    }

    /// Parses a token that a client sent; `None` if `text` is not in the exact format of issued tokens.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut groups = text.strip_prefix(Self::ADMIN_PREFIX).unwrap_or(text).as_bytes().split(|byte| *byte == b'-');
        let is_base62 = |group: &[u8]| group.iter().all(u8::is_ascii_alphanumeric);
        let mut is_next = |length| groups.next().is_some_and(|group| group.len() == length && is_base62(group));
        let has_format = Self::GROUPS.into_iter().all(&mut is_next) && groups.next().is_none();
        has_format.then(|| Self(text.to_owned()))
    }

    /// Whether this is an admin token.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0.starts_with(Self::ADMIN_PREFIX)
    }

    /// The token in plain text, to be shown to its owner only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A verification code, which proves access to a mobile number or an e-mail address.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    const DIGITS: usize = 6;

    /// The code for `number`: six digits with leading zeros.
    #[must_use]
    pub fn of(number: u32) -> Self {
        Self(format!("{number:0digits$}", digits = Self::DIGITS))
    }

    /// Parses what the user typed. Text in another format is accepted and is simply a wrong code.
    ///
    /// # Errors
    /// When `text` is empty or far too long.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        const MAX_CHARS: usize = 64;
        let text = unpasted_digits(text);
        if text.is_empty() {
            Err(Invalid::new(what, Problem::Missing))
        } else if text.len() > MAX_CHARS {
            Err(Invalid::new(what, Problem::TooLong { max: MAX_CHARS }))
        } else {
            Ok(Self(text))
        }
    }

    /// The code in plain text, to be sent to its recipient only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// The SHA-256 hash of a token, which is stored in its place (security.md 20).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token (security.md 20).
    #[must_use]
    pub fn of(token: &Token) -> Self {
        Self(Sha256::digest(token.reveal().as_bytes()).into())
    }
}
