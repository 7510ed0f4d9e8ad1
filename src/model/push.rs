//! Push tokens, and the push profile of an account: alias, badge and tags.

use super::{Invalid, Problem, text::line};

/// A push service's token for a device, and the certificate to push with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushToken {
    /// The service's token for the device.
    pub device_token: String,
    /// The certificate's name.
    pub notifier_name: String,
}

impl PushToken {
    /// # Errors
    /// When a part is blank, too long or holds control characters.
    pub fn parse(device_token: &str, notifier_name: &str) -> Result<Self, Invalid> {
        Ok(Self {
            device_token: Self::parse_token("device_token", device_token)?,
            notifier_name: line("notifier_name", notifier_name, 255)?,
        })
    }

    /// Parses a push service's token alone.
    ///
    /// # Errors
    /// When it is blank, too long or holds control characters.
    pub fn parse_token(what: &'static str, text: &str) -> Result<String, Invalid> {
        line(what, text, 1024)
    }
}

/// An alias by which push messages address an account: unique per tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias(String);

impl Alias {
    /// # Errors
    /// When `text` is blank, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(line("alias", text, 255)?))
    }

    /// The alias.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag by which push messages select accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    /// The maximum number of tags of one account.
    pub const MAX: usize = 500;

    /// # Errors
    /// When `text` is blank, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(line("tags", text, 64)?))
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The badge number on an app's icon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Badge(i32);

impl Badge {
    /// # Errors
    /// When `count` is negative or too large.
    pub fn parse(count: i64) -> Result<Self, Invalid> {
        let out_of_range = Invalid::new("badge", Problem::OutOfRange { min: 0, max: i64::from(i32::MAX) });
        i32::try_from(count).ok().filter(|count| *count >= 0).map(Self).ok_or(out_of_range)
    }

    /// The badge that was stored.
    #[must_use]
    pub const fn stored(count: i32) -> Self {
        Self(count)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}
