//! State that nodes share through Redis. The only module that names redis.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{
    Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

use super::{Attempts, State, StateError};

/// Redis, reached through one multiplexed connection per worker thread: measured, one for all threads is a quarter
/// slower (docs/adr/0006-state.md).
pub struct RedisState {
    client: Client,
    prefix: String,
    connections: Box<[OnceCell<ConnectionManager>]>,
}

impl RedisState {
    /// Redis at `url`, connected to when first used; its keys start with `prefix`. `workers` is how many threads use it.
    ///
    /// # Errors
    /// When the URL is none of Redis.
    pub fn new(url: &str, prefix: &str, workers: usize) -> Result<Self, StateError> {
        let client = Client::open(url)?;
        let connections = (0..workers.max(1)).map(|_| OnceCell::new()).collect();
        Ok(Self { client, prefix: prefix.to_owned(), connections })
    }

    /// This thread's connection.
    async fn connection(&self) -> Result<ConnectionManager, StateError> {
        let slot = thread_number().checked_rem(self.connections.len()).unwrap_or(0);
        let Some(cell) = self.connections.get(slot) else {
            return Err(StateError("no connections".to_owned()));
        };
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(Duration::from_secs(1)))
                .set_response_timeout(Some(Duration::from_secs(1)))
                .set_number_of_retries(1)
                .set_max_delay(Duration::from_millis(500));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        Ok(cell.get_or_try_init(connect).await?.clone())
    }

    fn attempts_key(&self, subject: &str) -> String {
        format!("{}:attempts:{subject}", self.prefix)
    }
}

/// A number of its own for every thread, counted from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.with(|number| *number)
}

/// KEYS: the window. ARGV: now, the window's length, both ms. Returns the count and the end.
static COUNT_ATTEMPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, length = tonumber(ARGV[1]), tonumber(ARGV[2])
         local till = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
         if till <= now then
             till = now + length
             redis.call('HSET', KEYS[1], 'count', 0, 'until', till)
             redis.call('PEXPIRE', KEYS[1], length)
         end
         return {redis.call('HINCRBY', KEYS[1], 'count', 1), till}",
    )
});

static TAKE_BACK_ATTEMPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if tonumber(redis.call('HGET', KEYS[1], 'count') or '0') > 0 then
             redis.call('HINCRBY', KEYS[1], 'count', -1)
         end",
    )
});

#[async_trait::async_trait]
impl State for RedisState {
    async fn count_attempt(&self, subject: &str, window_ms: i64, now_ms: i64) -> Result<Attempts, StateError> {
        let mut connection = self.connection().await?;
        let (count, until_ms) = COUNT_ATTEMPT
            .key(self.attempts_key(subject))
            .arg(now_ms)
            .arg(window_ms)
            .invoke_async(&mut connection)
            .await?;
        Ok(Attempts { count, until_ms })
    }

    async fn take_back_attempt(&self, subject: &str) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        Ok(TAKE_BACK_ATTEMPT.key(self.attempts_key(subject)).invoke_async(&mut connection).await?)
    }

    async fn forget_attempts(&self, subject: &str) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        Ok(redis::cmd("DEL").arg(self.attempts_key(subject)).exec_async(&mut connection).await?)
    }

    async fn ping(&self) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        Ok(redis::cmd("PING").exec_async(&mut connection).await?)
    }

    fn describe(&self) -> &'static str {
        "Redis"
    }
}

impl From<RedisError> for StateError {
    fn from(error: RedisError) -> Self {
        Self(error.to_string())
    }
}
