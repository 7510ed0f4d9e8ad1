//! The bounds on open connections: in all, because each takes a file descriptor, and per source, so that one source
//! cannot have them all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Context,
    time::Instant,
};

use actix_web::web::Data;
use futures_util::task::AtomicWaker;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{config::Config, domain::access, gateway::Gateway};

/// The largest number of connections that is of use, whatever the limit of open files.
const MOST: usize = 1_000_000;

/// Open files apart from connections of clients and to the database: libraries, logs, listeners, Redis, ops.
const OTHER_FILES: usize = 64;

/// A database connection's files: SQLite has the database, its write-ahead log and its index.
const FILES_PER_DATABASE_CONNECTION: usize = 4;

/// Raises the process' limit of open files as far as it may, and returns it.
#[must_use]
pub fn open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        log::debug!("the limit of open files stays: {error}");
    }
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// How many connections that number of open files leaves room for.
#[must_use]
pub fn room(config: &Config, files: usize) -> usize {
    let database = usize::try_from(config.database_connections).unwrap_or(usize::MAX);
    let reserved = OTHER_FILES + FILES_PER_DATABASE_CONNECTION * database + 8 * config.workers.get();
    files.saturating_sub(reserved).clamp(16, MOST)
}

/// The open connections of the app and web listeners.
pub struct Bounds {
    all: usize,
    gateway: Data<Gateway>,
    started: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    count: usize,
    next_id: u64,
    warned_ms: Option<u64>,
    by_source: HashMap<IpAddr, HashMap<u64, Arc<Shared>>>,
}

/// What a connection and [`Bounds`] share.
#[derive(Default)]
struct Shared {
    /// The time since which it waits for the client, in milliseconds of [`Bounds::started`]; 0 while it is busy.
    idle_since_ms: AtomicU64,
    is_revoked: AtomicBool,
    waker: AtomicWaker,
}

impl Bounds {
    /// The bounds that `files` open files allow.
    pub fn new(gateway: &Data<Gateway>, files: usize) -> Arc<Self> {
        let all = room(&gateway.config, files);
        Arc::new(Self { all, gateway: Data::clone(gateway), started: Instant::now(), open: Mutex::default() })
    }

    /// The number of connections beyond which none is accepted. It is a little more than the number from which on a new
    /// connection takes the place of another.
    pub const fn hard_limit(&self) -> usize {
        self.all
    }

    /// Admits a new connection; if its source, or all together, have reached their bound, in place of the one that has
    /// waited for its client the longest. `None` if all of them are busy.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let source = access::source_of(address);
        let mut open = self.lock();
        let is_trusted = self.gateway.config.is_trusted_proxy(address);
        if let Some(bound) = self.per_source().filter(|_| !is_trusted)
            && let Some(own) = open.by_source.get(&source)
            && own.len() >= bound
        {
            let idlest = longest_idle(own.iter().map(|(id, shared)| (source, *id, shared)));
            open.warn(self.now_ms(), source, bound);
            open.revoke(idlest?);
        }
        if open.count >= self.all - self.all / 8 {
            let all =
                open.by_source.iter().flat_map(|(source, own)| own.iter().map(|(id, shared)| (*source, *id, shared)));
            let idlest = longest_idle(all)?;
            open.revoke(idlest);
        }
        let id = open.next_id;
        open.next_id += 1;
        open.count += 1;
        let shared = Arc::new(Shared::default());
        shared.idle_since_ms.store(self.now_ms(), Ordering::Relaxed);
        open.by_source.entry(source).or_default().insert(id, Arc::clone(&shared));
        Some(Place { bounds: Arc::clone(self), source, id, shared })
    }

    /// `None`: no bound.
    fn per_source(&self) -> Option<usize> {
        match self.gateway.reloadable.load().connections_per_source {
            None => Some(self.all / 4),
            Some(0) => None,
            Some(bound) => Some(bound),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At least 1, because 0 means busy.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

fn longest_idle<'a>(connections: impl Iterator<Item = (IpAddr, u64, &'a Arc<Shared>)>) -> Option<(IpAddr, u64)> {
    connections
        .map(|(source, id, shared)| (shared.idle_since_ms.load(Ordering::Relaxed), source, id))
        .filter(|(since_ms, ..)| *since_ms > 0)
        .min_by_key(|(since_ms, _, id)| (*since_ms, *id))
        .map(|(_, source, id)| (source, id))
}

impl Open {
    /// At most one warning a minute: the cause is a client that connects all the time.
    fn warn(&mut self, now_ms: u64, source: IpAddr, bound: usize) {
        if self.warned_ms.is_none_or(|warned_ms| now_ms >= warned_ms + 60_000) {
            self.warned_ms = Some(now_ms);
            log::warn!(
                "{source} has {bound} connections, the most allowed by DIGLOT_CONNECTIONS_PER_SOURCE; new ones replace \
                 idle ones. If it is a proxy, list it in DIGLOT_TRUSTED_PROXIES"
            );
        }
    }

    fn revoke(&mut self, (source, id): (IpAddr, u64)) {
        if let Some(shared) = self.remove(source, id) {
            shared.is_revoked.store(true, Ordering::Release);
            shared.waker.wake();
        }
    }

    fn remove(&mut self, source: IpAddr, id: u64) -> Option<Arc<Shared>> {
        let own = self.by_source.get_mut(&source)?;
        let removed = own.remove(&id)?;
        if own.is_empty() {
            self.by_source.remove(&source);
        }
        self.count -= 1;
        Some(removed)
    }
}

/// A connection's place among the open ones; given back when it is dropped.
pub struct Place {
    bounds: Arc<Bounds>,
    source: IpAddr,
    id: u64,
    shared: Arc<Shared>,
}

impl Place {
    /// Whether another connection has taken the place. Wakes the task when it does.
    pub fn is_revoked(&self, cx: &Context<'_>) -> bool {
        self.shared.waker.register(cx.waker());
        self.shared.is_revoked.load(Ordering::Acquire)
    }

    /// The part of the place that is told whether the connection is busy.
    pub fn activity(&self) -> Activity {
        Activity { bounds: Arc::clone(&self.bounds), shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.bounds.lock().remove(self.source, self.id);
    }
}

/// Tells whether a connection waits for its client, which another one may then replace.
pub struct Activity {
    bounds: Arc<Bounds>,
    shared: Arc<Shared>,
}

impl Activity {
    /// Works for its client.
    pub fn set_busy(&self) {
        self.shared.idle_since_ms.store(0, Ordering::Relaxed);
    }

    /// Waits for its client from now on.
    pub fn set_idle(&self) {
        self.shared.idle_since_ms.store(self.bounds.now_ms(), Ordering::Relaxed);
    }
}
