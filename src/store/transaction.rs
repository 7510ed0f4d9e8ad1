//! Transactions: a single write (PostgreSQL), or many writes that commit as a group (SQLite).

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use tokio::sync::{mpsc, oneshot};

use super::{
    Conn, StoreError, changes,
    connect::{LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS},
    queries::{Failure, Read, Write},
};
use crate::{
    metrics::Queued,
    model::{FeedEntry, UserId},
};

type Transactions = <Conn as diesel::Connection>::TransactionManager;

/// Called with the feed entries of each commit, before the caller gets its answer.
pub(super) type OnCommit = Arc<dyn Fn(&[FeedEntry]) + Send + Sync>;

/// Maximum number of writes in a group.
const MAX_GROUP: usize = 256;

/// No write joins a group that has been open for this long, so that the first one does not wait for long.
const MAX_GROUP_TIME: Duration = Duration::from_millis(10);

/// Held by the future that waits for a write. When it is dropped, the write is abandoned and will be rolled back.
#[derive(Default)]
pub(super) struct Waiting {
    is_over: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// A write that its caller waits for.
pub(super) struct Pending {
    queries: Write,
    queued: Option<Queued>,
    ended: Option<Result<(), Failure>>,
    answer: oneshot::Sender<Result<(), Failure>>,
    is_abandoned: Arc<AtomicBool>,
}

impl Pending {
    /// A pending write of `queries`, counted in the queue that they wait in, and the receiver of its answer.
    pub(super) fn new(
        queries: Write,
        waiting: &Waiting,
        queued: Option<Queued>,
    ) -> (Self, oneshot::Receiver<Result<(), Failure>>) {
        let (answer, answered) = oneshot::channel();
        let is_abandoned = Arc::clone(&waiting.is_over);
        (Self { queries, queued, ended: None, answer, is_abandoned }, answered)
    }

    /// Runs the queries. Returns whether they succeeded and should be committed.
    fn run(&mut self, conn: &mut Conn) -> bool {
        let _running = self.queued.take().map(Queued::begin);
        let ended = (self.queries)(conn);
        let is_success = ended.is_ok();
        self.ended = Some(ended);
        is_success
    }

    /// Whether the caller has stopped waiting.
    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    /// Tells the caller how the queries ended or, if given, the failure that rolled them back.
    pub(super) fn answer(self, failure: Option<StoreError>) {
        let ended = failure.map(|failure| Err(failure.into())).or(self.ended);
        if let Some(ended) = ended {
            // Fails if the caller has stopped waiting.
            self.answer.send(ended).ok();
        }
    }
}

/// How a transaction begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Begin {
    /// The account whose row is locked.
    pub account: Option<UserId>,
    /// Whether it runs through `PgBouncer`, so that it can't rely on what was set for the session.
    pub is_pooled: bool,
}

impl Begin {
    /// For PostgreSQL: one round trip.
    fn sql(self) -> String {
        let mut sql = if self.is_pooled {
            format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}; \
                 SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"
            )
        } else {
            "BEGIN".to_owned()
        };
        if let Some(account) = self.account {
            sql.push_str(&format!("; SELECT 1 FROM users WHERE id = {} FOR NO KEY UPDATE", account.get()));
        }
        sql
    }
}

/// Runs read-only queries in a transaction.
pub(super) fn read(conn: &mut Conn, beginning: Begin, queries: Read) -> Result<(), Failure> {
    begin(conn, beginning)?;
    let ended = queries(conn);
    if ended.is_ok() {
        Transactions::commit_transaction(conn).map_err(StoreError::from)?;
    } else {
        roll_back(conn);
    }
    ended
}

/// Runs one write in a transaction of its own.
pub(super) fn run_alone(conn: &mut Conn, beginning: Begin, mut write: Pending, on_commit: Option<&OnCommit>) {
    if write.is_abandoned() {
        return;
    }
    let failure = match commit_alone(conn, beginning, &mut write, on_commit) {
        Ok(()) => None,
        Err(failure) => {
            roll_back(conn);
            failure
        }
    };
    write.answer(failure);
}

