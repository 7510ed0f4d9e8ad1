//! The change feed: rows that the database's triggers add for whatever a node may have cached (`migrations/…_changes`,
//! `…_feed`). Readers go by watermark, so that each row is read once, in time, and none is missed.
//!
//! Rows become visible when their transaction commits, in any order. SQLite has one writer at a time, so there the order of
//! ids is the order of commits, and the watermark is the highest id read. On PostgreSQL a row carries the id of the
//! transaction that wrote it, and the watermark is the oldest transaction that was still running at the last poll
//! (`pg_snapshot_xmin`): all older ones have ended, and what they wrote has been read.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    prelude::*,
    sql_types::{BigInt, Nullable, Text},
};

use super::{Conn, StoreError, schema::changes};
use crate::model::{Change, FeedEntry, SessionId, TenantId, UserId};

/// How far a reader of the feed has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark(i64);

/// What a poll found.
#[derive(Debug)]
pub struct Poll {
    /// The entries since the last poll. On PostgreSQL those written by transactions that are younger than the oldest
    /// running one are found by the next poll again.
    pub entries: Vec<FeedEntry>,
    /// Where the next poll starts.
    pub watermark: Watermark,
}

#[derive(QueryableByName)]
struct FeedRow {
    #[diesel(sql_type = BigInt)]
    horizon: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    app_id: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    user_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    session_id: Option<i64>,
}

type Columns = (i64, Option<String>, Option<i64>, Option<i64>);

const COLUMNS: (changes::id, changes::app_id, changes::user_id, changes::session_id) =
    (changes::id, changes::app_id, changes::user_id, changes::session_id);

fn entry((id, tenant, user, session): Columns) -> Option<FeedEntry> {
    let change = match (tenant, user, session) {
        (Some(tenant), _, _) => Change::Tenant(TenantId::stored(tenant)),
        (None, Some(user), Some(session)) => Change::SessionEnded(UserId::stored(user), SessionId(session)),
        (None, Some(user), None) => Change::User(UserId::stored(user)),
        (None, None, _) => return None,
    };
    Some(FeedEntry { id, change })
}

/// Where a reader starts that has cached nothing yet.
pub(super) fn start(conn: &mut Conn) -> Result<Watermark, StoreError> {
    match conn {
        Conn::Sqlite(_) => Ok(Watermark(newest(conn)?)),
        Conn::Postgres(_) => Ok(poll(conn, Watermark(i64::MAX))?.watermark),
    }
}

/// The changes since `watermark`. One statement, so that rows and horizon belong to one snapshot.
pub(super) fn poll(conn: &mut Conn, watermark: Watermark) -> Result<Poll, StoreError> {
    match conn {
        Conn::Sqlite(_) => {
            let entries = list_after(conn, watermark.0)?;
            let newest = entries.last().map_or(watermark.0, |entry| entry.id);
            Ok(Poll { entries, watermark: Watermark(newest) })
        }
        Conn::Postgres(conn) => {
            let rows: Vec<FeedRow> = diesel::sql_query(
                "SELECT h.horizon, c.id, c.app_id, c.user_id, c.session_id \
                 FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT::BIGINT AS horizon) h \
                 LEFT JOIN changes c ON c.transaction_id >= $1 ORDER BY c.id",
            )
            .bind::<BigInt, _>(watermark.0)
            .load(conn)?;
            let horizon = rows.first().map_or(watermark.0, |row| row.horizon);
            let columns = rows.into_iter().filter_map(|row| Some((row.id?, row.app_id, row.user_id, row.session_id)));
            Ok(Poll { entries: columns.filter_map(entry).collect(), watermark: Watermark(horizon) })
        }
    }
}

#[declare_sql_function]
extern "SQL" {
    /// The id of the running transaction, NULL when it has written nothing (`migrations/postgres/…_feed`).
    fn feed_transaction() -> Nullable<BigInt>;
}

/// The changes of the running transaction (PostgreSQL).
pub(super) fn list_own(conn: &mut Conn) -> Result<Vec<FeedEntry>, StoreError> {
    let rows: Vec<Columns> = changes::table
        .select(COLUMNS)
        .filter(changes::transaction_id.nullable().eq(feed_transaction()))
        .order(changes::id)
        .load(conn)?;
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// The changes with ids above `id`.
pub(super) fn list_after(conn: &mut Conn, id: i64) -> Result<Vec<FeedEntry>, StoreError> {
    let rows: Vec<Columns> = changes::table.select(COLUMNS).filter(changes::id.gt(id)).order(changes::id).load(conn)?;
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// The highest id, 0 without rows.
pub(super) fn newest(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(changes::table.select(diesel::dsl::max(changes::id)).get_result::<Option<i64>>(conn)?.unwrap_or_default())
}

/// Deletes the changes before `watermark`: those that every reader which polled since then has read.
pub(super) fn delete_before(conn: &mut Conn, watermark: Watermark) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => diesel::delete(changes::table.filter(changes::id.le(watermark.0))).execute(conn),
        Conn::Postgres(conn) => {
            diesel::delete(changes::table.filter(changes::transaction_id.lt(watermark.0))).execute(conn)
        }
    }?;
    Ok(())
}
