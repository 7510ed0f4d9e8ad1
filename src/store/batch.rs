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

    /// The readers of the next query. `None` ends a job.
    fn take(&mut self) -> Option<Vec<(K, oneshot::Sender<Found<V>>)>> {
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
        let (answer, answered) = oneshot::channel();
        if lock(&self.waiting).add(key, answer) {
            // Not part of this reader's work, which may end before the others are answered.
            tokio::spawn(serve(self.db.clone(), self.find, Arc::clone(&self.waiting)));
        }
        self.db.in_time(async { answered.await.unwrap_or(Err(StoreError::Unfinished)) }).await
    }
}

fn lock<K, V>(waiting: &Mutex<Waiting<K, V>>) -> MutexGuard<'_, Waiting<K, V>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A job that has not ended by itself. If it is dropped with its thread, the next reader starts another one.
struct Job<K, V> {
    waiting: Arc<Mutex<Waiting<K, V>>>,
    has_ended: bool,
}

impl<K, V> Drop for Job<K, V> {
    fn drop(&mut self) {
        if !self.has_ended {
            lock(&self.waiting).jobs -= 1;
        }
    }
}

/// Answers the readers until none waits.
async fn serve<K, V>(db: Db, find: Find<K, V>, waiting: Arc<Mutex<Waiting<K, V>>>)
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    let mut job = Job { waiting, has_ended: false };
    loop {
        let Some(readers) = lock(&job.waiting).take() else {
            job.has_ended = true;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_dropped_with_its_thread_is_replaced() {
        let waiting = Arc::new(Mutex::new(Waiting::<u8, u8> { readers: Vec::new(), jobs: 0 }));
        let add = || lock(&waiting).add(7, oneshot::channel().0);
        assert_eq!([add(), add(), add()], [true, true, false]);
        drop(Job { waiting: Arc::clone(&waiting), has_ended: false });
        assert!(add());
        // Those that wait are not lost, and a job ends only when none does.
        assert_eq!(lock(&waiting).take().map(|readers| readers.len()), Some(4));
        assert!(lock(&waiting).take().is_none());
        assert!(add());
    }
}
