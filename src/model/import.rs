//! Accounts imported from another system.

use super::{AccountStatus, Avatar, EmailAddress, Info, Invalid, Mobile, Nickname, Password, Problem, Username};

/// An account to be imported. It has at least one of login name, mobile number and e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The login name; accounts registered by SMS have none.
    pub username: Option<Username>,
    /// The password's hash; without it only codes can log in.
    pub password_hash: Option<String>,
    /// The display name; defaults to the login name, or to a generated name without one.
    pub nickname: Option<Nickname>,
    /// The bound mobile number.
    pub mobile: Option<Mobile>,
    /// Whether the owner has proved possession of the number (docs/quirks.md 23).
    pub is_mobile_confirmed: bool,
    /// The bound e-mail address.
    pub email: Option<EmailAddress>,
    /// The avatar.
    pub avatar: Option<Avatar>,
    /// The description on /user.
    pub description: Option<Info>,
    /// Information visible to the owner only.
    pub private_info: Option<Info>,
    /// Information visible to everyone.
    pub public_info: Option<Info>,
    /// The account's status.
    pub status: AccountStatus,
}

/// The password of an imported account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportedPassword {
    /// In plain text, to be hashed.
    Plain(Password),
    /// A hash.
    Hash(PasswordHash),
}

/// A bcrypt hash: another system's, or one of ours, which has the prefix `hmac-sha256:`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The prefix of a hash made by this gateway.
    pub const KEYED: &str = "hmac-sha256:";

    /// Limits the time of a login; with a higher cost it would take a minute.
    const MAX_COST: u32 = 16;

    /// # Errors
    /// When `text` is not a bcrypt hash with a cost from 4 to 16.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let is_bcrypt = |hash: &str| {
            let mut parts = hash.split('$');
            let (Some(""), Some(version), Some(cost), Some(rest), None) =
                (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return false;
            };
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
            ["2a", "2b", "2x", "2y"].contains(&version)
                && cost.len() == 2
                && cost.parse().is_ok_and(|cost: u32| (4..=Self::MAX_COST).contains(&cost))
                && rest.len() == 53
                && rest.bytes().all(is_letter)
        };
        if is_bcrypt(text.strip_prefix(Self::KEYED).unwrap_or(text)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(what, Problem::Malformed))
        }
    }

    /// The hash, for the store.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
