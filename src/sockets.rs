//! The sockets that are open on this node: their identities, and how each is asked to close.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    model::{DeviceSn, SessionId, TenantId, UserId},
    source_counts::SourceCounts,
};

/// Why the gateway closes a socket for reasons other than its client's behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The session behind it has ended.
    SessionEnded,
    /// The account exceeds its maximum number of sockets.
    TooManySockets,
    /// The node is shutting down.
    GoingAway,
}

/// The identity of a logged-in socket.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The device.
    pub device: DeviceSn,
}

/// All open sockets.
#[derive(Default)]
pub struct Sockets(Mutex<Table>);

#[derive(Default)]
struct Table {
    open: HashMap<u64, Entry>,
    of_source: SourceCounts,
    /// The socket numbers, oldest first.
    of_user: HashMap<UserId, Vec<u64>>,
    last: u64,
    is_closing: bool,
}

struct Entry {
    source: IpAddr,
    identity: Option<Identity>,
    /// `None` once the socket was asked to close.
    close: Option<oneshot::Sender<CloseCause>>,
}

impl Entry {
    fn close(&mut self, cause: CloseCause) {
        if let Some(close) = self.close.take() {
            // Fails if the socket is already closing by itself.
            close.send(cause).ok();
        }
    }
}

impl Table {
    /// The open sockets of a user, except those that were asked to close.
    fn of_user(&self, user: UserId) -> impl Iterator<Item = &Identity> {
        let entries = self.of_user.get(&user).into_iter().flatten().filter_map(|number| self.open.get(number));
        entries.filter(|entry| entry.close.is_some()).filter_map(|entry| entry.identity.as_ref())
    }

    fn remove(&mut self, number: u64) -> Option<Identity> {
        let Entry { source, identity, .. } = self.open.remove(&number)?;
        self.of_source.remove(source);
        let identity = identity?;
        if let Some(numbers) = self.of_user.get_mut(&identity.user) {
            numbers.retain(|known| *known != number);
            if numbers.is_empty() {
                self.of_user.remove(&identity.user);
            }
        }
        Some(identity)
    }
}

/// The registration of an open socket; removed when dropped.
pub struct Place {
    sockets: Arc<Sockets>,
    number: u64,
}

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a socket from `source`, and returns the channel that asks it to close; `None` if the source already
    /// has `limit` sockets or the node is shutting down.
    #[must_use]
    pub fn admit(self: &Arc<Self>, source: IpAddr, limit: usize) -> Option<(Place, oneshot::Receiver<CloseCause>)> {
        let mut table = self.lock();
        if table.is_closing || table.of_source.of(source) >= limit {
            return None;
        }
        table.of_source.add(source);
        table.last += 1;
        let number = table.last;
        let (close, close_request) = oneshot::channel();
        table.open.insert(number, Entry { source, identity: None, close: Some(close) });
        Some((Place { sockets: Arc::clone(self), number }, close_request))
    }

    /// The identities of all logged-in sockets.
    #[must_use]
    pub fn identities(&self) -> Vec<Identity> {
        self.lock().open.values().filter_map(|entry| entry.identity.clone()).collect()
    }

    /// How many sockets are open, and how many of them are logged in.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let table = self.lock();
        (table.open.len(), table.of_user.values().map(Vec::len).sum())
    }

    /// Whether a device of a user has an open socket here.
    #[must_use]
    pub fn has_device(&self, user: UserId, device: DeviceSn) -> bool {
        self.lock().of_user(user).any(|identity| identity.device == device)
    }

    /// The devices of a user that have an open socket here.
    #[must_use]
    pub fn devices_of(&self, user: UserId) -> Vec<DeviceSn> {
        self.lock().of_user(user).map(|identity| identity.device).collect()
    }

    /// Asks the sockets of a user's session to close.
    pub fn close(&self, user: UserId, session: SessionId) {
        let mut table = self.lock();
        let Table { open, of_user, .. } = &mut *table;
        for number in of_user.get(&user).into_iter().flatten() {
            if let Some(entry) = open.get_mut(number)
                && entry.identity.as_ref().is_some_and(|identity| identity.session == session)
            {
                entry.close(CloseCause::SessionEnded);
            }
        }
    }

    /// Asks all sockets to close, in batches, so that their clients don't all reconnect to another node at once; admits
    /// no new ones.
    pub async fn close_all(&self) {
        const PAUSE: Duration = Duration::from_millis(10);
        const PARTS: usize = 500;
        let numbers: Vec<u64> = {
            let mut table = self.lock();
            table.is_closing = true;
            table.open.keys().copied().collect()
        };
        for part in numbers.chunks(numbers.len().div_ceil(PARTS).max(1)) {
            {
                let mut table = self.lock();
                for number in part {
                    if let Some(entry) = table.open.get_mut(number) {
                        entry.close(CloseCause::GoingAway);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Place {
    /// Sets the socket's identity. If the account then has more than `limit` sockets, the oldest are asked to close.
    pub fn identify(&self, identity: Identity, limit: usize) {
        let mut table = self.sockets.lock();
        let Table { open, of_user, .. } = &mut *table;
        let numbers = of_user.entry(identity.user).or_default();
        let surplus = (numbers.len() + 1).saturating_sub(limit);
        for number in numbers.iter().take(surplus) {
            if let Some(entry) = open.get_mut(number) {
                entry.close(CloseCause::TooManySockets);
            }
        }
        if let Some(entry) = open.get_mut(&self.number) {
            numbers.push(self.number);
            entry.identity = Some(identity);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sockets.lock().remove(self.number);
    }
}
