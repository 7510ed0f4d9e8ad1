//! State that nodes share through Redis. The only module that uses the crate `redis`. Its times are those of the nodes'
//! wall clocks.

mod connection;
mod link;
mod monitoring;
mod scripts;
mod url;

use std::{collections::BTreeMap, convert::Infallible};

use redis::{Pipeline, RedisError};

pub use self::url::RedisUrl;
use self::{
    connection::Connection,
    link::Link,
    scripts::{BEGIN_LOGIN, CHECK, COUNT_USE, END_LOGIN, END_PRESENCE, END_SOCKET_PRESENCE, PUT_CODE, TRY_CODE},
};
use super::{
    Admission, CodeRules, CodeSending, FeedEvent, LoginEnd, LoginSubject, OnMatch, PresenceNote, Sign, State,
    StateError, Uses, monitoring::parts_of,
};
use crate::{
    clock::Now,
    metrics,
    model::{Change, FeedEntry, SessionId, TenantId, UserId},
};

/// How far the clocks of nodes may differ. What ends later than this after a whole window was stored under a clock that
/// ran ahead, and counts as over.
const CLOCK_SKEW_MS: i64 = 60_000;

/// State in Redis.
pub struct RedisState {
    link: Link,
    prefix: String,
    /// The id of this process among the nodes.
    node: String,
}

impl RedisState {
    /// State in the Redis at `url`, with keys that start with `prefix`, for use by `workers` threads of the process with
    /// the id `node`. Connects on first use.
    ///
    /// # Errors
    /// If TLS can't be set up.
    pub fn new(url: RedisUrl, prefix: &str, workers: usize, node: &str) -> Result<Self, StateError> {
        Ok(Self { link: Link::new(url, workers)?, prefix: prefix.to_owned(), node: node.to_owned() })
    }

    /// Counts the commands in `metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: metrics::State) -> Self {
        self.link.metrics = Some(metrics);
        self
    }

    fn uses_key(&self, subject: &str) -> String {
        format!("{}:uses:{subject}", self.prefix)
    }

    fn captcha_key(&self, id: &str) -> String {
        format!("{}:captcha:{id}", self.prefix)
    }

    fn ended_key(&self, session: &str) -> String {
        format!("{}:ended:{session}", self.prefix)
    }

    fn code_key(&self, contact: &str) -> String {
        format!("{}:code:{contact}", self.prefix)
    }

    fn presence_key(&self, tenant: &str, user: &str) -> String {
        format!("{}:presence:{{{tenant}}}:{user}", self.prefix)
    }

    fn login_key(&self, subject: &LoginSubject) -> String {
        format!("{}:{{login}}:{}", self.prefix, subject.name)
    }

    fn check_key(&self) -> String {
        format!("{}:check:{}", self.prefix, self.node)
    }

    fn changes_channel(&self) -> String {
        format!("{}:changes", self.prefix)
    }

    /// The member for a device in the account's sorted set.
    fn presence_member(&self, device: i32, sign: Sign) -> String {
        match sign {
            Sign::Request => device.to_string(),
            Sign::Socket => format!("{device}@{}", self.node),
        }
    }
}

/// A feed entry as sent between nodes: id, tenant, user, session.
type WireEntry = (i64, Option<String>, Option<i64>, Option<i64>);

fn to_wire(entry: &FeedEntry) -> WireEntry {
    match &entry.change {
        Change::Tenant(tenant) => (entry.id, Some(tenant.as_str().to_owned()), None, None),
        Change::User(user) => (entry.id, None, Some(user.get()), None),
        Change::SessionEnded(user, session) => (entry.id, None, Some(user.get()), Some(session.0)),
    }
}

fn from_wire(entry: WireEntry) -> Option<FeedEntry> {
    let (id, change) = match entry {
        (id, Some(tenant), _, _) => (id, Change::Tenant(TenantId::stored(tenant))),
        (id, None, Some(user), Some(session)) => (id, Change::SessionEnded(UserId::stored(user), SessionId(session))),
        (id, None, Some(user), None) => (id, Change::User(UserId::stored(user))),
        (_, None, None, _) => return None,
    };
    Some(FeedEntry { id, change })
}

