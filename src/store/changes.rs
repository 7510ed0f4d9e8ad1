//! What changed lately: rows that the database's triggers add (`migrations/…_changes`), and who wants to know of them.
//!
//! Whoever writes reads what his transaction changed before it is answered; what others wrote is found by looking every now
//! and then ([`super::Db::look_for_changes`]). Rows become visible when they are committed and not in the order of their
//! numbers, so a look goes back for longer than a transaction may last.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

use super::{Conn, StoreError, schema::changes};
use crate::model::{Change, SessionId, TenantId, UserId};

/// How far a look goes back. A transaction lasts 6.5 s at the most: what nobody waits for after 4 s is not committed
/// (`PATIENCE` in `db.rs`), and no commit takes longer than a statement may (`connect::STATEMENT_LIMIT_MS`).
const WINDOW_MS: i64 = 10_000;

/// How old a row is when it may go.
const KEPT_MS: i64 = 60_000;

/// A change and its number.
type Numbered = (i64, Change);

type Columns = (i64, Option<String>, Option<i64>, Option<i64>);

fn numbered((id, tenant, user, session): Columns) -> Option<Numbered> {
    let change = match (tenant, user, session) {
        (Some(tenant), _, _) => Change::Tenant(TenantId::stored(tenant)),
        (None, Some(user), Some(session)) => Change::SessionEnded(UserId::stored(user), SessionId(session)),
        (None, Some(user), None) => Change::User(UserId::stored(user)),
        (None, None, _) => return None,
    };
    Some((id, change))
}

/// The changes after that number, this transaction's among them.
fn list_after(conn: &mut Conn, id: i64) -> Result<Vec<Numbered>, StoreError> {
    let rows: Vec<Columns> = changes::table
        .select((changes::id, changes::app_id, changes::user_id, changes::session_id))
        .filter(changes::id.gt(id))
        .order(changes::id)
        .load(conn)?;
    Ok(rows.into_iter().filter_map(numbered).collect())
}

/// The changes of the last [`WINDOW_MS`].
fn list_recent(conn: &mut Conn) -> Result<Vec<Numbered>, StoreError> {
    let rows: Vec<Columns> = changes::table
        .select((changes::id, changes::app_id, changes::user_id, changes::session_id))
        .filter(changes::at_ms.gt(sql::<BigInt>(&format!("{} - {WINDOW_MS}", now_ms(conn)))))
        .order(changes::id)
        .load(conn)?;
    Ok(rows.into_iter().filter_map(numbered).collect())
}

/// The highest number given out, as far as its row is still there.
fn highest(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(changes::table.select(diesel::dsl::max(changes::id)).get_result::<Option<i64>>(conn)?.unwrap_or_default())
}

/// Deletes the rows that nobody looks for any more.
pub(super) fn delete_old(conn: &mut Conn) -> Result<(), StoreError> {
    let old = changes::at_ms.lt(sql::<BigInt>(&format!("{} - {KEPT_MS}", now_ms(conn))));
    diesel::delete(changes::table.filter(old)).execute(conn)?;
    Ok(())
}

/// The database's clock, which the rows carry.
const fn now_ms(conn: &Conn) -> &'static str {
    match conn {
        Conn::Sqlite(_) => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        Conn::Postgres(_) => "(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT",
    }
}

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// This process, just now.
    Us,
    /// Most likely another one.
    Others,
}

type Tell = dyn Fn(&[Change], Maker) + Send + Sync;

/// Who wants to know of changes, and which were told already.
pub(super) struct Listener {
    tell: Box<Tell>,
    told: Mutex<Option<Told>>,
}

/// Which changes were told.
struct Told {
    /// The highest of their numbers.
    highest: i64,
    /// Those that a look may find again.
    recent: BTreeSet<i64>,
}

impl Listener {
    pub(super) fn new(tell: impl Fn(&[Change], Maker) + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), told: Mutex::new(None) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What numbers the changes of a transaction that begins now will be above; `None` while nobody looks.
    pub(super) fn mark(&self) -> Option<i64> {
        self.lock().as_ref().map(|told| told.highest)
    }

    /// What this transaction changed, and perhaps some that others committed; before its commit.
    pub(super) fn gather(conn: &mut Conn, mark: Option<i64>) -> Result<Vec<Numbered>, StoreError> {
        mark.map_or_else(|| Ok(Vec::new()), |mark| list_after(conn, mark))
    }

    /// Tells what is not told yet. Only once it is committed.
    pub(super) fn tell(&self, found: Vec<Numbered>, maker: Maker) {
        let mut lock = self.lock();
        let Some(told) = lock.as_mut() else { return };
        let fresh: Vec<Numbered> = found.into_iter().filter(|(id, _)| !told.recent.contains(id)).collect();
        let changes: Vec<Change> = fresh.iter().map(|(_, change)| change.clone()).collect();
        if !changes.is_empty() {
            (self.tell)(&changes, maker);
        }
        for (id, _) in fresh {
            told.highest = told.highest.max(id);
            told.recent.insert(id);
        }
    }

    /// Tells what the database holds and was not told yet. The first look tells nothing: there is nobody yet who remembers
    /// what was.
    pub(super) fn look(&self, conn: &mut Conn) -> Result<(), StoreError> {
        let found = list_recent(conn)?;
        let oldest = found.first().map(|(id, _)| *id);
        if self.mark().is_none() {
            let recent = found.iter().map(|(id, _)| *id).collect();
            *self.lock() = Some(Told { highest: highest(conn)?, recent });
            return Ok(());
        }
        self.tell(found, Maker::Others);
        if let (Some(told), Some(oldest)) = (self.lock().as_mut(), oldest) {
            told.recent = told.recent.split_off(&oldest);
        }
        Ok(())
    }
}
