//! The change feed: rows that the database's triggers insert when data changes that a node may have cached
//! (`migrations/…_changes`, `…_feed`). A reader keeps a watermark, so that it misses no row.
//!
//! Rows become visible when their transaction commits, which may be in any order. SQLite has one writer at a time, so
//! the order of ids is the order of commits, and the watermark is the highest id read. On PostgreSQL a row has the id
//! of the transaction that wrote it, and the watermark is the snapshot of the last poll: the next poll reads the rows
//! of the transactions that are not visible in it.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    prelude::*,
    sql_types::{BigInt, Nullable, Text},
};

use super::{Conn, MAX_PARAMETERS, StoreError, schema::changes};
use crate::model::{Change, FeedEntry, SessionId, TenantId, UserId};

/// How far a reader of the feed has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watermark {
    /// On SQLite: the highest id read.
    Id(i64),
    /// On PostgreSQL: the snapshot of the last poll. All rows that are visible in it have been read.
    Snapshot {
        /// The oldest transaction that was running (`pg_snapshot_xmin`).
        oldest: i64,
        /// The whole snapshot (`pg_snapshot`).
        text: String,
    },
}

/// The result of a poll.
#[derive(Debug)]
pub struct Poll {
    /// The entries since the last poll.
    pub entries: Vec<FeedEntry>,
    /// The watermark for the next poll.
    pub watermark: Watermark,
}

#[derive(QueryableByName)]
struct FeedRow {
    #[diesel(sql_type = BigInt)]
    oldest: i64,
    #[diesel(sql_type = Text)]
    snapshot: String,
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

/// The watermark at which a reader with an empty cache starts.
pub(super) fn start(conn: &mut Conn) -> Result<Watermark, StoreError> {
    match conn {
        Conn::Sqlite(_) => Ok(Watermark::Id(newest(conn)?)),
        // No transaction has an id that high, so no entries are read.
        Conn::Postgres(conn) => Ok(poll_postgres(conn, i64::MAX, "1:1:")?.watermark),
    }
}

/// The entries since `watermark`.
pub(super) fn poll(conn: &mut Conn, watermark: &Watermark) -> Result<Poll, StoreError> {
    match (conn, watermark) {
        (Conn::Postgres(conn), Watermark::Snapshot { oldest, text }) => poll_postgres(conn, *oldest, text),
        (conn, Watermark::Id(id)) => {
            let entries = list_after(conn, *id)?;
            let newest = entries.last().map_or(*id, |entry| entry.id);
            Ok(Poll { entries, watermark: Watermark::Id(newest) })
        }
        (Conn::Sqlite(_), Watermark::Snapshot { .. }) => Err(StoreError::unavailable("a watermark of PostgreSQL")),
    }
}

/// A single statement, so that entries and watermark are of the same snapshot. While a long transaction holds `oldest`
/// back, the entries that were committed since then are visible in the last snapshot and are not read again.
fn poll_postgres(conn: &mut PgConnection, oldest: i64, snapshot: &str) -> Result<Poll, StoreError> {
    let rows: Vec<FeedRow> = diesel::sql_query(
        "SELECT pg_snapshot_xmin(now.snapshot)::TEXT::BIGINT AS oldest, now.snapshot::TEXT AS snapshot, \
                c.id, c.app_id, c.user_id, c.session_id \
         FROM (SELECT pg_current_snapshot() AS snapshot) now LEFT JOIN changes c ON c.transaction_id >= $1 \
              AND NOT pg_visible_in_snapshot(c.transaction_id::TEXT::xid8, $2::pg_snapshot) ORDER BY c.id",
    )
    .bind::<BigInt, _>(oldest)
    .bind::<Text, _>(snapshot)
    .load(conn)?;
    let watermark = rows.first().map_or_else(
        || Watermark::Snapshot { oldest, text: snapshot.to_owned() },
        |row| Watermark::Snapshot { oldest: row.oldest, text: row.snapshot.clone() },
    );
    let columns = rows.into_iter().filter_map(|row| Some((row.id?, row.app_id, row.user_id, row.session_id)));
    Ok(Poll { entries: columns.filter_map(entry).collect(), watermark })
}

#[declare_sql_function]
extern "SQL" {
    /// The id of the running transaction, NULL if it has written nothing (`migrations/postgres/…_feed`).
    fn feed_transaction() -> Nullable<BigInt>;
}

/// The entries of the running transaction (PostgreSQL).
pub(super) fn list_own(conn: &mut Conn) -> Result<Vec<FeedEntry>, StoreError> {
    let rows: Vec<Columns> = changes::table
        .select(COLUMNS)
        .filter(changes::transaction_id.nullable().eq(feed_transaction()))
        .order(changes::id)
        .load(conn)?;
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// The entries with ids above `id`.
pub(super) fn list_after(conn: &mut Conn, id: i64) -> Result<Vec<FeedEntry>, StoreError> {
    let rows: Vec<Columns> = changes::table.select(COLUMNS).filter(changes::id.gt(id)).order(changes::id).load(conn)?;
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// The highest id, 0 without rows.
pub(super) fn newest(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(changes::table.select(diesel::dsl::max(changes::id)).get_result::<Option<i64>>(conn)?.unwrap_or_default())
}

/// Deletes up to `limit` entries before `watermark`, which every reader that has polled since then has read. Returns
/// the number of deleted entries.
pub(super) fn delete_before(conn: &mut Conn, watermark: &Watermark, limit: i64) -> Result<usize, StoreError> {
    let old = changes::table.select(changes::id).limit(limit);
    let ids: Vec<i64> = match watermark {
        Watermark::Id(id) => old.filter(changes::id.le(id)).load(conn)?,
        Watermark::Snapshot { oldest, .. } => old.filter(changes::transaction_id.lt(oldest)).load(conn)?,
    };
    for part in ids.chunks(MAX_PARAMETERS) {
        diesel::delete(changes::table.filter(changes::id.eq_any(part))).execute(conn)?;
    }
    Ok(ids.len())
}
