//! diglot: an account gateway for chat products, with two APIs in two encodings over two databases.
//!
//! [`transport`] decodes a request and calls a [`domain`] function. That function authorizes and executes it: it reads
//! and writes the [`store`] (PostgreSQL or SQLite) and the [`state`] (Redis or memory), and sends codes through
//! `delivery`. [`transport`] then encodes the answer as the client requested; no other layer knows the encoding. Each
//! layer depends only on those to its right, which a test of the sources enforces (docs/adr/0001-layers.md):
//!
//! ```text
//! main ─> cli ─> transport ─> domain ─┬─> store ────> model
//!                                     ├─> state ────> model
//!                                     ├─> delivery ─> model
//!                                     └─> media ────> model
//! ```
//!
//! Modules that several layers share:
//!
//! - [`gateway`] holds all services of a node: database, state, delivery, cache, clock.
//! - `cache` caches tenants, tokens and accounts in the process, and `feed` evicts what changes in the database.
//! - `http_client` has the settings of the HTTP clients of `delivery` and `media`.
//! - `signing` signs and verifies access tokens.
//! - `sockets` lists the node's open WebSocket connections.
//! - [`logging`] writes the log, and [`tls`] holds the certificate of the listeners.
//! - [`metrics`] are the node's metrics, which every layer records.
//! - [`account_file`] reads and writes files of accounts, for [`cli`] and [`transport`]; [`file_format`] has their formats.
//! - [`config`] is the configuration of the process.
//!
//! Each operation is registered once, in `paths()` of its resource in [`transport`]; the OpenAPI document
//! ([`transport::openapi_document`]) and the routes both come from that.
//!
//! Where to start reading: [`gateway::Gateway`], then one request from top to bottom, such as a change of the display
//! name: `transport/v1/profile.rs`, [`domain::profile::rename`], `domain/unit_of_work.rs`,
//! [`store::Db::change_at_once`] (PostgreSQL), [`store::Db::write`] and [`store::users::set_nickname`].

pub mod account_file;
mod cache;
pub mod calendar;
mod captcha;
pub mod cli;
pub mod clock;
pub mod config;
mod delivery;
pub mod domain;
mod feed;
pub mod file_format;
pub mod gateway;
pub mod hashing;
mod host_list;
mod http_client;
pub mod logging;
mod media;
pub mod metrics;
pub mod model;
mod new_file;
pub mod places;
pub mod random;
pub mod secret;
mod signing;
mod sockets;
mod source_counts;
pub mod state;
pub mod store;
mod time_limit;
pub mod tls;
pub mod transport;
