//! The writer of an embedded database: SQLite has one at a time, so one thread takes all writes and commits for many.

use std::{io, thread};

use tokio::sync::mpsc;

use super::{
    StoreError,
    connect::{self, DatabaseUrl},
    transaction::{self, OnCommit, PendingWrite},
};
use crate::store::Conn;

/// Writes that may wait before their callers wait outside the queue.
const QUEUE: usize = 1024;

/// The queue in front of the writer's thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn PendingWrite>>,
}

impl Writer {
    /// Starts the thread. It connects when first used.
    pub(super) fn start(url: &DatabaseUrl, on_commit: Option<OnCommit>) -> io::Result<Self> {
        let (queue, writes) = mpsc::channel(QUEUE);
        let url = url.clone();
        let work = move || work(&url, writes, on_commit.as_ref());
        thread::Builder::new().name("database-writer".to_owned()).spawn(work)?;
        Ok(Self { queue })
    }

    /// Queues a write; waits while the queue is full.
    pub(super) async fn submit(&self, write: Box<dyn PendingWrite>) -> Result<(), StoreError> {
        self.queue.send(write).await.map_err(|_closed| StoreError::unavailable("its writer is gone"))
    }
}

fn work(url: &DatabaseUrl, mut writes: mpsc::Receiver<Box<dyn PendingWrite>>, on_commit: Option<&OnCommit>) {
    let mut held: Option<Conn> = None;
    while let Some(first) = writes.blocking_recv() {
        let conn = match held.take().map_or_else(|| connect::connect(url), Ok) {
            Ok(conn) => held.insert(conn),
            Err(error) => {
                first.answer(Some(StoreError::unavailable(error)));
                continue;
            }
        };
        transaction::run_group(conn, first, &mut writes, on_commit);
        if connect::is_in_transaction(conn) {
            // A rollback that failed: only a new connection starts afresh.
            held = None;
        }
    }
}
