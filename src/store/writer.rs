//! The writer of an embedded database. SQLite has one writer at a time, so one thread executes all writes, and commits
//! many of them together.

use std::{io, thread};

use tokio::sync::mpsc;

use super::{
    Conn, StoreError,
    connect::{self, DatabaseUrl},
    transaction::{self, OnCommit, Pending},
};

/// The queue's capacity. While it is full, callers wait to enqueue.
const QUEUE: usize = 1024;

/// The queue of the writer thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Pending>,
}

impl Writer {
    /// Starts the thread, which connects on the first write.
    pub(super) fn start(url: &DatabaseUrl, on_commit: Option<OnCommit>) -> io::Result<Self> {
        let (queue, writes) = mpsc::channel(QUEUE);
        let url = url.clone();
        let work = move || work(&url, writes, on_commit.as_ref());
        thread::Builder::new().name("database-writer".to_owned()).spawn(work)?;
        Ok(Self { queue })
    }

    /// Queues a write; waits while the queue is full.
    pub(super) async fn submit(&self, write: Pending) -> Result<(), StoreError> {
        self.queue.send(write).await.map_err(|_closed| StoreError::unavailable("its writer is gone"))
    }
}

fn work(url: &DatabaseUrl, mut writes: mpsc::Receiver<Pending>, on_commit: Option<&OnCommit>) {
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
            // A rollback has failed, so the connection can't be used any more.
            held = None;
        }
    }
}
