//! What operators watch, in Redis.

use std::collections::BTreeSet;

use super::{CLOCK_SKEW_MS, RedisState, scripts::SERVER};
use crate::{
    clock::Now,
    model::{Node, SeenNode, TenantId},
    state::{Event, EventCount, Monitoring, Slot, StateError, StateServer},
};

/// The counts of an hour are kept until no chart shows that hour, on any node's clock.
const EVENTS_TTL_MS: i64 = (Slot::HOURS + 2) * 60 * 60 * 1000;

/// A node as stored: id, host, version, when it started.
type WireNode = (String, String, String, i64);

impl RedisState {
    /// The key of a tenant's counts in an hour since the Unix epoch.
    fn events_key(&self, tenant: &TenantId, hour: i64) -> String {
        format!("{}:events:{{{tenant}}}:{hour}", self.prefix)
    }

    /// The key of the accounts in use.
    pub(super) fn online_key(&self, tenant: &str) -> String {
        format!("{}:online:{{{tenant}}}", self.prefix)
    }

    fn nodes_key(&self) -> String {
        format!("{}:nodes", self.prefix)
    }
}

/// The field of an event's count in its hour's hash.
fn field(slot: Slot, event: Event) -> String {
    format!("{}.{}", slot.in_hour(), event.name())
}

fn from_field(hour: i64, field: &str, count: u64) -> Option<EventCount> {
    let (in_hour, name) = field.split_once('.')?;
    let event = Event::ALL.into_iter().find(|event| event.name() == name)?;
    Some(EventCount { slot: Slot::of(hour, in_hour.parse().ok()?), event, count })
}

fn to_member(node: &Node) -> Result<String, StateError> {
    let Node { id, host, version, started_at_ms } = node;
    serde_json::to_string(&(id, host, version, started_at_ms)).map_err(StateError::new)
}

fn from_member(member: &str, seen_at_ms: i64) -> Option<SeenNode> {
    let (id, host, version, started_at_ms): WireNode = serde_json::from_str(member).ok()?;
    Some(SeenNode { node: Node { id, host, version, started_at_ms }, seen_at_ms })
}

#[async_trait::async_trait]
impl Monitoring for RedisState {
    async fn add_events(&self, tenant: &TenantId, counts: &[EventCount], _: Now) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let (mut pipe, mut keys) = (redis::pipe(), BTreeSet::new());
        pipe.atomic();
        for EventCount { slot, event, count } in counts {
            let key = self.events_key(tenant, slot.hour());
            pipe.hincr(&key, field(*slot, *event), *count).ignore();
            keys.insert(key);
        }
        for key in keys {
            pipe.pexpire(key, EVENTS_TTL_MS).ignore();
        }
        self.link.answered(pipe.exec_async(&mut connection).await)
    }

    async fn event_counts(&self, tenant: &TenantId, now: Now) -> Result<Vec<EventCount>, StateError> {
        let mut connection = self.link.connection().await?;
        let current = Slot::at(now.wall_ms).hour();
        let hours: Vec<i64> = (0..Slot::HOURS).map(|ago| current - ago).collect();
        let mut pipe = redis::pipe();
        for hour in &hours {
            pipe.hgetall(self.events_key(tenant, *hour));
        }
        let found: Vec<Vec<(String, u64)>> = self.link.answered(pipe.query_async(&mut connection).await)?;
        let of_hour = |(hour, fields): (i64, Vec<(String, u64)>)| {
            fields.into_iter().filter_map(move |(field, count)| from_field(hour, &field, count))
        };
        Ok(hours.into_iter().zip(found).flat_map(of_hour).collect())
    }

    async fn online_accounts(&self, tenant: &TenantId, ttl_ms: i64, now: Now) -> Result<i64, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut count = redis::cmd("ZCOUNT");
        let latest_ms = now_ms.saturating_add(ttl_ms).saturating_add(CLOCK_SKEW_MS);
        count.arg(self.online_key(tenant.as_str())).arg(format!("({now_ms}")).arg(latest_ms);
        self.link.answered(count.query_async(&mut connection).await)
    }

    async fn note_node(&self, node: &Node, ttl_ms: i64, now: Now) -> Result<(), StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let (key, member) = (self.nodes_key(), to_member(node)?);
        let mut pipe = redis::pipe();
        pipe.zrembyscore(&key, "-inf", now_ms.saturating_sub(ttl_ms)).ignore();
        pipe.zrembyscore(&key, now_ms.saturating_add(CLOCK_SKEW_MS), "+inf").ignore();
        pipe.zadd(&key, member, now_ms).ignore();
        pipe.pexpire(&key, ttl_ms).ignore();
        self.link.answered(pipe.exec_async(&mut connection).await)
    }

    async fn forget_node(&self, node: &Node) -> Result<(), StateError> {
        let mut connection = self.link.connection().await?;
        let mut remove = redis::cmd("ZREM");
        remove.arg(self.nodes_key()).arg(to_member(node)?);
        self.link.answered(remove.exec_async(&mut connection).await)
    }

    async fn list_nodes(&self, ttl_ms: i64, now: Now) -> Result<Vec<SeenNode>, StateError> {
        let now_ms = now.wall_ms;
        let mut connection = self.link.connection().await?;
        let mut range = redis::cmd("ZRANGEBYSCORE");
        let (after_ms, latest_ms) = (now_ms.saturating_sub(ttl_ms), now_ms.saturating_add(CLOCK_SKEW_MS));
        range.arg(self.nodes_key()).arg(format!("({after_ms}")).arg(latest_ms).arg("WITHSCORES");
        let members: Vec<(String, i64)> = self.link.answered(range.query_async(&mut connection).await)?;
        Ok(members.iter().filter_map(|(member, seen_at_ms)| from_member(member, *seen_at_ms)).collect())
    }

    async fn server(&self) -> Result<Option<StateServer>, StateError> {
        let mut connection = self.link.connection().await?;
        let call = SERVER.key(self.check_key());
        let (now_ms, memory): (i64, String) = self.link.answered(call.invoke_async(&mut connection).await)?;
        let find = |name: &str| memory.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let is_bounded = find("maxmemory:").is_some_and(|bytes| bytes != "0");
        let eviction = find("maxmemory_policy:").filter(|policy| is_bounded && *policy != "noeviction");
        Ok(Some(StateServer { now_ms, eviction: eviction.map(str::to_owned) }))
    }

    fn is_shared(&self) -> bool {
        true
    }
}
