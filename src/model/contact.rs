//! Mobile numbers and e-mail addresses, which codes are sent to and accounts are bound to.

use std::fmt;

use email_address::{EmailAddress as Rfc5321, Options};

use super::{
    Invalid, Problem, UserId,
    text::{unpasted, unpasted_digits},
};

/// A mobile number: `+` and 8 to 15 digits (E.164), or a Chinese number of 11 digits starting with 1, as in the
/// examples of the v1 document. A Chinese number is the same with and without `+86`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mobile(String);

impl Mobile {
    /// # Errors
    /// When `text` is empty or malformed.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let text = unpasted_digits(text);
        if text.is_empty() {
            return Err(Invalid::new(what, Problem::Missing));
        }
        let national = text.strip_prefix("+86").unwrap_or(&text);
        if is_chinese(national) {
            return Ok(Self(national.to_owned()));
        }
        let digits = text.strip_prefix('+').unwrap_or_default();
        let is_international = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        // No country code starts with 0, and Chinese numbers are handled above: an alternative spelling of the same
        // number would get codes and accounts of its own.
        if is_international && !digits.starts_with('0') && !digits.starts_with("86") {
            return Ok(Self(text));
        }
        Err(Invalid::new(what, Problem::Malformed))
    }

    /// Parses a number as on /user, where Chinese numbers start with 13 to 19 (behaviour.md §3).
    ///
    /// # Errors
    /// As [`Mobile::parse`].
    pub fn parse_assigned(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let mobile = Self::parse(what, text)?;
        let is_assigned = mobile.0.starts_with('+') || matches!(mobile.0.as_bytes().get(1), Some(b'3'..=b'9'));
        if is_assigned { Ok(mobile) } else { Err(Invalid::new(what, Problem::Malformed)) }
    }

    /// The number as it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_chinese(digits: &str) -> bool {
    digits.len() == 11 && digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.starts_with('1')
}

/// An e-mail address, in lower case: case-sensitive mail servers are obsolete, and people don't spell their address in
/// the same case every time. ASCII only; an internationalised domain is written in its `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// RFC 5321 allows a path of 256 bytes, which includes the angle brackets.
    const MAX_BYTES: usize = 254;

    /// # Errors
    /// When `text` is empty, too long or malformed.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let text = unpasted(text).trim().to_ascii_lowercase();
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let problem = if text.is_empty() {
            Problem::Missing
        } else if text.len() > Self::MAX_BYTES {
            Problem::TooLong { max: Self::MAX_BYTES }
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('"') {
            Problem::Characters
        } else if Rfc5321::parse_with_options(&text, options).is_err() {
            Problem::Malformed
        } else {
            return Ok(Self(text));
        };
        Err(Invalid::new(what, problem))
    }

    /// The address as it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mobile number or e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// Codes are sent by SMS.
    Mobile(Mobile),
    /// Codes are sent by e-mail.
    Email(EmailAddress),
}

impl Contact {
    /// The number or address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Mobile(mobile) => mobile.as_str(),
            Self::Email(address) => address.as_str(),
        }
    }
}

/// `mobile:…` or `email:…`: unique among all contacts.
impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mobile(mobile) => write!(f, "mobile:{}", mobile.as_str()),
            Self::Email(address) => write!(f, "email:{}", address.as_str()),
        }
    }
}

/// The purpose that a code was requested for. A code is not valid for any other purpose (security.md 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Requested without a session: to log in, or to bind the contact to the account of any session.
    Login,
    /// Requested with a session: to change or cancel that account only.
    Account(UserId),
    /// To reset a password.
    PasswordReset,
}

impl CodePurpose {
    /// The purpose's name in the webhook's body and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Account(_) => "account",
            Self::PasswordReset => "password_reset",
        }
    }
}
