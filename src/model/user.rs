//! Accounts.

use super::{Activity, Contact, EmailAddress, Mobile, UserId};

/// An account as the store knows it, without its password.
#[derive(Clone, Debug)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// The name to log in with; accounts made by SMS have none.
    pub username: Option<String>,
    /// The display name.
    pub nickname: String,
    /// Counts the display names: 1 for the first.
    pub name_id: i32,
    /// Empty without one.
    pub avatar_url: String,
    /// Counts the avatars: 0 without one.
    pub avatar_id: i64,
    /// The bound mobile number.
    pub mobile: Option<String>,
    /// The bound e-mail address.
    pub email: Option<String>,
    /// What it says of itself on /user.
    pub description: Option<String>,
    /// For the owner only.
    pub private_info: Option<String>,
    /// For everyone.
    pub public_info: Option<String>,
    /// The balance in 0.01 coin.
    pub coin_cents: i64,
    /// When VIP ends; 0 for never a VIP.
    pub vip_expires_at_ms: i64,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// When it was made.
    pub registered_at_ms: i64,
    /// How active it is.
    pub activity: Activity,
}

impl User {
    /// What a friend enters to be counted as invited: the account's number in disguise, so that it needs no storing.
    #[must_use]
    pub fn invitation_code(&self) -> String {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        const CHARS: u32 = 11;
        // Multiplying by an odd number maps the 55-bit numbers onto themselves, one to one.
        let disguised = self.id.get().unsigned_abs().wrapping_mul(0x5A_1B63_7C95_2D4B);
        let letter = |place: u32| LETTERS.get(usize::try_from((disguised >> (place * 5)) & 31).ok()?);
        (0..CHARS).filter_map(letter).map(|&byte| char::from(byte)).collect()
    }

    /// Where codes for the account may have been sent.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        let mobile = self.mobile.as_deref().and_then(|text| Mobile::parse("mobile", text).ok());
        let email = self.email.as_deref().and_then(|text| EmailAddress::parse("email", text).ok());
        mobile.map(Contact::Mobile).into_iter().chain(email.map(Contact::Email)).collect()
    }

    /// How much memory its texts take.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let unset =
            [&self.username, &self.mobile, &self.email, &self.description, &self.private_info, &self.public_info];
        let texts = unset.into_iter().flatten().chain([&self.nickname, &self.avatar_url]);
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
    /// Never one.
    None,
    /// One now.
    Active,
    /// Not any more.
    Expired,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// It may.
    Active,
    /// An admin closed it for now.
    Disabled,
    /// It is gone.
    Deleted,
}

impl AccountStatus {
    /// The number in the store and in `GET /user/list`.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Active => 0,
            Self::Disabled => 1,
            Self::Deleted => 2,
        }
    }

    /// The state behind a stored number; an unknown one counts as deleted, which lets nobody in.
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
    /// The account's number.
    pub id: UserId,
    /// Its login name, if it has one.
    pub username: Option<String>,
    /// Whether it may be used.
    pub status: AccountStatus,
}
