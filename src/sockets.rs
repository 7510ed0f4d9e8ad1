//! The sockets that are open on this node: who is behind them, and how each is told to close.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;

use crate::model::{SessionId, UserId};

/// Why the gateway closes a socket, beside what its client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The session behind it has ended.
    SessionEnded,
    /// The account has more sockets than it may.
    Crowded,
    /// The node stops.
    GoingAway,
}

/// All open sockets.
#[derive(Default)]
pub struct Sockets(Mutex<Table>);

#[derive(Default)]
struct Table {
    open: HashMap<u64, Entry>,
    last: u64,
    is_closing: bool,
}

struct Entry {
    source: IpAddr,
    identity: Option<(UserId, SessionId)>,
    close: mpsc::UnboundedSender<CloseCause>,
}

/// A socket's place among the open ones; given back when it is dropped.
pub struct Place {
    sockets: Arc<Sockets>,
    number: u64,
}

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a socket from `source`, and what tells it to close; `None` when the source has `limit` already, or the
    /// node stops.
    #[must_use]
    pub fn admit(
        self: &Arc<Self>,
        source: IpAddr,
        limit: usize,
    ) -> Option<(Place, mpsc::UnboundedReceiver<CloseCause>)> {
        let mut table = self.lock();
        let is_full = table.open.values().filter(|entry| entry.source == source).count() >= limit;
        if is_full || table.is_closing {
            return None;
        }
        table.last += 1;
        let number = table.last;
        let (close, told) = mpsc::unbounded_channel();
        table.open.insert(number, Entry { source, identity: None, close });
        Some((Place { sockets: Arc::clone(self), number }, told))
    }

    /// The sessions behind open sockets: of `users`, or all.
    #[must_use]
    pub fn sessions(&self, users: Option<&[UserId]>) -> Vec<SessionId> {
        let is_meant = |user: &UserId| users.is_none_or(|users| users.contains(user));
        let table = self.lock();
        let identities = table.open.values().filter_map(|entry| entry.identity);
        identities.filter(|(user, _)| is_meant(user)).map(|(_, session)| session).collect()
    }

    /// Tells the sockets behind these sessions to close.
    pub fn close(&self, sessions: &[SessionId]) {
        for entry in self.lock().open.values() {
            if entry.identity.is_some_and(|(_, session)| sessions.contains(&session)) {
                // One that closes already hears no more.
                entry.close.send(CloseCause::SessionEnded).ok();
            }
        }
    }

    /// Tells all sockets to close, one after the other, so that their clients do not all come to the next node at once;
    /// admits no more.
    pub async fn close_all(&self) {
        const PAUSE: Duration = Duration::from_millis(10);
        const LONGEST: usize = 500;
        let all: Vec<_> = {
            let mut table = self.lock();
            table.is_closing = true;
            table.open.values().map(|entry| entry.close.clone()).collect()
        };
        for part in all.chunks((all.len() / LONGEST).max(1)) {
            for close in part {
                close.send(CloseCause::GoingAway).ok();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Place {
    /// Notes who is behind the socket. Of an account's sockets beyond `limit` the oldest is told to close.
    pub fn identify(&self, user: UserId, session: SessionId, limit: usize) {
        let mut table = self.sockets.lock();
        let is_same = |entry: &Entry| entry.identity.is_some_and(|(known, _)| known == user);
        let mut numbers: Vec<u64> =
            table.open.iter().filter(|(_, entry)| is_same(entry)).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        let surplus = (numbers.len() + 1).saturating_sub(limit);
        for number in numbers.iter().take(surplus) {
            if let Some(entry) = table.open.get(number) {
                entry.close.send(CloseCause::Crowded).ok();
            }
        }
        if let Some(entry) = table.open.get_mut(&self.number) {
            entry.identity = Some((user, session));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sockets.lock().open.remove(&self.number);
    }
}
