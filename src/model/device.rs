//! The devices that users log in from.

use super::{DeviceSn, Invalid, Problem};

/// The id that a client chose for its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKey(String);

impl DeviceKey {
    const MAX_CHARS: usize = 255;

    /// The id, for the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The required id in `text`.
    ///
    /// # Errors
    /// When `text` is empty, too long or holds control characters.
    pub fn required(what: &'static str, text: &str) -> Result<Self, Invalid> {
        Self::parse(what, text)?.ok_or(Invalid::new(what, Problem::Missing))
    }

    /// A generated id for a client that has none (behaviour.md §3), from `random`.
    #[must_use]
    pub fn generated(random: &str) -> Self {
        Self(format!("generated-{random}"))
    }

    /// The id in `text`, if there is one.
    ///
    /// # Errors
    /// When `text` is too long or holds control characters.
    pub fn parse(what: &'static str, text: &str) -> Result<Option<Self>, Invalid> {
        short_text(what, text, Self::MAX_CHARS).map(|key| (!key.is_empty()).then_some(Self(key)))
    }
}

/// A device that has logged in to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its serial number among the account's devices.
    pub sn: DeviceSn,
    /// The platform's code: see [`Platform::code`].
    pub platform: i16,
    /// The user agent of its last login.
    pub user_agent: String,
}

/// A device of an account in full, with its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDetails {
    /// Its serial number among the account's devices.
    pub sn: DeviceSn,
    /// The id that the client chose, if any.
    pub key: Option<String>,
    /// The platform's code: see [`Platform::code`].
    pub platform: i16,
    /// The platform as the client names it.
    pub platform_name: String,
    /// The user agent of its last login.
    pub user_agent: String,
    /// When it last logged in.
    pub last_login_at_ms: i64,
    /// The session on it that can be used.
    pub session: Option<DeviceSession>,
}

/// The session on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSession {
    /// When it was opened.
    pub created_at_ms: i64,
    /// When its token was last used; recorded with coarse granularity.
    pub last_used_at_ms: i64,
    /// When it expires, regardless of use.
    pub expires_at_ms: i64,
}

/// A platform's name as the client spells it, and its code in the admin document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    name: String,
    code: i16,
}

impl Platform {
    const MAX_CHARS: usize = 64;
    /// The platforms of `GET /user/device/list`; the index is the code, 0 is unknown.
    const NAMES: [&[&str]; 7] = [
        &[],
        &["ios", "iphone", "ipad", "ipados"],
        &["android"],
        &["windows", "win"],
        &["mac", "macos", "darwin"],
        &["linux"],
        &["web", "browser"],
    ];

    /// # Errors
    /// When `text` is too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = short_text("platform", text, Self::MAX_CHARS)?;
        let key = name.to_ascii_lowercase();
        let position = Self::NAMES.iter().position(|names| names.contains(&key.as_str()));
        Ok(Self { code: position.and_then(|code| i16::try_from(code).ok()).unwrap_or(0), name })
    }

    /// The name as the client spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// 1 ios, 2 android, 3 windows, 4 mac, 5 linux, 6 web, 0 anything else.
    #[must_use]
    pub const fn code(&self) -> i16 {
        self.code
    }
}

/// The device that a login comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginDevice {
    key: Option<DeviceKey>,
    is_generated: bool,
    platform: Platform,
}

impl LoginDevice {
    /// The device with the client's id `key`. Without a key every login is a device of its own, and its platform is
    /// ignored (behaviour.md §3).
    #[must_use]
    pub fn new(key: Option<DeviceKey>, platform: Platform) -> Self {
        match key {
            Some(_) => Self { key, is_generated: false, platform },
            None => Self::default(),
        }
    }

    /// The same device with a generated id if the client has none, from `random`.
    #[must_use]
    pub fn or_generated(self, random: &str) -> Self {
        match self.key {
            Some(_) => self,
            None => Self { key: Some(DeviceKey::generated(random)), is_generated: true, ..self },
        }
    }

    /// Whether the id was generated.
    #[must_use]
    pub const fn is_generated(&self) -> bool {
        self.is_generated
    }

    /// The id.
    #[must_use]
    pub const fn key(&self) -> Option<&DeviceKey> {
        self.key.as_ref()
    }

    /// The platform.
    #[must_use]
    pub const fn platform(&self) -> &Platform {
        &self.platform
    }
}

fn short_text(what: &'static str, text: &str, max: usize) -> Result<String, Invalid> {
    if text.chars().count() > max {
        Err(Invalid::new(what, Problem::TooLong { max }))
    } else if text.chars().any(char::is_control) {
        Err(Invalid::new(what, Problem::Characters))
    } else {
        Ok(text.to_owned())
    }
}
