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

use super::{Admission, CodeRules, CodeSending, Keep, LoginEnd, LoginSubject, State, StateError, Uses};

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

    fn uses_key(&self, subject: &str) -> String {
        format!("{}:uses:{subject}", self.prefix)
    }

    fn captcha_key(&self, id: &str) -> String {
        format!("{}:captcha:{id}", self.prefix)
    }

    fn code_key(&self, contact: &str) -> String {
        format!("{}:code:{contact}", self.prefix)
    }

    fn presence_key(&self, account: &str) -> String {
        format!("{}:presence:{account}", self.prefix)
    }

    fn login_key(&self, subject: &LoginSubject) -> String {
        format!("{}:login:{}", self.prefix, subject.name)
    }
}

/// A number of its own for every thread, counted from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    NUMBER.with(|number| *number)
}

/// KEYS: the window. ARGV: now, the window's length (ms). Returns the count and the end.
static COUNT_USE: LazyLock<Script> = LazyLock::new(|| {
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

/// What the login scripts share: reads a subject as it is at `now`.
const READ_LOGINS: &str = "
    local now, window, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local function read(key)
        local values = redis.call('HMGET', key, 'failed', 'until', 'pending', 'pending_until')
        local failed, till = tonumber(values[1] or '0'), tonumber(values[2] or '0')
        local pending, pending_until = tonumber(values[3] or '0'), tonumber(values[4] or '0')
        if till <= now then failed = 0 end
        if pending_until <= now then pending = 0 end
        return failed, till, pending, pending_until
    end
    local function write(key, failed, till, pending, pending_until)
        redis.call('HSET', key, 'failed', failed, 'until', till, 'pending', pending, 'pending_until', pending_until)
        redis.call('PEXPIRE', key, window + patience)
    end";

/// KEYS: the subjects. ARGV: now, the window's length, the patience with pending logins (ms), a limit for each key.
/// Returns -1 when admitted, 0 when crowded, else the end of the lock.
static BEGIN_LOGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{READ_LOGINS}
         local crowded = false
         for i, key in ipairs(KEYS) do
             local failed, till, pending = read(key)
             local limit = tonumber(ARGV[3 + i])
             if failed >= limit then return till end
             crowded = crowded or failed + pending >= limit
         end
         if crowded then return 0 end
         for _, key in ipairs(KEYS) do
             local failed, till, pending = read(key)
             write(key, failed, till, pending + 1, now + patience)
         end
         return -1"
    ))
});

/// KEYS: the subjects. ARGV: now, the window's length, the patience with pending logins (ms); for each key `failed`,
/// `forgiven` or `unchanged`.
static END_LOGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{READ_LOGINS}
         for i, key in ipairs(KEYS) do
             local failed, till, pending, pending_until = read(key)
             local change = ARGV[3 + i]
             if change == 'failed' then
                 if failed == 0 then till = now + window end
                 failed = failed + 1
             elseif change == 'forgiven' then
                 failed = 0
             end
             write(key, failed, till, math.max(pending - 1, 0), pending_until)
         end"
    ))
});

/// KEYS: the contact. ARGV: now, the code's hash, its lifetime (ms), wrong tries at the most; for each window its length
/// (ms) and how many may be sent in it, the longest last. Returns 0 when the code is remembered, else when the next may be.
static PUT_CODE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, longest = tonumber(ARGV[1]), tonumber(ARGV[#ARGV - 1])
         local values = redis.call('HMGET', KEYS[1], 'sent', 'tries', 'tries_until')
         local tries, tries_until = tonumber(values[2] or '0'), tonumber(values[3] or '0')
         if tries >= tonumber(ARGV[4]) and tries_until > now then return tries_until end
         local sent = {}
         for at in string.gmatch(values[1] or '', '%d+') do
             if tonumber(at) + longest > now then sent[#sent + 1] = at end
         end
         local blocked_until = 0
         for i = 5, #ARGV, 2 do
             local oldest = sent[#sent + 1 - tonumber(ARGV[i + 1])]
             local till = oldest and tonumber(oldest) + tonumber(ARGV[i]) or 0
             if till > now then blocked_until = math.max(blocked_until, till) end
         end
         if blocked_until > 0 then return blocked_until end
         sent[#sent + 1] = ARGV[1]
         redis.call('HSET', KEYS[1], 'sent', table.concat(sent, ' '), 'mac', ARGV[2], 'until', now + tonumber(ARGV[3]))
         redis.call('PEXPIRE', KEYS[1], longest)
         return 0",
    )
});

/// KEYS: the contact. ARGV: now, wrong tries at the most, for how long they count (ms), `keep` or `take`; then the hashes
/// of which one is right. Returns whether it was.
static TRY_CODE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now = tonumber(ARGV[1])
         local values = redis.call('HMGET', KEYS[1], 'mac', 'until', 'tries', 'tries_until')
         if not values[1] or tonumber(values[2]) <= now then return false end
         for i = 5, #ARGV do
             if ARGV[i] == values[1] then
                 if ARGV[4] == 'take' then redis.call('HDEL', KEYS[1], 'mac', 'until', 'tries', 'tries_until') end
                 return true
             end
         end
         local tries, till = tonumber(values[3] or '0'), tonumber(values[4] or '0')
         if till <= now then tries = 0 end
         redis.call('HSET', KEYS[1], 'tries', tries + 1, 'tries_until', now + tonumber(ARGV[3]))
         if tries + 1 >= tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], 'mac', 'until') end
         return false",
    )
});

/// KEYS: the account. ARGV: now, the device, until when it is in use (ms).
static NOTE_PRESENCE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
         redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
         local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
         redis.call('PEXPIRE', KEYS[1], math.max(tonumber(last[2]) - tonumber(ARGV[1]), 1))",
    )
});

