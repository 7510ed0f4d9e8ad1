//! Sessions: what a token stands for.

use super::{AccountStatus, DeviceSn, SessionId, UserId};

/// A login that was given a token, with what is known of its account.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session's number.
    pub id: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// The device that it lives on.
    pub device: DeviceSn,
    /// The account's state now.
    pub status: AccountStatus,
    /// When a request last came with its token; written down coarsely.
    pub last_used_at_ms: i64,
    /// When it ends however much it is used.
    pub expires_at_ms: i64,
    /// Whether something ended it early.
    pub is_ended: bool,
}

/// A device that an account is logged in on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedInDevice {
    /// The id that the client chose, if any.
    pub key: Option<String>,
    /// The platform in the client's own words.
    pub platform_name: String,
    /// When it last logged in.
    pub last_login_at_ms: i64,
}

/// What ended a session early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its owner logged out.
    Logout,
    /// Another login on the same device took its place.
    Replaced,
    /// The account was disabled.
    Disabled,
    /// Its owner ended it from another device.
    TakenOffline,
    /// The password was changed.
    PasswordChanged,
    /// The account was deleted.
    Deleted,
    /// Its owner or an admin kicked it.
    Kicked,
    /// Its device was removed.
    DeviceRemoved,
    /// The account had too many sessions, and this one was the oldest.
    TooManySessions,
}

impl EndReason {
    /// The number in the store.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Logout => 1,
            Self::Replaced => 2,
            Self::Disabled => 3,
            Self::TooManySessions => 4,
            Self::PasswordChanged => 5,
            Self::TakenOffline => 6,
            Self::Deleted => 7,
            Self::Kicked => 8,
            Self::DeviceRemoved => 9,
        }
    }
}
