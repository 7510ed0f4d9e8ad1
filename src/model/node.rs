//! The nodes of the gateway.

/// A running process of the gateway, as the nodes know each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Random, new with each start of the process.
    pub id: String,
    /// The name of its machine.
    pub host: String,
    /// The gateway's version.
    pub version: String,
    /// When it started.
    pub started_at_ms: i64,
}

/// A node that was seen lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNode {
    /// The node.
    pub node: Node,
    /// When it last noted that it runs.
    pub seen_at_ms: i64,
}
