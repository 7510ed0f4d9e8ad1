//! The two APIs.

/// The two APIs, each with its own envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/v1`.
    V1,
    /// Everything else.
    Admin,
}