#[async_trait::async_trait]
impl State for RedisState {
    async fn count_use(&self, subject: &str, window_ms: i64, now: Now) -> Result<Uses, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut call = COUNT_USE.key(self.uses_key(subject));
        call.arg(now_ms).arg(window_ms);
        let (count, until_ms): (u32, i64) = self.link.answered(call.invoke_async(&mut connection).await)?;
        Ok(Uses { count, left_ms: until_ms - now_ms })
    }

    async fn begin_login(&self, subjects: &[LoginSubject; 2], now: Now) -> Result<Admission, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut call = BEGIN_LOGIN.prepare_invoke();
        call.arg(now_ms).arg(LoginSubject::WINDOW_MS).arg(LoginSubject::PENDING_MS);
        for subject in subjects {
            call.key(self.login_key(subject)).arg(subject.limit);
        }
        Ok(match self.link.answered(call.invoke_async(&mut connection).await)? {
            -1 => Admission::Admitted,
            0 => Admission::QueueFull,
            until_ms => Admission::Locked { wait_ms: until_ms - now_ms },
        })
    }

    async fn end_login(&self, subjects: &[LoginSubject; 2], end: LoginEnd, now: Now) -> Result<(), StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut call = END_LOGIN.prepare_invoke();
        call.arg(now_ms).arg(LoginSubject::WINDOW_MS).arg(LoginSubject::PENDING_MS);
        for subject in subjects {
            call.key(self.login_key(subject)).arg(match end {
                LoginEnd::Wrong => "failed",
                LoginEnd::Right if subject.is_forgiven => "forgiven",
                LoginEnd::Right | LoginEnd::Cancelled => "unchanged",
            });
        }
        self.link.answered(call.invoke_async(&mut connection).await)
    }

    async fn put_one_time(&self, id: &str, mac: [u8; 32], lifetime_ms: i64, now: Now) -> Result<(), StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let until_ms = now_ms.saturating_add(lifetime_ms);
        let value = [until_ms.to_be_bytes().as_slice(), &mac].concat();
        let mut set = redis::cmd("SET");
        set.arg(self.captcha_key(id)).arg(value).arg("PX").arg(lifetime_ms);
        self.link.answered(set.exec_async(&mut connection).await)
    }

    async fn take_one_time(&self, id: &str, now: Now) -> Result<Option<[u8; 32]>, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut take = redis::cmd("GETDEL");
        take.arg(self.captcha_key(id));
        let value: Option<Vec<u8>> = self.link.answered(take.query_async(&mut connection).await)?;
        let parts = value.as_deref().and_then(|value| value.split_at_checked(size_of::<i64>()));
        let Some((until, mac)) = parts else { return Ok(None) };
        let is_live = until.try_into().is_ok_and(|until| i64::from_be_bytes(until) > now_ms);
        Ok(mac.try_into().ok().filter(|_| is_live))
    }

    async fn note_ended(&self, session: &str, lifetime_ms: i64, now: Now) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let mut set = redis::cmd("SET");
        set.arg(self.ended_key(session)).arg(now.wall_ms.saturating_add(lifetime_ms)).arg("PX").arg(lifetime_ms);
        self.link.answered(set.exec_async(&mut connection).await)
    }

    async fn is_ended(&self, session: &str, now: Now) -> Result<bool, StateError> {
        let mut connection = self.link.connection().await?;
        let mut get = redis::cmd("GET");
        get.arg(self.ended_key(session));
        let until_ms: Option<i64> = self.link.answered(get.query_async(&mut connection).await)?;
        Ok(until_ms.is_some_and(|until_ms| until_ms > now.wall_ms))
    }

    async fn put_code(&self, contact: &str, code_mac: [u8; 32], now: Now) -> Result<CodeSending, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut call = PUT_CODE.prepare_invoke();
        call.key(self.code_key(contact)).arg(now_ms).arg(code_mac.as_slice());
        call.arg(CodeRules::LIFETIME_MS).arg(CodeRules::TRIES).arg(CodeRules::TRIES_WINDOW_MS);
        for (window_ms, limit) in CodeRules::SENDS {
            call.arg(window_ms).arg(limit);
        }
        Ok(match self.link.answered(call.invoke_async(&mut connection).await)? {
            0 => CodeSending::Allowed,
            until_ms => CodeSending::TooSoon { wait_ms: until_ms - now_ms },
        })
    }

    async fn try_code(
        &self,
        contact: &str,
        macs: &[[u8; 32]],
        on_match: OnMatch,
        now: Now,
    ) -> Result<bool, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut call = TRY_CODE.prepare_invoke();
        call.key(self.code_key(contact)).arg(now_ms).arg(CodeRules::TRIES).arg(CodeRules::TRIES_WINDOW_MS);
        call.arg(CodeRules::LIFETIME_MS);
        call.arg(match on_match {
            OnMatch::Keep => "keep",
            OnMatch::Consume => "take",
        });
        for mac in macs {
            call.arg(mac.as_slice());
        }
        let is_right: Option<bool> = self.link.answered(call.invoke_async(&mut connection).await)?;
        Ok(is_right.unwrap_or(false))
    }

    async fn void_code(&self, contact: &str) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let mut delete = redis::cmd("HDEL");
        delete.arg(self.code_key(contact)).arg("mac").arg("until");
        self.link.answered(delete.exec_async(&mut connection).await)
    }

    async fn note_presence(&self, notes: &[PresenceNote], ttl_ms: i64, now: Now) -> Result<(), StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let until_ms = now_ms.saturating_add(ttl_ms);
        let latest_ms = until_ms.saturating_add(CLOCK_SKEW_MS);
        let mut pipes: BTreeMap<&str, Pipeline> = BTreeMap::new();
        for note in notes {
            let (tenant, user) = parts_of(&note.account);
            let members = [
                (self.presence_key(tenant, user), self.presence_member(note.device, note.sign)),
                (self.online_key(tenant), user.to_owned()),
            ];
            // The keys of several tenants may be on several nodes of a Cluster.
            let pipe = pipes.entry(tenant).or_default();
            for (key, member) in members {
                pipe.zrembyscore(&key, "-inf", now_ms).ignore();
                pipe.zrembyscore(&key, format!("({latest_ms}"), "+inf").ignore();
                pipe.zadd(&key, member, until_ms).ignore();
                pipe.pexpire(&key, ttl_ms).ignore();
            }
        }
        for pipe in pipes.values() {
            self.link.answered(pipe.exec_async(&mut connection).await)?;
        }
        Ok(())
    }

    async fn end_presence(&self, account: &str, device: Option<i32>) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let (tenant, user) = parts_of(account);
        let mut call = END_PRESENCE.key(self.presence_key(tenant, user));
        call.key(self.online_key(tenant)).arg(user).arg(device.map(|device| device.to_string()).unwrap_or_default());
        self.link.answered(call.invoke_async(&mut connection).await)
    }

    async fn end_socket_presence(&self, account: &str, device: i32) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let (tenant, user) = parts_of(account);
        let mut call = END_SOCKET_PRESENCE.key(self.presence_key(tenant, user));
        call.key(self.online_key(tenant)).arg(user);
        call.arg(self.presence_member(device, Sign::Request)).arg(self.presence_member(device, Sign::Socket));
        self.link.answered(call.invoke_async(&mut connection).await)
    }

    async fn present_devices(&self, account: &str, ttl_ms: i64, now: Now) -> Result<Vec<i32>, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut range = redis::cmd("ZRANGEBYSCORE");
        let latest_ms = now_ms.saturating_add(ttl_ms).saturating_add(CLOCK_SKEW_MS);
        let (tenant, user) = parts_of(account);
        range.arg(self.presence_key(tenant, user)).arg(format!("({now_ms}")).arg(latest_ms);
        let members: Vec<String> = self.link.answered(range.query_async(&mut connection).await)?;
        Ok(members.iter().filter_map(|member| member.split('@').next()?.parse().ok()).collect())
    }

    async fn publish(&self, entries: &[FeedEntry]) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let message = (&self.node, entries.iter().map(to_wire).collect::<Vec<WireEntry>>());
        let text = serde_json::to_string(&message).map_err(StateError::new)?;
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(self.changes_channel()).arg(text);
        self.link.answered(publish.exec_async(&mut connection).await)
    }

    async fn subscribe(&self, on_event: &(dyn Fn(FeedEvent) + Send + Sync)) -> Result<Infallible, StateError> {
        let (sink, stream) = self.link.subscribe(&self.changes_channel()).await?;
        on_event(FeedEvent::Subscribed);
        let receive = |message: &[u8]| match serde_json::from_slice::<(String, Vec<WireEntry>)>(message) {
            // Ignores this node's own messages.
            Ok((node, _)) if node == self.node => {}
            Ok((_, entries)) => on_event(FeedEvent::Published(entries.into_iter().filter_map(from_wire).collect())),
            Err(error) => log::debug!("a message of another version is skipped; polling finds its changes: {error}"),
        };
        Err(link::receive_all(sink, stream, receive).await)
    }

    async fn check(&self) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let key = self.check_key();
        let mut call = CHECK.key(&key);
        call.arg(&self.node);
        if let Connection::One(_) = connection {
            // Two keys, of which a node of a Cluster has one at most.
            call.key(format!("{key}:other"));
        }
        match self.link.answered(call.invoke_async::<String>(&mut connection).await) {
            Ok(echo) if echo == self.node => self.link.check_kind(&mut connection).await,
            Ok(_) => Err(StateError::new("it did not store what was written")),
            Err(error) => Err(match self.link.explain(&mut connection).await {
                Some(cause) => StateError::new(format!("{cause}: {error}")),
                None => error,
            }),
        }
    }

    fn describe(&self) -> &'static str {
        self.link.describe()
    }
}

impl From<RedisError> for StateError {
    fn from(error: RedisError) -> Self {
        Self::new(error)
    }
}