/// `Err(None)` if the queries failed: their own error is the answer.
fn commit_alone(
    conn: &mut Conn,
    beginning: Begin,
    write: &mut Pending,
    on_commit: Option<&OnCommit>,
) -> Result<(), Option<StoreError>> {
    begin(conn, beginning).map_err(Some)?;
    if !write.run(conn) {
        return Err(None);
    }
    let changes = match on_commit {
        Some(_) => changes::list_own(conn).map_err(Some)?,
        None => Vec::new(),
    };
    // Checked last, immediately before the commit.
    if write.is_abandoned() {
        return Err(Some(StoreError::unavailable("nobody waits for the answer any more")));
    }
    Transactions::commit_transaction(conn).map_err(|error| Some(error.into()))?;
    if let Some(on_commit) = on_commit {
        on_commit(&changes);
    }
    Ok(())
}

/// Runs `first` and the queued writes, each in a savepoint of one transaction, and answers all of them after the
/// commit. They share the sync of the file, which takes most of the time of a small write.
pub(super) fn run_group(
    conn: &mut Conn,
    first: Pending,
    queue: &mut mpsc::Receiver<Pending>,
    on_commit: Option<&OnCommit>,
) {
    let mut group = Group::default();
    let failure = match commit_group(conn, first, queue, on_commit, &mut group) {
        Ok(()) => None,
        Err(failure) => {
            roll_back(conn);
            Some(failure)
        }
    };
    // A write that failed on its own may have seen what another one changed, so it shares the failure of the group.
    for write in group.kept.into_iter().chain(group.undone) {
        write.answer(failure.clone());
    }
}

#[derive(Default)]
struct Group {
    /// Writes that succeed if the commit does.
    kept: Vec<Pending>,
    /// Writes that failed on their own.
    undone: Vec<Pending>,
}

fn commit_group(
    conn: &mut Conn,
    first: Pending,
    queue: &mut mpsc::Receiver<Pending>,
    on_commit: Option<&OnCommit>,
    group: &mut Group,
) -> Result<(), StoreError> {
    let began = Instant::now();
    // A write is in `kept` unless its savepoint was rolled back: if that fails, the whole transaction has failed.
    let mut next = Some(first);
    if let Err(error) = begin(conn, Begin::default()) {
        group.kept.extend(next);
        return Err(error);
    }
    let before = match on_commit {
        Some(_) => changes::newest(conn)?,
        None => 0,
    };
    while let Some(write) = next {
        if !write.is_abandoned() {
            run_in_savepoint(conn, write, group)?;
        }
        let may_join = group.kept.len() + group.undone.len() < MAX_GROUP && began.elapsed() < MAX_GROUP_TIME;
        next = if may_join { queue.try_recv().ok() } else { None };
    }
    let changes = match on_commit {
        Some(_) => changes::list_after(conn, before)?,
        None => Vec::new(),
    };
    Transactions::commit_transaction(conn)?;
    if let Some(on_commit) = on_commit {
        on_commit(&changes);
    }
    Ok(())
}

fn run_in_savepoint(conn: &mut Conn, mut write: Pending, group: &mut Group) -> Result<(), StoreError> {
    if let Err(error) = Transactions::begin_transaction(conn) {
        group.kept.push(write);
        return Err(error.into());
    }
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| write.run(conn)));
    let is_kept = matches!(outcome, Ok(true)) && !write.is_abandoned();
    let ended = if is_kept { Transactions::commit_transaction(conn) } else { Transactions::rollback_transaction(conn) };
    match (ended, outcome) {
        (Ok(()), Ok(_)) if is_kept => group.kept.push(write),
        (Ok(()), Ok(_)) => group.undone.push(write),
        // The caller gets an error, since the answer's channel is closed.
        (Ok(()), Err(_panic)) => {}
        (Err(error), _) => {
            group.kept.push(write);
            return Err(error.into());
        }
    }
    Ok(())
}

/// Begins a transaction. Uses BEGIN IMMEDIATE on SQLite: a deferred transaction that reads before it writes fails if
/// another one has written meanwhile.
fn begin(conn: &mut Conn, beginning: Begin) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, &beginning.sql()).inspect_err(|_refused| {
                // diesel takes it that nothing was begun.
                conn.batch_execute("ROLLBACK").ok();
            })
        }
    }?;
    Ok(())
}

fn roll_back(conn: &mut Conn) {
    let depth = Transactions::transaction_manager_status_mut(conn).transaction_depth();
    if !matches!(depth, Ok(Some(_))) {
        return;
    }
    if let Err(error) = Transactions::rollback_transaction(conn) {
        log::warn!("a transaction could not be rolled back: {error}");
    }
}
