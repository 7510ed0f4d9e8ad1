//! What can be in the way of an operation. Facts only: `transport/error.rs` has the one table of codes and texts.

use crate::{
    delivery::DeliveryError, hashing::HashingError, model::Invalid, random::RandomError, state::StateError,
    store::StoreError,
};

/// What an error comes from; for the log, never for a client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is missing or has a wrong value.
    #[error("{0}")]
    Invalid(Invalid),
    /// There is no such app.
    #[error("no such app")]
    TenantUnknown,
    /// The token is none that this app gave out.
    #[error("unknown token")]
    TokenUnknown,
    /// The token was valid once.
    #[error("ended token")]
    TokenEnded,
    /// An admin token came without the user that it acts for.
    #[error("no user to act for")]
    ActForMissing,
    /// The caller may not do this.
    #[error("no permission")]
    NoPermission,
    /// There is no such account in this app.
    #[error("no such user")]
    UserNotFound,
    /// The username is in use.
    #[error("username taken")]
    UsernameTaken,
    /// The app has something of that kind and name already.
    #[error("name taken")]
    NameTaken,
    /// The balance is too low for this change, or would be too high after it.
    #[error("insufficient coins")]
    CoinsInsufficient,
    /// The idempotency key belongs to another change.
    #[error("idempotency key reused")]
    KeyReused,
    /// Only a VIP may do this.
    #[error("VIP only")]
    VipOnly,
    /// The app's discovery page has no such category, group or bot.
    #[error("not on the discovery page")]
    NotListed,
    /// Groups are in the category.
    #[error("category used")]
    CategoryUsed,
    /// The account has no such device.
    #[error("no such device")]
    DeviceNotFound,
    /// The app has no such medal.
    #[error("no such medal")]
    MedalNotFound,
    /// Wrong name or password: which of them is not told.
    #[error("login refused")]
    LoginRefused,
    /// Too many failed logins: even the right password is refused for a while.
    #[error("login locked for {wait_secs} s")]
    LoginLocked {
        /// Seconds to wait.
        wait_secs: i64,
    },
    /// The account is disabled; told only after the right password.
    #[error("account disabled")]
    AccountDisabled,
    /// The app takes no new accounts from outside.
    #[error("registration closed")]
    RegistrationClosed,
    /// The answer to the captcha is wrong, or there is no such captcha any more.
    #[error("captcha wrong")]
    CaptchaWrong,
    /// The code is wrong, void or expired, or for something else.
    #[error("code wrong")]
    CodeWrong,
    /// Too many codes were sent to that number or address, or tried.
    #[error("code asked for too soon, wait {wait_secs} s")]
    CodeTooSoon {
        /// Seconds to wait.
        wait_secs: i64,
    },
    /// Another account has that mobile number.
    #[error("mobile taken")]
    MobileTaken,
    /// Another account has that e-mail address.
    #[error("e-mail taken")]
    EmailTaken,
    /// The account is not bound to that number or address.
    #[error("contact not bound")]
    ContactNotBound,
    /// The password that should confirm something is wrong.
    #[error("password wrong")]
    PasswordWrong,
    /// Another account of the app has that alias.
    #[error("alias taken")]
    AliasTaken,
    /// The password is one of those that are tried first.
    #[error("common password")]
    PasswordCommon,
    /// The password is the account's own name.
    #[error("password is the name")]
    PasswordIsName,
    /// The source asks too often.
    #[error("too many requests, wait {wait_secs} s")]
    TooManyRequests {
        /// Seconds to wait.
        wait_secs: i64,
    },
    /// The gateway has too much to do at the moment.
    #[error("busy")]
    Busy,
    /// The database, the shared state or a provider is unavailable. Any operation that reaches the database can fail with
    /// this, and with [`Error::Internal`]; their documentation lists only the other errors.
    #[error("unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// A bug, or a damaged database.
    #[error("internal: {0}")]
    Internal(#[source] Cause),
}

impl Error {
    /// A bug, or a damaged database, shown by `cause`.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Something is unavailable because of `cause`.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// Whether the audit log tells of an operator's attempt that failed with this.
    pub(super) const fn is_audited(&self) -> bool {
        matches!(
            self,
            Self::UserNotFound
                | Self::MedalNotFound
                | Self::NotListed
                | Self::NameTaken
                | Self::CategoryUsed
                | Self::CoinsInsufficient
                | Self::KeyReused
        )
    }

    /// Whether the audit log tells of a login that failed with this.
    pub(super) const fn is_audited_login(&self) -> bool {
        matches!(self, Self::LoginRefused | Self::LoginLocked { .. } | Self::AccountDisabled | Self::CodeWrong)
    }

    /// What an insert fails with when its unique value is in use: this, and whatever else happened as itself.
    pub(super) fn if_taken(self) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Taken => self,
            StoreError::Unavailable(_) | StoreError::Query(_) => Self::from(error),
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            // Whoever inserts something unique says what it means; here it is a surprise.
            StoreError::Taken | StoreError::Query(_) => Self::internal(error),
            StoreError::Unavailable(_) => Self::unavailable(error),
        }
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Self::unavailable(error)
    }
}

impl From<DeliveryError> for Error {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Busy => Self::Busy,
            DeliveryError::Off(_) => Self::unavailable(error),
        }
    }
}

impl From<HashingError> for Error {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::Busy,
            HashingError::Gone => Self::internal(error),
        }
    }
}

impl From<RandomError> for Error {
    fn from(error: RandomError) -> Self {
        Self::internal(error)
    }
}
