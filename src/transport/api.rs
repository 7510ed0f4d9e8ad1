//! The APIs.

/// The APIs, each with its own form of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/v1`.
    V1,
    /// OAuth 2.0: `/oauth2` and `/.well-known`; and adapters whose protocol has no form of errors.
    OAuth,
    /// The adapter for Tinode.
    Tinode,
    /// Everything else.
    Admin,
}

impl Api {
    /// Whether the clients of a path are those of Qiniu, which look at the HTTP status and for an `error`.
    pub fn is_of_qiniu(path: &str) -> bool {
        matches!(path, "/v1/misc/qiniu-upload" | "/media")
    }

    /// The API that a path belongs to.
    pub fn of(path: &str) -> Self {
        if path.starts_with("/v1/") {
            Self::V1
        } else if path.starts_with("/adapters/tinode/") {
            Self::Tinode
        } else if ["/oauth2/", "/.well-known/", "/adapters/"].iter().any(|prefix| path.starts_with(prefix)) {
            Self::OAuth
        } else {
            Self::Admin
        }
    }
}
