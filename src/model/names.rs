//! Display names, usernames and login names.

use super::{
    Invalid, Mobile, Problem, UserId,
    text::{is_forbidden, line},
};

/// The display name: 1–64 characters of any language, emoji included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    const MAX_CHARS: usize = 64;

    /// # Errors
    /// When `text` is blank, too long or holds control characters or bidirectional overrides.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        Ok(Self(line(what, text, Self::MAX_CHARS)?))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name to log in with: letters, digits, `_` and CJK U+4E00–U+9FA5, at least one of them not a digit, not starting
/// with `mta` or `maxim`, at most 64 characters; unique per tenant regardless of case (behaviour.md §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    const MAX_CHARS: usize = 64;
    const RESERVED: [&str; 2] = ["mta", "maxim"];

    /// # Errors
    /// When `text` breaks one of the rules above.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_allowed =
            |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || matches!(letter, '\u{4E00}'..='\u{9FA5}');
        let key = text.to_ascii_lowercase();
        let problem = if text.is_empty() {
            Problem::Missing
        } else if text.chars().count() > Self::MAX_CHARS {
            Problem::TooLong { max: Self::MAX_CHARS }
        } else if !text.chars().all(is_allowed) {
            Problem::Characters
        } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
            Problem::Malformed
        } else if Self::RESERVED.iter().any(|reserved| key.starts_with(reserved)) {
            Problem::Reserved
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Invalid::new("username", problem))
    }

    /// The name as its owner spelled it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is unique per tenant.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A name given at a login. It may be malformed as a username: such a login fails like one with an unknown name
/// (security.md 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginName {
    /// An e-mail address, in lower case.
    Email(String),
    /// A username, in lower case.
    Username(String),
    /// A mobile number.
    Mobile(Mobile),
    /// The account's id.
    Id(UserId),
}

impl LoginName {
    /// Parses what the user typed: an e-mail address if it contains an `@`, a mobile number if it is in that format,
    /// else a username. No username has one of the other formats.
    ///
    /// # Errors
    /// When `text` is empty, or longer than any name can be.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        const MAX_CHARS: usize = 320;
        let key = text.trim().to_ascii_lowercase();
        if key.is_empty() {
            Err(Invalid::new(what, Problem::Missing))
        } else if key.len() > MAX_CHARS {
            Err(Invalid::new(what, Problem::TooLong { max: MAX_CHARS }))
        } else if key.contains(is_forbidden) {
            Err(Invalid::new(what, Problem::Characters))
        } else if key.contains('@') {
            Ok(Self::Email(key))
        } else {
            Ok(Mobile::parse(what, &key).map_or(Self::Username(key), Self::Mobile))
        }
    }

    /// The form in which names are compared.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Email(key) | Self::Username(key) => key.clone(),
            Self::Mobile(mobile) => mobile.as_str().to_owned(),
            Self::Id(id) => format!("id {id}"),
        }
    }
}
