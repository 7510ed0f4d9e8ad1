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

mod cache;
mod captcha;
pub mod cli;
pub mod clock;
pub mod config;
mod delivery;
pub mod domain;
mod feed;
pub mod gateway;
pub mod hashing;
pub mod logging;
pub mod model;
pub mod random;
pub mod secret;
mod sockets;
pub mod state;
pub mod store;
pub mod transport;
