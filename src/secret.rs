//! The server's secret, from which every key is derived, and helpers for MACs and for hiding passwords in URLs.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::Url;

/// The server's secret. All nodes share it; stored password hashes can't be verified without it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// The purpose of a derived key. A key for one purpose reveals nothing about those for others.
#[derive(Clone, Copy, Debug)]
pub enum KeyPurpose {
    /// Hashing passwords before bcrypt.
    Password,
    /// Storing the answers of captchas.
    Captcha,
    /// Storing verification codes.
    Code,
    /// Deriving the secrets of tenants.
    AppSecret,
    /// Recognising the secret.
    Check,
    /// Signing the cookies of the console.
    Console,
    /// Encrypting the private keys that sign access tokens.
    SigningKey,
    /// Deriving the secrets of webhooks.
    Webhook,
    /// Storing one-time passwords.
    OneTime,
    /// Signing what was proved in an earlier request.
    Proof,
    /// Signing the tokens that permit uploads.
    Upload,
    /// Recognising the numbers of invited accounts.
    InvitedNumber,
}

impl KeyPurpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Password => b"diglot password",
            Self::Captcha => b"diglot captcha",
            Self::Code => b"diglot code",
            Self::AppSecret => b"diglot app secret",
            Self::Check => b"diglot check",
            Self::Console => b"diglot console",
            Self::SigningKey => b"diglot signing key",
            Self::Webhook => b"diglot webhook",
            Self::OneTime => b"diglot one-time",
            Self::Proof => b"diglot proof",
            Self::Upload => b"diglot upload",
            Self::InvitedNumber => b"diglot invited number",
        }
    }
}

impl Secret {
    /// The minimum number of characters (security.md 17).
    pub const MIN_CHARS: usize = 32;

    /// # Errors
    /// When `text` is too short.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() < Self::MIN_CHARS {
            return Err(format!("must have at least {} characters; `openssl rand -hex 32` makes one", Self::MIN_CHARS));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }

    /// HMAC-SHA-256 of `message` under the key for `purpose`.
    #[must_use]
    pub fn mac(&self, purpose: KeyPurpose, message: &[u8]) -> [u8; 32] {
        let key = hmac(&self.0, purpose.label());
        hmac(&key, message)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is said of a URL whose parts can't be told apart.
pub const UNREADABLE_URL: &str = "is not a URL; percent-encode / # ? @ : and % in the user name and the password";

/// Refuses a URL in which a raw `/`, `#` or `?` of a password has become the end of the host: what follows, the rest of
/// the password, would be shown, and the host would be a part of the user name.
///
/// # Errors
/// [`UNREADABLE_URL`].
pub fn require_readable(url: &Url) -> Result<(), String> {
    let is_torn = url.fragment().is_some() || url.path().contains('@') || url.query().is_some_and(|q| q.contains('@'));
    if is_torn { Err(UNREADABLE_URL.to_owned()) } else { Ok(()) }
}

/// The URL for logs and output, with passwords in the user info and the query replaced.
#[must_use]
pub fn without_password(url: &Url) -> String {
    if require_readable(url).is_err() {
        return "***".to_owned();
    }
    let mut shown = url.clone();
    if shown.password().is_some() && shown.set_password(Some("***")).is_err() {
        return "***".to_owned();
    }
    if url.query().is_some() {
        let is_secret = |name: &str| ["pass", "secret", "token", "key", "sign"].iter().any(|part| name.contains(part));
        let pairs =
            url.query_pairs().map(|(name, value)| if is_secret(&name) { (name, "***".into()) } else { (name, value) });
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown.to_string()
}

/// HMAC-SHA-256 (RFC 2104), also for keys that are not derived from the server's secret.
#[must_use]
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length (RFC 2104); the Result is only the trait's.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}
