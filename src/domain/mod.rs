//! The operations of the gateway, independent of transport and SQL. A function takes the
//! [`Gateway`](crate::gateway::Gateway) and a value that identifies the requester, and returns a result or an
//! [`Error`].
//!
//! Only [`access`] constructs these values: an [`Anonymous`] requester, a [`Caller`] or an [`Operator`]. An operation
//! takes the type that it requires, so it can't be called without that permission.

pub mod access;
pub mod access_tokens;
pub mod accounts;
mod activity;
mod audit;
pub mod audit_log;
pub mod avatars;
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
mod events;
pub mod imports;
pub mod introspection;
pub mod invitations;
mod limits;
mod lookups;
pub mod metrics;
pub mod mobile_proofs;
pub mod neighbours;
mod nodes;
pub mod notifications;
mod one_time_passwords;
pub mod overview;
pub mod password_proofs;
mod passwords;
pub mod presence;
pub mod profile;
mod proofs;
pub mod push;
pub mod push_targets;
pub mod readiness;
pub mod registration;
pub mod sessions;
pub mod settings;
pub mod signing_keys;
pub mod sockets;
pub mod tenants;
mod unit_of_work;
pub mod verification;
pub mod webhooks;

pub use access::{Anonymous, Caller, Operator, Origin};
pub use error::Error;
