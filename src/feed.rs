//! The change feed: keeps a node's cache consistent with the database (docs/adr/0010-cache-and-changes.md).
//!
//! Triggers of the database write a feed entry for each change ([`crate::store`]). A node applies the entries of its
//! own changes after the commit and before the answer. It finds the entries of other nodes by polling, four times a
//! second. Nodes also publish their entries to each other, which only makes this faster: correctness does not depend on
//! it.

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
    metrics,
    model::{Change, FeedEntry},
    sockets::Sockets,
    state::{FeedEvent, State},
    store::{Db, StoreError, Watermark},
};

/// The pause between two polls of the feed.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The lease of the cache after a poll. Below one second, so that a kick takes effect within a second (security.md 21,
/// 47).
const LEASE: Duration = Duration::from_millis(900);

/// After this long without a poll the cache is cleared, since entries that were not read may have been trimmed.
const LONGEST_GAP: Duration = Duration::from_secs(3);

/// The pause between two attempts to subscribe to the other nodes.
const SUBSCRIBE_PAUSE: Duration = Duration::from_millis(250);

/// The interval of trimming. Entries stay in the feed for at least this long, so that every node can read them.
const TRIM_INTERVAL: Duration = Duration::from_secs(30);

/// Applies the entries of the change feed to this node.
pub struct Feed {
    cache: Arc<Cache>,
    sockets: Arc<Sockets>,
    outgoing: broadcast::Sender<FeedEntry>,
    /// The ids of applied entries that a poll may still return, each with the number of the poll that last returned it.
    applied: Mutex<HashMap<i64, u64>>,
    polls: AtomicU64,
    /// The watermark up to which this node has read the feed.
    read: Mutex<Option<Watermark>>,
    /// When the last successful poll began; before the first one, when the node started.
    polled: Mutex<Instant>,
    metrics: metrics::Feed,
}

impl Feed {
    /// A feed that evicts from `cache` and closes `sockets`.
    #[must_use]
    pub fn new(cache: Arc<Cache>, sockets: Arc<Sockets>, metrics: metrics::Feed) -> Self {
        const OUTGOING: usize = 10_000;
        let (outgoing, _) = broadcast::channel(OUTGOING);
        Self {
            cache,
            sockets,
            outgoing,
            applied: Mutex::default(),
            polls: AtomicU64::new(0),
            read: Mutex::default(),
            polled: Mutex::new(Instant::now()),
            metrics,
        }
    }

    /// Sets the gauge of the age of the last successful poll.
    pub fn measure(&self) {
        let polled = *self.polled.lock().unwrap_or_else(PoisonError::into_inner);
        self.metrics.lag.set(polled.elapsed().as_secs_f64());
    }

    /// Applies the entries that this node has just committed, and publishes them to the other nodes.
    pub fn committed(&self, entries: &[FeedEntry]) {
        self.apply(entries);
        for entry in entries {
            // Without a receiver this fails: only a node publishes, not the command line.
            self.outgoing.send(entry.clone()).ok();
        }
    }

    /// Evicts changed data and closes the sockets of ended sessions. Applies each entry once.
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

    /// Polls, publishes and subscribes until the node stops. Calls `after_gap` whenever changes may have been missed.
    pub async fn follow(&self, db: &Db, state: &dyn State, after_gap: impl AsyncFn() -> Result<(), StoreError>) {
        let monitoring = db.monitoring();
        let polling = self.poll(&monitoring, after_gap);
        future::join4(polling, self.trim(db), self.subscribe(state), self.publish(state)).await;
    }

    async fn poll(&self, db: &Db, after_gap: impl AsyncFn() -> Result<(), StoreError>) {
        let mut reader: Option<Reader> = None;
        let mut is_failing = false;
        loop {
            let began = Instant::now();
            let outcome = self.poll_once(db, &mut reader, began, &after_gap).await;
            if outcome.is_err() {
                self.metrics.failures.inc();
            }
            match outcome {
                Ok(()) => {
                    self.cache.extend_lease(began, LEASE);
                    *self.polled.lock().unwrap_or_else(PoisonError::into_inner) = began;
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
            *reader = Some(Reader { watermark: watermark.clone(), polled: began });
            self.set_read(watermark);
            return Ok(());
        };
        let poll = db.poll_feed(known.watermark.clone()).await?;
        if known.polled.elapsed() > TRIM_INTERVAL / 2 {
            // The process was suspended for that long, so entries may have been trimmed.
            *reader = None;
            return Err(StoreError::Unfinished);
        }
        self.apply(&poll.entries);
        (known.watermark, known.polled) = (poll.watermark.clone(), began);
        self.set_read(poll.watermark);
        Ok(())
    }

    fn set_read(&self, watermark: Watermark) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(watermark);
    }

    /// Trims the feed in intervals: deletes the entries before the watermark of one interval ago.
    async fn trim(&self, db: &Db) {
        let mut boundary: Option<Watermark> = None;
        loop {
            tokio::time::sleep(TRIM_INTERVAL).await;
            if let Some(boundary) = &boundary
                && let Err(error) = db.trim_feed(boundary).await
            {
                log::warn!("the change feed is not trimmed for now: {error}");
            }
            boundary.clone_from(&self.read.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Drops the ids of entries that no poll can return again: a poll that began before a commit has ended by the poll
    /// after next.
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

    /// Publishes this node's entries. If that fails, the other nodes find them by polling.
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

/// This node's position in the feed.
struct Reader {
    watermark: Watermark,
    polled: Instant,
}
