//! The time that a request may wait for the database, all its reads and writes together.

use std::{cell::Cell, time::Duration};

use tokio::time::{Instant, timeout};

/// The time limit of a request and, outside of one, of each read or write; including the time in queues.
const LIMIT: Duration = Duration::from_secs(4);

tokio::task_local! {
    static LEFT: Cell<Duration>;
}

/// Does `work` with a time limit of its own: that of a request, or of an item of a batch.
pub(crate) async fn with_own<T>(work: impl Future<Output = T>) -> T {
    LEFT.scope(Cell::new(LIMIT), work).await
}

/// How long the request may still wait.
pub(crate) fn left() -> Duration {
    LEFT.try_with(Cell::get).unwrap_or(LIMIT)
}

/// Waits for `work` as long as the request may. `None` if that is too short.
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    let began = Instant::now();
    let left = left();
    let outcome = timeout(left, work).await;
    // Outside of a request there is nothing to reduce.
    LEFT.try_with(|all| all.set(left.saturating_sub(began.elapsed()))).ok();
    outcome.ok()
}

#[cfg(test)]
mod tests {
    use tokio::time::{pause, sleep};

    use super::*;

    #[tokio::test]
    async fn all_waits_of_a_request_share_one_limit_but_not_with_the_items_of_a_batch() {
        pause();
        let wait = |secs| in_time(sleep(Duration::from_secs(secs)));
        with_own(async {
            assert_eq!(wait(3).await, Some(()));
            // Other work does not count.
            sleep(Duration::from_secs(60)).await;
            let item = with_own(async { (wait(3).await, wait(3).await) }).await;
            assert_eq!(item, (Some(()), None));
            let began = Instant::now();
            assert_eq!(wait(3).await, None);
            assert_eq!(began.elapsed().as_secs(), 1);
        })
        .await;
        assert_eq!((wait(3).await, wait(3).await), (Some(()), Some(())));
    }
}
