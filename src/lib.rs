//! diglot: an account gateway for chat products.
//!
//! Bytes come in at the edge ([`transport`]) and become a typed message there; a [`domain`] function decides; the
//! [`store`] or the [`state`] remembers, [`delivery`] tells someone; and the edge turns the answer into the encoding that the client asked for.
//! Nothing inside the edge knows which encoding that was. Arrows point down only:
//!
//! ```text
//! main ─> cli ─> transport ─> domain ─┬─> store ────> model
//!                                     ├─> state ────> model
//!                                     └─> delivery ─> model
//! ```

pub mod cache;
pub mod captcha;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod feed;
pub mod gateway;
pub mod hashing;
pub mod model;
pub mod random;
pub mod secret;
pub mod sockets;
pub mod state;
pub mod store;
pub mod transport;
