//! What must not be lost: PostgreSQL or SQLite, through diesel, with one set of queries for both.
//!
//! The only module that names diesel. Queries live beside the table that they are about (`users`, `sessions`, …), as
//! plain functions over a [`Conn`]; `find` gives an `Option`, `list` a `Vec`. They run inside [`Db::read`] or
//! [`Db::write`], and nothing slow may happen there: no await, no Redis, no bcrypt.

/// Runs a query, written once, on the concrete connection: for what diesel's enum of connections can't do, such as inserts of
/// many rows and upserts, whose syntax both databases share.
macro_rules! on_backend {
    ($conn:expr, |$concrete:ident| $query:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite($concrete) => $query,
            $crate::store::Conn::Postgres($concrete) => $query,
        }
    };
}

/// Gets a row and locks it until the end of the transaction. SQLite has one writer at a time, so there it is locked already.
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

pub mod audit;
pub mod bans;
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
pub mod medals;
mod migrations;
pub mod module_ignores;
pub mod notifications;
pub mod personal_data;
mod pool;
pub mod push_profiles;
pub mod push_tags;
pub mod push_tokens;
pub mod remarks;
mod schema;
pub mod sessions;
pub mod settings;
mod statement_times;
pub mod tenants;
mod transaction;
mod user_counts;
pub mod users;
mod writer;

pub use changes::{Poll, Watermark};
pub use connect::{Conn, DatabaseUrl};
pub use db::Db;
pub use error::StoreError;

/// How many values one statement names at the most: both databases have a bound.
const MAX_PARAMETERS: usize = 500;

/// The columns that a row struct reads. They are the same on both databases; the trait only wants to know one.
fn selection<Row: diesel::Selectable<diesel::sqlite::Sqlite>>() -> Row::SelectExpression {
    Row::construct_selection()
}
