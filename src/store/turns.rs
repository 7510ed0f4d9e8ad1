//! Turns to write to an account, so that those who wait for one locked row do not occupy all connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::UserId;

/// Who writes to which account.
#[derive(Clone)]
pub(super) struct Turns {
    at_once: usize,
    accounts: Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>,
}

impl Turns {
    /// At most `at_once` writers per account, and at least one.
    pub(super) fn new(at_once: u32) -> Self {
        Self { at_once: usize::try_from(at_once).unwrap_or(1).max(1), accounts: Arc::default() }
    }

    /// Waits for a turn.
    pub(super) async fn wait(&self, account: UserId) -> Turn {
        let semaphore = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(accounts.entry(account).or_insert_with(|| Arc::new(Semaphore::new(self.at_once))))
        };
        // From here on dropped when the caller stops waiting, so that the entry is removed.
        let mut turn = Turn { turns: self.clone(), account, permit: None };
        turn.permit = semaphore.acquire_owned().await.ok();
        turn
    }
}

/// A turn. The next one begins when it is dropped.
pub(super) struct Turn {
    turns: Turns,
    account: UserId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.permit = None;
        let mut accounts = self.turns.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        // A waiter has a reference too, taken under the same lock.
        if accounts.get(&self.account).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            accounts.remove(&self.account);
        }
    }
}
