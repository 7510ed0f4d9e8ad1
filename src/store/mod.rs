//! Durable data, in PostgreSQL or SQLite, with one set of diesel queries for both.
//!
//! The only module that uses diesel. Each table has a module (`users`, `sessions`, …) with its queries, as plain
//! functions of a [`Conn`]; `find` returns an `Option`, `list` a `Vec`. They run inside [`Db::read`] or [`Db::write`],
//! where nothing slow is allowed: no await, no Redis, no bcrypt. A function without a [`Conn`] returns a
//! [`statements::Statement`], which is executed together with others at the end of a unit of work.

/// Runs a query on the concrete connection: for what diesel's enum of connections does not support, such as batch
/// inserts and upserts, although both databases share the syntax.
macro_rules! on_backend {
    ($conn:expr, |$concrete:ident| $query:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite($concrete) => $query,
            $crate::store::Conn::Postgres($concrete) => $query,
        }
    };
}

/// Reads a row and locks it until the end of the transaction. SQLite has one writer at a time, so it needs no lock.
macro_rules! get_locked {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite(conn) => $query.get_result(conn),
            $crate::store::Conn::Postgres(conn) => $query.for_no_key_update().get_result(conn),
        }
    };
}

pub mod admin_tokens;
pub mod ads;
mod at_once;
pub mod audit;
pub mod audit_pruning;
pub mod backup;
pub mod bans;
mod batch;
pub mod bots;
pub mod categories;
mod changes;
pub mod coins;
mod connect;
mod db;
pub mod devices;
mod error;
mod group_counts;
pub mod groups;
pub mod imports;
pub mod invitations;
pub mod logins;
pub mod medals;
pub mod media;
mod migrations;
pub mod module_ignores;
pub mod notifications;
pub mod online_accounts;
pub mod personal_data;
mod pool;
pub mod public_profiles;
pub mod push_profiles;
pub mod push_tags;
pub mod push_targets;
pub mod push_tokens;
mod queries;
pub mod remarks;
mod schema;
pub mod secret_check;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod signing_keys;
mod statement_times;
pub mod statements;
pub mod tenants;
pub mod tinode_links;
mod transaction;
mod turns;
mod update;
pub mod user_counts;
pub mod users;
pub mod webhook_deliveries;
pub mod webhooks;
mod writer;

pub use at_once::{Authority, TokenId};
pub use batch::Batches;
pub use changes::{Poll, Watermark};
pub use connect::{Conn, DatabaseUrl};
pub use db::Db;
pub use error::{QueriesError, StoreError};

/// Maximum number of parameters of a statement, below the limits of both databases.
const MAX_PARAMETERS: usize = 500;

/// The columns that a row struct reads. They are the same on both databases, but the trait requires one to be named.
fn selection<Row: diesel::Selectable<diesel::sqlite::Sqlite>>() -> Row::SelectExpression {
    Row::construct_selection()
}
