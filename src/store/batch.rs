//! Reads by key that share a query: those that come while the database is busy with others go to it together.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{Conn, Db, StoreError};

/// Finds the values of keys; a key without one is not in the result.
type Find<K, V> = fn(&mut Conn, &[K]) -> Result<HashMap<K, V>, StoreError>;

/// The outcome of a read.
type Found<V> = Result<Option<V>, StoreError>;

/// Reads of one kind.
pub struct Batches<K, V> {
    db: Db,
    find: Find<K, V>,
    waiting: Arc<Mutex<Waiting<K, V>>>,
}

/// Those that no query has taken yet.
struct Waiting<K, V> {
    readers: Vec<(K, oneshot::Sender<Found<V>>)>,
    /// How many jobs take readers.
    jobs: usize,
}

impl<K, V> Waiting<K, V> {
    /// Adds a reader. True if the caller must start a job.
    fn add(&mut self, key: K, answer: oneshot::Sender<Found<V>>) -> bool {
        self.readers.push((key, answer));
        let is_needed = self.jobs < JOBS;
        if is_needed {
            self.jobs += 1;
        }
        is_needed
    }

    /// The readers of the next query, without those that have stopped waiting. `None` ends a job.
    fn take(&mut self) -> Option<Vec<(K, oneshot::Sender<Found<V>>)>> {
        self.readers.retain(|(_, answer)| !answer.is_closed());
        if self.readers.is_empty() {
            self.jobs -= 1;
            return None;
        }
        let count = self.readers.len().min(KEYS);
        Some(self.readers.drain(..count).collect())
    }
}

/// How many queries run at once: a second one, so that a slow one does not stop all.
const JOBS: usize = 2;

/// How often a reader is added whose job ended with its thread.
const TRIES: usize = 3;

/// Maximum number of keys of a query.
const KEYS: usize = 100;

impl<K: Clone + Eq + Hash + Send + 'static, V: Clone + Send + 'static> Batches<K, V> {
    /// Reads of `db` by `find`.
    #[must_use]
    pub fn new(db: Db, find: Find<K, V>) -> Self {
        Self { db, find, waiting: Arc::new(Mutex::new(Waiting { readers: Vec::new(), jobs: 0 })) }
    }

    /// Finds the value of a key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database does not answer in time.
    pub async fn find(&self, key: K) -> Found<V> {
        self.db
            .in_time(async {
                for _ in 0..TRIES {
                    if let Ok(found) = self.read(key.clone()).await {
                        return found;
                    }
                }
                Err(StoreError::Unfinished)
            })
            .await
    }

    /// Waits for the answer to a reader. It fails if its job ended with the thread that it ran on.
    fn read(&self, key: K) -> oneshot::Receiver<Found<V>> {
        let (answer, answered) = oneshot::channel();
        if lock(&self.waiting).add(key, answer) {
            let job = Job { waiting: Arc::clone(&self.waiting), has_ended: false };
            // Not part of this reader's work, which may end before the others are answered.
            tokio::spawn(job.serve(self.db.clone(), self.find));
        }
        answered
    }
}

fn lock<K, V>(waiting: &Mutex<Waiting<K, V>>) -> MutexGuard<'_, Waiting<K, V>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A job, which answers readers until none waits.
struct Job<K, V> {
    waiting: Arc<Mutex<Waiting<K, V>>>,
    has_ended: bool,
}

impl<K, V> Drop for Job<K, V> {
    /// If it is dropped with its thread, its readers try again, and the first of them starts another one.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut waiting = lock(&self.waiting);
        waiting.jobs -= 1;
        if waiting.jobs == 0 {
            waiting.readers.clear();
        }
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, V: Clone + Send + 'static> Job<K, V> {
    async fn serve(mut self, db: Db, find: Find<K, V>) {
        loop {
            let Some(readers) = lock(&self.waiting).take() else {
                self.has_ended = true;
                return;
            };
            let keys: HashSet<K> = readers.iter().map(|(key, _)| key.clone()).collect();
            let outcome = db.read(move |conn| find(conn, &Vec::from_iter(keys))).await;
            for (key, reader) in readers {
                let found = outcome.as_ref().map(|found| found.get(&key).cloned());
                // Fails if the reader has stopped waiting.
                reader.send(found.map_err(Clone::clone)).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Arc<Mutex<Waiting<u8, u8>>> {
        Arc::new(Mutex::new(Waiting { readers: Vec::new(), jobs: 0 }))
    }

    /// Adds a reader. Returns its receiver and whether it must start a job.
    fn add(waiting: &Mutex<Waiting<u8, u8>>) -> (oneshot::Receiver<Found<u8>>, bool) {
        let (answer, answered) = oneshot::channel();
        (answered, lock(waiting).add(7, answer))
    }

    #[test]
    fn readers_that_have_stopped_waiting_are_not_read_for() {
        let waiting = waiting();
        let (gone, needs_job) = add(&waiting);
        let (_waits, _) = add(&waiting);
        assert!(needs_job);
        drop(gone);
        assert_eq!(lock(&waiting).take().map(|readers| readers.len()), Some(1));
        drop(add(&waiting));
        assert!(lock(&waiting).take().is_none());
    }

    #[test]
    fn the_readers_of_jobs_that_end_with_their_thread_try_again_with_another_one() {
        let waiting = waiting();
        let (_taken, _) = add(&waiting);
        let taken = lock(&waiting).take();
        let (mut left, needs_job) = add(&waiting);
        assert!(needs_job && !add(&waiting).1);
        for is_last in [false, true] {
            drop(Job { waiting: Arc::clone(&waiting), has_ended: false });
            assert_eq!(matches!(left.try_recv(), Err(oneshot::error::TryRecvError::Closed)), is_last);
        }
        drop(taken);
        assert!(add(&waiting).1);
    }
}
