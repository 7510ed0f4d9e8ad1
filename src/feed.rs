//! The change feed as a node follows it, so that its cache is never stale (docs/adr/0010-cache-and-changes.md).
//!
//! The database writes down what changes ([`crate::store`]). A node applies its own changes right after their commit and before
//! their answer, those of other nodes when a poll finds them, four times a second. Messages between the nodes make that
//! quicker; nothing depends on them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    cache::Cache,
    model::{Change, FeedEntry},
    sockets::Sockets,
    state::{FeedEvent, State},
    store::{Db, StoreError, Watermark},
};

/// The feed is polled this often.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The cache is trusted for this long after a poll: a kick takes effect within a second (security.md 21, 47).
const LEASE: Duration = Duration::from_millis(900);

/// After this long without a poll the cache is emptied: older entries of the feed may have been trimmed.
const LONGEST_GAP: Duration = Duration::from_secs(3);

/// Between two attempts to subscribe to the other nodes.
const SUBSCRIBE_PAUSE: Duration = Duration::from_millis(250);

/// Entries stay in the feed for at least this long after every node could read them.
const TRIM_INTERVAL: Duration = Duration::from_secs(30);

/// Applies changes to this node.
pub struct Feed {
    cache: Arc<Cache>,
    sockets: Arc<Sockets>,
    outgoing: broadcast::Sender<FeedEntry>,
    /// Entries that were applied and that a poll may still find, with the number of the poll that last found them.
    applied: Mutex<HashMap<i64, u64>>,
    polls: AtomicU64,
}

impl Feed {
    /// A feed into that cache and these sockets.
    #[must_use]
    pub fn new(cache: Arc<Cache>, sockets: Arc<Sockets>) -> Self {
        const OUTGOING: usize = 10_000;
        let (outgoing, _) = broadcast::channel(OUTGOING);
        Self { cache, sockets, outgoing, applied: Mutex::default(), polls: AtomicU64::new(0) }
    }

    /// Applies what this node has just committed, and publishes it to the others.
    pub fn committed(&self, entries: &[FeedEntry]) {
        self.apply(entries);
        for entry in entries {
            // Nobody publishes in a process that is not a node, such as the command line.
            self.outgoing.send(entry.clone()).ok();
        }
    }

    /// Evicts what changed, and closes the sockets whose sessions ended; each entry once.
    fn apply(&self, entries: &[FeedEntry]) {
        let poll = self.polls.load(Ordering::Relaxed);
        let mut applied = self.applied.lock().unwrap_or_else(PoisonError::into_inner);
        for FeedEntry { id, change } in entries {
            // Before the first poll nothing is cached, and no poll will find the entry.
            if poll > 0 && applied.insert(*id, poll).is_some() {
                continue;
            }
            self.cache.evict(change);
            match change {
                Change::SessionEnded(user, session) => self.sockets.close(*user, *session),
                Change::Tenant(_) | Change::User(_) => {}
            }
        }
    }

    /// Follows the feed for as long as the node runs. `after_gap` is called when changes may have been missed.
    pub async fn follow(&self, db: &Db, state: &dyn State, after_gap: impl AsyncFn() -> Result<(), StoreError>) {
        let monitoring = db.monitoring();
        future::join3(self.poll(&monitoring, after_gap), self.subscribe(state), self.publish(state)).await;
    }

    async fn poll(&self, db: &Db, after_gap: impl AsyncFn() -> Result<(), StoreError>) {
        let mut reader: Option<Reader> = None;
        let mut is_failing = false;
        loop {
            let began = Instant::now();
            match self.poll_once(db, &mut reader, began, &after_gap).await {
                Ok(()) => {
                    self.cache.extend_lease(began, LEASE);
                    if std::mem::take(&mut is_failing) {
                        log::info!("the change feed is polled again");
                    }
                }
                Err(error) if !is_failing => {
                    is_failing = true;
                    log::warn!("the change feed can't be polled; every request reads the database: {error}");
                }
                Err(_) => {}
            }
            self.drop_old();
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn poll_once(
        &self,
        db: &Db,
        reader: &mut Option<Reader>,
        began: Instant,
        after_gap: &impl AsyncFn() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(known) = reader.as_mut().filter(|reader| began.duration_since(reader.polled) <= LONGEST_GAP) else {
            let watermark = db.feed_start().await?;
            self.cache.evict_all();
            after_gap().await?;
            *reader = Some(Reader { watermark, polled: began, trim_to: watermark, trimmed: began });
            return Ok(());
        };
        let poll = db.poll_feed(known.watermark).await?;
        self.apply(&poll.entries);
        (known.watermark, known.polled) = (poll.watermark, began);
        if known.trimmed.elapsed() > TRIM_INTERVAL {
            if let Err(error) = db.trim_feed(known.trim_to).await {
                log::warn!("the change feed is not trimmed for now: {error}");
            }
            (known.trim_to, known.trimmed) = (known.watermark, Instant::now());
        }
        Ok(())
    }

    /// Drops the ids of entries that no poll finds again: a poll that began before a commit is over by the next but one.
    fn drop_old(&self) {
        let poll = self.polls.fetch_add(1, Ordering::Relaxed);
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, found| *found + 2 >= poll);
    }

    async fn subscribe(&self, state: &dyn State) {
        let is_failing = AtomicBool::new(false);
        let on_event = |event: FeedEvent| match event {
            FeedEvent::Subscribed => {
                if is_failing.swap(false, Ordering::Relaxed) {
                    log::info!("messages of other nodes arrive again");
                }
            }
            FeedEvent::Published(entries) => self.apply(&entries),
        };
        loop {
            let Err(error) = state.subscribe(&on_event).await;
            if !is_failing.swap(true, Ordering::Relaxed) {
                log::warn!("no messages of other nodes; their changes are found by polling: {error}");
            }
            tokio::time::sleep(SUBSCRIBE_PAUSE).await;
        }
    }

    /// Publishes what this node changes. What can't be published the other nodes find by polling.
    async fn publish(&self, state: &dyn State) {
        const BATCH: usize = 500;
        let mut entries = self.outgoing.subscribe();
        loop {
            let mut batch = match entries.recv().await {
                Ok(entry) => vec![entry],
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            while let (true, Ok(entry)) = (batch.len() < BATCH, entries.try_recv()) {
                batch.push(entry);
            }
            if let Err(error) = state.publish(&batch).await {
                log::debug!("{} changes were not published: {error}", batch.len());
            }
        }
    }
}

/// How far this node has read the feed.
struct Reader {
    watermark: Watermark,
    polled: Instant,
    /// Where the watermark was when the feed was last trimmed.
    trim_to: Watermark,
    trimmed: Instant,
}
