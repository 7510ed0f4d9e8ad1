//! Adapters for servers that authenticate users over HTTP in a protocol of their own: `MongooseIM` and Tinode. The server
//! is authenticated by its app and an admin token, as Basic (RFC 7617).

mod mongooseim;
mod tinode;

use super::path::Path;

/// All paths.
pub fn paths() -> Vec<Path> {
    [mongooseim::paths(), tinode::paths()].into_iter().flatten().collect()
}
