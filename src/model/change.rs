//! The entries of the change feed.

use super::{SessionId, TenantId, UserId};

/// A change of data that nodes may have cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tenant or one of its admin tokens.
    Tenant(TenantId),
    /// An account, or its public details.
    User(UserId),
    /// A session of that account ended.
    SessionEnded(UserId, SessionId),
}

/// A change and its id in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Unique and never reused.
    pub id: i64,
    /// What changed.
    pub change: Change,
}
