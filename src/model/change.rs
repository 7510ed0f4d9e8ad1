//! What changed, for those who remember how it was.

use super::{SessionId, TenantId, UserId};

/// Something that nodes may remember is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tenant.
    Tenant(TenantId),
    /// An account, or what it shows of itself: renamed, disabled, deleted, …
    User(UserId),
    /// A session of an account has ended.
    SessionEnded(UserId, SessionId),
}