#[async_trait::async_trait]
impl State for RedisState {
    async fn count_use(&self, subject: &str, window_ms: i64, now_ms: i64) -> Result<Uses, StateError> {
        let mut connection = self.connection().await?;
        let (count, until_ms) =
            COUNT_USE.key(self.uses_key(subject)).arg(now_ms).arg(window_ms).invoke_async(&mut connection).await?;
        Ok(Uses { count, until_ms })
    }

    async fn begin_login(&self, subjects: &[LoginSubject; 2], now_ms: i64) -> Result<Admission, StateError> {
        let mut connection = self.connection().await?;
        let mut call = BEGIN_LOGIN.prepare_invoke();
        call.arg(now_ms).arg(LoginSubject::WINDOW_MS).arg(LoginSubject::PENDING_MS);
        for subject in subjects {
            call.key(self.login_key(subject)).arg(subject.limit);
        }
        Ok(match call.invoke_async(&mut connection).await? {
            -1 => Admission::Admitted,
            0 => Admission::Crowded,
            until_ms => Admission::Locked { until_ms },
        })
    }

    async fn end_login(&self, subjects: &[LoginSubject; 2], end: LoginEnd, now_ms: i64) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        let mut call = END_LOGIN.prepare_invoke();
        call.arg(now_ms).arg(LoginSubject::WINDOW_MS).arg(LoginSubject::PENDING_MS);
        for subject in subjects {
            call.key(self.login_key(subject)).arg(match end {
                LoginEnd::Wrong => "failed",
                LoginEnd::Right if subject.is_forgiven => "forgiven",
                LoginEnd::Right | LoginEnd::Cancelled => "unchanged",
            });
        }
        Ok(call.invoke_async(&mut connection).await?)
    }

    async fn put_captcha(&self, id: &str, mac: [u8; 32], until_ms: i64, now_ms: i64) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        let lifetime_ms = until_ms.saturating_sub(now_ms).max(1);
        let value = [until_ms.to_be_bytes().as_slice(), &mac].concat();
        let mut set = redis::cmd("SET");
        set.arg(self.captcha_key(id)).arg(value).arg("PX").arg(lifetime_ms);
        Ok(set.exec_async(&mut connection).await?)
    }

    async fn take_captcha(&self, id: &str, now_ms: i64) -> Result<Option<[u8; 32]>, StateError> {
        let mut connection = self.connection().await?;
        let value: Option<Vec<u8>> =
            redis::cmd("GETDEL").arg(self.captcha_key(id)).query_async(&mut connection).await?;
        let parts = value.as_deref().and_then(|value| value.split_at_checked(size_of::<i64>()));
        let Some((until, mac)) = parts else { return Ok(None) };
        let is_live = until.try_into().is_ok_and(|until| i64::from_be_bytes(until) > now_ms);
        Ok(mac.try_into().ok().filter(|_| is_live))
    }

    async fn put_code(&self, contact: &str, code_mac: [u8; 32], now_ms: i64) -> Result<CodeSending, StateError> {
        let mut connection = self.connection().await?;
        let mut call = PUT_CODE.prepare_invoke();
        call.key(self.code_key(contact)).arg(now_ms).arg(code_mac.as_slice());
        call.arg(CodeRules::LIFETIME_MS).arg(CodeRules::TRIES);
        for (window_ms, limit) in CodeRules::SENDS {
            call.arg(window_ms).arg(limit);
        }
        Ok(match call.invoke_async(&mut connection).await? {
            0 => CodeSending::Allowed,
            until_ms => CodeSending::TooSoon { until_ms },
        })
    }

    async fn try_code(&self, contact: &str, macs: &[[u8; 32]], keep: Keep, now_ms: i64) -> Result<bool, StateError> {
        let mut connection = self.connection().await?;
        let mut call = TRY_CODE.prepare_invoke();
        call.key(self.code_key(contact)).arg(now_ms).arg(CodeRules::TRIES).arg(CodeRules::TRIES_WINDOW_MS);
        call.arg(match keep {
            Keep::Yes => "keep",
            Keep::No => "take",
        });
        for mac in macs {
            call.arg(mac.as_slice());
        }
        let is_right: Option<bool> = call.invoke_async(&mut connection).await?;
        Ok(is_right.unwrap_or(false))
    }

    async fn void_code(&self, contact: &str) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        let mut delete = redis::cmd("HDEL");
        delete.arg(self.code_key(contact)).arg("mac").arg("until");
        Ok(delete.exec_async(&mut connection).await?)
    }

    async fn note_presence(&self, account: &str, device: i32, until_ms: i64, now_ms: i64) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        let mut call = NOTE_PRESENCE.prepare_invoke();
        call.key(self.presence_key(account)).arg(now_ms).arg(device).arg(until_ms);
        Ok(call.invoke_async(&mut connection).await?)
    }

    async fn end_presence(&self, account: &str, device: Option<i32>) -> Result<(), StateError> {
        let mut connection = self.connection().await?;
        let command = match device {
            Some(device) => redis::cmd("ZREM").arg(self.presence_key(account)).arg(device).to_owned(),
            None => redis::cmd("DEL").arg(self.presence_key(account)).to_owned(),
        };
        Ok(command.exec_async(&mut connection).await?)
    }

    async fn is_present(&self, account: &str, now_ms: i64) -> Result<bool, StateError> {
        let mut connection = self.connection().await?;
        let mut count = redis::cmd("ZCOUNT");
        count.arg(self.presence_key(account)).arg(format!("({now_ms}")).arg("+inf");
        let devices: i64 = count.query_async(&mut connection).await?;
        Ok(devices > 0)
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
