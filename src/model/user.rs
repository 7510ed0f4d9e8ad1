//! Accounts.

use super::{Activity, Contact, EmailAddress, Mobile, UserId, invitation::code_of};

/// An account as stored, without its password.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name to log in with; accounts registered by SMS have none.
    pub username: Option<String>,
    /// The display name.
    pub nickname: String,
    /// Counts the display names: 1 for the first.
    pub name_id: i32,
    /// The avatar's URL; empty without an avatar.
    pub avatar_url: String,
    /// Counts the avatars: 0 without one.
    pub avatar_id: i64,
    /// The bound mobile number.
    pub mobile: Option<String>,
    /// The bound e-mail address.
    pub email: Option<String>,
    /// The description on /user.
    pub description: Option<String>,
    /// Information visible to the owner only.
    pub private_info: Option<String>,
    /// Information visible to everyone.
    pub public_info: Option<String>,
    /// The balance in 0.01 coin.
    pub coin_cents: i64,
    /// When VIP expires; 0 if the account was never a VIP.
    pub vip_expires_at_ms: i64,
    /// The account's status.
    pub status: AccountStatus,
    /// When it was registered.
    pub registered_at_ms: i64,
    /// The invitation code that it has chosen.
    pub chosen_code: Option<String>,
    /// Where its last login came from, by the address; empty if unknown.
    pub place: String,
    /// Its activity counters.
    pub activity: Activity,
}

impl User {
    /// The code that an invited friend enters: the chosen one, else one that follows from the id.
    #[must_use]
    pub fn invitation_code(&self) -> String {
        self.chosen_code.clone().unwrap_or_else(|| code_of(self.id))
    }

    /// The contacts that codes for the account may have been sent to.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        let mobile = self.mobile.as_deref().and_then(|text| Mobile::parse("mobile", text).ok());
        let email = self.email.as_deref().and_then(|text| EmailAddress::parse("email", text).ok());
        mobile.map(Contact::Mobile).into_iter().chain(email.map(Contact::Email)).collect()
    }

    /// The total length of its texts, in bytes.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let unset =
            [&self.username, &self.mobile, &self.email, &self.description, &self.private_info, &self.public_info];
        let texts = unset.into_iter().flatten().chain([&self.nickname, &self.avatar_url, &self.place]);
        texts.map(String::len).sum()
    }

    /// The VIP state at `now_ms`.
    #[must_use]
    pub const fn vip_state(&self, now_ms: i64) -> VipState {
        if self.vip_expires_at_ms == 0 {
            VipState::None
        } else if self.vip_expires_at_ms > now_ms {
            VipState::Active
        } else {
            VipState::Expired
        }
    }
}

/// Whether an account is, was or never was a VIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VipState {
    /// The account was never a VIP.
    None,
    /// The account is a VIP.
    Active,
    /// The account was a VIP.
    Expired,
}

impl VipState {
    /// The code in both APIs.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Active => 1,
            Self::Expired => 2,
        }
    }
}

/// The status of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// The account may be used.
    Active,
    /// An admin disabled the account.
    Disabled,
    /// The account was deleted.
    Deleted,
}

impl AccountStatus {
    /// The code in the store and in `GET /user/list`.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Active => 0,
            Self::Disabled => 1,
            Self::Deleted => 2,
        }
    }

    /// The status with a stored code; an unknown code counts as deleted, which permits no access.
    #[must_use]
    pub const fn stored(code: i16) -> Self {
        match code {
            0 => Self::Active,
            1 => Self::Disabled,
            _ => Self::Deleted,
        }
    }
}

/// A row of `GET /user/list`.
#[derive(Clone, Debug)]
pub struct UserSummary {
    /// The account's id.
    pub id: UserId,
    /// Its login name, if it has one.
    pub username: Option<String>,
    /// The account's status.
    pub status: AccountStatus,
}
