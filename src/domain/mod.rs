//! What the gateway does, in the words of its users. No transport, no SQL: functions take the [`Gateway`](crate::gateway::Gateway)
//! and a value that says who asks, and return facts or an [`Error`].
//!
//! Who asks is decided in one place: [`access`] hands out a [`Anonymous`], a [`Caller`] or an [`Operator`], and an
//! operation takes the one that it needs, so it can't be reached by anyone less.

pub mod access;
pub mod accounts;
mod activity;
mod audit;
pub mod awards;
pub mod background;
pub mod bans;
pub mod captchas;
pub mod coins;
pub mod contacts;
pub mod credentials;
pub mod devices;
pub mod discovery;
mod error;
pub mod imports;
mod limits;
mod lookups;
pub mod notifications;
mod passwords;
pub mod presence;
pub mod profile;
pub mod push;
pub mod registration;
pub mod sessions;
pub mod settings;
pub mod sockets;
pub mod tenants;
mod unit_of_work;
pub mod verification;

pub use access::{Anonymous, Caller, Operator, Origin};
pub use error::Error;
