//! The errors of the domain. They carry facts only; `transport/error.rs` maps them to codes and texts.

use crate::{
    delivery::DeliveryError,
    hashing::HashingError,
    media::MediaError,
    model::Invalid,
    random::RandomError,
    signing::SigningError,
    state::StateError,
    store::{QueriesError, StoreError},
};

/// The cause of an error, for the log only; never shown to a client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is missing or has a wrong value.
    #[error("{0}")]
    Invalid(Invalid),
    /// There is no such tenant.
    #[error("no such app")]
    TenantUnknown,
    /// The token was not issued by this tenant.
    #[error("unknown token")]
    TokenUnknown,
    /// The token is no longer valid.
    #[error("ended token")]
    TokenEnded,
    /// An admin token was presented without the user to act for.
    #[error("no user to act for")]
    ActForMissing,
    /// The requester lacks the permission.
    #[error("no permission")]
    NoPermission,
    /// There is no such account in this tenant.
    #[error("no such user")]
    UserNotFound,
    /// The username is in use.
    #[error("username taken")]
    UsernameTaken,
    /// The name is in use for another object of the same kind in the tenant.
    #[error("name taken")]
    NameTaken,
    /// The balance is too low for this change, or would be too high after it.
    #[error("insufficient coins")]
    CoinsInsufficient,
    /// The idempotency key belongs to another change.
    #[error("idempotency key reused")]
    KeyReused,
    /// The operation is for VIPs only.
    #[error("VIP only")]
    VipOnly,
    /// The tenant's discovery page has no such category, group or bot.
    #[error("not on the discovery page")]
    NotListed,
    /// The category still contains groups.
    #[error("category used")]
    CategoryUsed,
    /// The account has no such device.
    #[error("no such device")]
    DeviceNotFound,
    /// The tenant has no such medal.
    #[error("no such medal")]
    MedalNotFound,
    /// Wrong name or password; deliberately does not say which.
    #[error("login refused")]
    LoginRefused,
    /// Too many failed logins: for now even the right password is refused.
    #[error("login locked for {wait_secs} s")]
    LoginLocked {
        /// Seconds to wait.
        wait_secs: i64,
    },
    /// The account is disabled; returned only after the right password or code.
    #[error("account disabled")]
    AccountDisabled,
    /// A server of the tenant, which is asked before that happens, refused.
    #[error("refused by a server of the app")]
    RefusedByApp {
        /// Why, for the user; may be empty.
        text: String,
    },
    /// The tenant has no such webhook.
    #[error("no such webhook")]
    WebhookNotFound,
    /// The tenant accepts no registrations by anonymous requesters.
    #[error("registration closed")]
    RegistrationClosed,
    /// The answer to the captcha is wrong, or the captcha is expired or unknown.
    #[error("captcha wrong")]
    CaptchaWrong,
    /// The code is wrong, void or expired, or was issued for another purpose.
    #[error("code wrong")]
    CodeWrong,
    /// Too many codes were sent to the contact, or too many wrong ones were tried.
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
    /// The current password, required to confirm an operation, is wrong.
    #[error("password wrong")]
    PasswordWrong,
    /// Another account of the tenant has that alias.
    #[error("alias taken")]
    AliasTaken,
    /// The password is one of the most common ones.
    #[error("common password")]
    PasswordCommon,
    /// The password is one of the account's names.
    #[error("password is the name")]
    PasswordIsName,
    /// There is no store for images.
    #[error("uploads are off")]
    UploadsOff,
    /// The uploaded file is not an image of a supported format, or is damaged or too large.
    #[error("image unusable")]
    ImageUnusable,
    /// The token of an upload is invalid, has expired, or was used.
    #[error("upload token refused")]
    UploadTokenRefused,
    /// There is no key that signs access tokens.
    #[error("access tokens are off")]
    AccessTokensOff,
    /// A rate limit is exceeded.
    #[error("too many requests, wait {wait_secs} s")]
    TooManyRequests {
        /// Seconds to wait.
        wait_secs: i64,
    },
    /// The gateway is overloaded, or a concurrent change interfered; a retry may succeed.
    #[error("busy")]
    Busy,
    /// The database, the shared state or a provider is unavailable. Any operation that reaches the database can fail
    /// with this, and with [`Error::Internal`]; their documentation lists only the other errors.
    #[error("unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// A bug, or a damaged database.
    #[error("internal: {0}")]
    Internal(#[source] Cause),
}

impl Error {
    /// An internal error with that cause.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// An unavailability with that cause.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// Whether an operation of an operator that fails with this error is audited.
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

    /// Whether a login that fails with this error is audited.
    pub(super) const fn is_audited_login(&self) -> bool {
        matches!(
            self,
            Self::LoginRefused
                | Self::LoginLocked { .. }
                | Self::AccountDisabled
                | Self::CodeWrong
                | Self::RefusedByApp { .. }
        )
    }

    /// Maps [`StoreError::Taken`] to this error, and other errors of the store as usual.
    pub(super) fn if_taken(self) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Taken => self,
            StoreError::Unavailable(_) | StoreError::Refused(_) | StoreError::Unfinished | StoreError::Query(_) => {
                Self::from(error)
            }
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
            // Inserts of unique values map `Taken` with `if_taken`, so here it is unexpected.
            StoreError::Taken | StoreError::Unfinished | StoreError::Query(_) => Self::internal(error),
            StoreError::Unavailable(_) | StoreError::Refused(_) => Self::unavailable(error),
        }
    }
}

impl QueriesError for Error {
    fn is_refused(&self) -> bool {
        let Self::Unavailable(cause) = self else { return false };
        cause.downcast_ref::<StoreError>().is_some_and(QueriesError::is_refused)
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

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        Self::unavailable(error)
    }
}

impl From<SigningError> for Error {
    fn from(error: SigningError) -> Self {
        Self::internal(error)
    }
}

impl From<RandomError> for Error {
    fn from(error: RandomError) -> Self {
        Self::internal(error)
    }
}
