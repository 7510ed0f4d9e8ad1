//! The HTTP layer, the only one that uses actix, prost and wire types.
//!
//! `v1` and `admin` hold the routes; a handler parses, calls the domain and wraps the answer. What they share is here: how
//! a handler is found (`path`, `router`), authentication (`access`), encodings (`codec`, `negotiation`, `wire`), the
//! rendering of errors (`error`) and the middleware around every request (`edge`).

mod acceptor;
mod access;
mod admin;
mod api;
mod app;
mod body;
mod codec;
mod connection;
mod console;
mod context;
mod docs;
mod edge;
mod error;
mod files;
mod headers;
mod http2;
mod json;
mod media;
mod negotiation;
mod neighbours;
mod oauth;
mod openapi;
mod ops;
mod own_url;
mod path;
pub mod pb;
mod query;
mod reply;
mod router;
mod server;
mod service;
pub mod socket;
mod stop;
mod upload;
mod v1;
mod wire;

pub(crate) use admin::data;
pub use app::http_app;
pub use connection::{open_files, room};
pub use context::Face;
pub use error::errors_md;
pub use files::{audit_header, audit_lines};
pub use openapi::document as openapi_document;
pub use ops::Readiness;
pub use server::{Listeners, Server, block_on};
pub use service::Service;
pub use stop::Stop;
