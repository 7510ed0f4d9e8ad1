//! Accounts that come from another system.

use super::{AccountStatus, AvatarUrl, EmailAddress, Info, Invalid, Mobile, Nickname, Password, Problem, Username};

/// An account to be made as it is. A login name, a number or an address leads to it: one of them at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The login name; accounts made by SMS have none.
    pub username: Option<Username>,
    /// The password's hash; without one only codes lead into the account.
    pub password_hash: Option<String>,
    /// The display name; the login name without one, and without that one made up.
    pub nickname: Option<Nickname>,
    /// The bound number.
    pub mobile: Option<Mobile>,
    /// Whether the number was shown to be the account's own (docs/quirks.md 23).
    pub is_mobile_confirmed: bool,
    /// The bound address.
    pub email: Option<EmailAddress>,
    /// The avatar.
    pub avatar: Option<AvatarUrl>,
    /// What it says of itself on /user.
    pub description: Option<Info>,
    /// For the owner only.
    pub private_info: Option<Info>,
    /// For everyone.
    pub public_info: Option<Info>,
    /// Whether it may be used.
    pub status: AccountStatus,
}

/// How an imported account proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportedPassword {
    /// In clear, to be hashed.
    Plain(Password),
    /// A hash.
    Hash(PasswordHash),
}

/// A bcrypt hash: another system's, or one of ours, which stands behind `hmac-sha256:`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// What stands in front of a hash that was made here.
    pub const KEYED: &str = "hmac-sha256:";

    /// A login with a higher cost would take a minute.
    const MAX_COST: u32 = 16;

    /// # Errors
    /// When `text` is no bcrypt hash of a cost from 4 to 16.
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
