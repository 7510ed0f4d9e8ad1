//! State of one process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Attempts, State, StateError};

/// State that lives and dies with this process.
#[derive(Default)]
pub struct MemoryState {
    attempts: Mutex<HashMap<String, Attempts>>,
}

impl MemoryState {
    /// Subjects remembered at the most; a flood of new ones makes the oldest go (security.md 12).
    const MAX_SUBJECTS: usize = 100_000;

    fn attempts(&self) -> MutexGuard<'_, HashMap<String, Attempts>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what has ended, and if that is too little, the half that ends first.
fn make_room(attempts: &mut HashMap<String, Attempts>, now_ms: i64) {
    attempts.retain(|_, window| window.until_ms > now_ms);
    if attempts.len() < MemoryState::MAX_SUBJECTS {
        return;
    }
    let mut ends: Vec<i64> = attempts.values().map(|window| window.until_ms).collect();
    let (_, median, _) = ends.select_nth_unstable(MemoryState::MAX_SUBJECTS / 2);
    let median = *median;
    attempts.retain(|_, window| window.until_ms > median);
}

#[async_trait::async_trait]
impl State for MemoryState {
    async fn count_attempt(&self, subject: &str, window_ms: i64, now_ms: i64) -> Result<Attempts, StateError> {
        let mut attempts = self.attempts();
        if attempts.len() >= Self::MAX_SUBJECTS && !attempts.contains_key(subject) {
            make_room(&mut attempts, now_ms);
        }
        let fresh = Attempts { count: 0, until_ms: now_ms.saturating_add(window_ms) };
        let window = attempts.entry(subject.to_owned()).or_insert(fresh);
        if window.until_ms <= now_ms {
            *window = fresh;
        }
        window.count = window.count.saturating_add(1);
        Ok(*window)
    }

    async fn take_back_attempt(&self, subject: &str) -> Result<(), StateError> {
        if let Some(window) = self.attempts().get_mut(subject) {
            window.count = window.count.saturating_sub(1);
        }
        Ok(())
    }

    async fn forget_attempts(&self, subject: &str) -> Result<(), StateError> {
        self.attempts().remove(subject);
        Ok(())
    }

    async fn ping(&self) -> Result<(), StateError> {
        Ok(())
    }

    fn describe(&self) -> &'static str {
        "in process"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_of_subjects_needs_bounded_memory() {
        let state = MemoryState::default();
        for n in 0..250_000 {
            state.count_attempt(&format!("subject {n}"), 1_000_000, n).await.unwrap();
        }

        assert!(state.attempts().len() <= MemoryState::MAX_SUBJECTS);
        let newest = state.count_attempt("subject 249999", 1_000_000, 250_000).await.unwrap();
        assert_eq!(newest.count, 2);
    }
}
