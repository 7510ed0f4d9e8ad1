//! Sessions, each identified by a token.

use super::{AccountStatus, DeviceSn, SessionId, UserId};

/// A session, with the current status of its account.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The user it belongs to.
    pub user: UserId,
    /// The device it belongs to.
    pub device: DeviceSn,
    /// The current status of the account.
    pub status: AccountStatus,
    /// When its token was last used; recorded with coarse granularity.
    pub last_used_at_ms: i64,
    /// When it expires, regardless of use.
    pub expires_at_ms: i64,
    /// Whether it was ended early.
    pub is_ended: bool,
}

/// A session with what others may learn about it.
#[derive(Clone, Debug)]
pub struct SessionDetails {
    /// The session.
    pub session: Session,
    /// When it began.
    pub created_at_ms: i64,
    /// The login name of its account.
    pub username: Option<String>,
    /// The id of its device: the client's, or a generated one.
    pub device_key: Option<String>,
}

/// A device on which an account is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedInDevice {
    /// The id that the client chose, if any.
    pub key: Option<String>,
    /// The platform as the client names it.
    pub platform_name: String,
    /// When it last logged in.
    pub last_login_at_ms: i64,
}

/// Why a session was ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its owner logged out.
    Logout,
    /// Another login on the same device replaced it.
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
    /// The code in the store.
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
