//! OAuth 2.0 for the servers beside the gateway: introspection of tokens (RFC 7662), and the keys and metadata with
//! which they verify access tokens by themselves (RFC 7517, RFC 8414). Errors are those of RFC 6749 §5.2.

mod access;
mod answer;
mod introspection;
mod metadata;

pub use self::{
    access::AsServer,
    answer::{Answer, Object},
};
use super::path::Path;

/// All paths for servers that hold an admin token.
pub fn server_paths() -> Vec<Path> {
    introspection::paths()
}

/// All paths that anyone may read.
pub fn public_paths() -> Vec<Path> {
    metadata::paths()
}
