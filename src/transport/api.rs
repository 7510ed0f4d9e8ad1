//! The APIs.

/// The APIs, each with its own form of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/v1`.
    V1,
    /// OAuth 2.0: `/oauth2` and `/.well-known`.
    OAuth,
    /// Everything else.
    Admin,
}

impl Api {
    /// The API that a path belongs to.
    pub fn of(path: &str) -> Self {
        if path.starts_with("/v1/") {
            Self::V1
        } else if path.starts_with("/oauth2/") || path.starts_with("/.well-known/") {
            Self::OAuth
        } else {
            Self::Admin
        }
    }
}
