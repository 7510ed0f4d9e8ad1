//! The keys that sign access tokens, and which of them sign or are published.

use super::AccessTokenSettings;

/// A key pair that signs access tokens (ES256).
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its thumbprint (RFC 7638), which tokens and published keys name it by.
    pub id: String,
    /// The public key: a point on the curve P-256, uncompressed.
    pub public_key: Vec<u8>,
    /// The private key, encrypted under the server's secret.
    pub encrypted_private_key: Vec<u8>,
    /// When it was made, and published.
    pub created_at_ms: i64,
    /// From when on it signs.
    pub signs_from_ms: i64,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
}

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeyState {
    /// It is published, and does not sign yet.
    Next,
    /// It signs.
    Signing,
    /// Another key has taken its place, but tokens that it signed are valid.
    Published,
    /// All tokens that it signed have expired.
    Retired,
    /// An operator has revoked it, which voids the tokens that it signed.
    Revoked,
}

impl SigningKeyState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Published => "published",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

/// All keys, in the order in which they sign.
#[derive(Clone)]
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// How long a key stays published after another one has taken its place: as long as a token may be valid, and a
    /// minute for clocks that differ.
    const PUBLISHED_MS: i64 = (AccessTokenSettings::MAX_LIFETIME_SECS + 60) * 1000;

    /// The keys in `all`, which are in the order in which they sign.
    #[must_use]
    pub const fn new(all: Vec<SigningKey>) -> Self {
        Self(all)
    }

    /// The key that signs at that time.
    #[must_use]
    pub fn signer(&self, now_ms: i64) -> Option<&SigningKey> {
        self.published(now_ms).filter(|key| key.signs_from_ms <= now_ms).last()
    }

    /// The keys that verify tokens at that time.
    pub fn published(&self, now_ms: i64) -> impl Iterator<Item = &SigningKey> {
        self.valid().filter(move |key| self.state(key, now_ms) != SigningKeyState::Retired)
    }

    /// Each key with its state at that time.
    pub fn states(&self, now_ms: i64) -> impl Iterator<Item = (&SigningKey, SigningKeyState)> {
        self.0.iter().map(move |key| (key, self.state(key, now_ms)))
    }

    fn valid(&self) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().filter(|key| key.revoked_at_ms.is_none())
    }

    fn state(&self, key: &SigningKey, now_ms: i64) -> SigningKeyState {
        if key.revoked_at_ms.is_some() {
            return SigningKeyState::Revoked;
        }
        if key.signs_from_ms > now_ms {
            return SigningKeyState::Next;
        }
        let later = || self.0.iter().skip_while(|other| *other != key).skip(1);
        let has_signed_since =
            |since_ms: i64| move |other: &SigningKey| other.signs_from_ms.saturating_add(since_ms) <= now_ms;
        let is_valid = |other: &&SigningKey| other.revoked_at_ms.is_none();
        // Also if the key after it was revoked since: nobody expects this one any more.
        if later().any(has_signed_since(Self::PUBLISHED_MS)) {
            SigningKeyState::Retired
        } else if later().filter(is_valid).any(has_signed_since(0)) {
            SigningKeyState::Published
        } else {
            SigningKeyState::Signing
        }
    }
}
