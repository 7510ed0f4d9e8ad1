//! What is known of accounts on a Tinode server.

/// Tinode's id of an account: a number of 64 bits other than 0, in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TinodeUid(String);

impl TinodeUid {
    const CHARS: usize = 11;
    const ZERO: &str = "AAAAAAAAAAA";

    /// An id from the store.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// An id from a Tinode server; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_uid = text.len() == Self::CHARS && text.bytes().all(is_allowed) && text != Self::ZERO;
        is_uid.then(|| Self(text.to_owned()))
    }

    /// The id as Tinode writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
