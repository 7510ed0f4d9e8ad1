//! The state of the gateway and of a tenant at a glance, for operators. What can't be read is left out or is this node's
//! knowledge only; nothing of it fails the rest.

mod attention;

use std::sync::atomic::Ordering;

use futures_util::future;

pub use attention::Attention;

use super::{Error, Operator, events, nodes, readiness};
use crate::{
    gateway::Gateway,
    model::SeenNode,
    state::{Event, EventCount, Monitoring as _, Slot},
    store::user_counts,
};

/// The overview of a tenant.
#[derive(Debug)]
pub struct Overview {
    /// Whether the database works.
    pub database: Health,
    /// Whether the state works.
    pub state: StateHealth,
    /// The nodes that were seen lately, by their start.
    pub nodes: Vec<SeenNode>,
    /// The number of accounts; `None` without the database.
    pub accounts: Option<i64>,
    /// The number of accounts in use now.
    pub online: i64,
    /// How often things happened.
    pub counters: Counters,
    /// What an operator should look at, the most urgent first.
    pub attention: Vec<Attention>,
}

/// Whether a service that the gateway needs works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It takes reads and writes.
    Ok,
    /// It does not; the log has the details.
    Failing {
        /// Why, in a few words without addresses or secrets.
        reason: &'static str,
    },
}

impl Health {
    /// Whether it works.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::Ok
    }

    /// Why it does not work.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Ok => None,
            Self::Failing { reason } => Some(reason),
        }
    }

    fn of(outcome: &Result<(), Error>, reason: &'static str) -> Self {
        if let Err(error) = outcome {
            log::debug!("overview: {error}");
            return Self::Failing { reason };
        }
        Self::Ok
    }
}

/// The state of the state.
#[derive(Clone, Copy, Debug)]
pub struct StateHealth {
    /// `Redis` or `in process`.
    pub name: &'static str,
    /// Whether it works.
    pub health: Health,
    /// Whether nodes, online accounts and counters are the knowledge of the node that answered only.
    pub is_degraded: bool,
}

/// How often each kind of event happened.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Logins that opened a session.
    pub sign_ins: Series,
    /// Refused logins: wrong, locked, disabled.
    pub failed_sign_ins: Series,
    /// Registered accounts, without imported ones.
    pub registrations: Series,
    /// Codes handed to delivery.
    pub codes_sent: Series,
    /// Codes that delivery gave up.
    pub codes_failed: Series,
}

/// How often an event happened lately. The last number of each list is of the period that has just begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// For each five minutes, oldest first.
    pub last_hour: [u64; 12],
    /// For each hour, oldest first.
    pub last_day: [u64; 24],
}

impl Series {
    /// The sum of the last hour.
    #[must_use]
    pub fn sum_of_hour(&self) -> u64 {
        self.last_hour.iter().sum()
    }

    /// The sum of the last day.
    #[must_use]
    pub fn sum_of_day(&self) -> u64 {
        self.last_day.iter().sum()
    }

    fn of(event: Event, counts: &[EventCount], now: Slot) -> Self {
        let mut series = Self::default();
        for EventCount { slot, count, .. } in counts.iter().filter(|count| count.event == event) {
            add(&mut series.last_hour, now.number() - slot.number(), *count);
            add(&mut series.last_day, now.hour() - slot.hour(), *count);
        }
        series
    }
}

/// Adds to the number of the period that was `ago` periods before the last one.
fn add(periods: &mut [u64], ago: i64, count: u64) {
    let place = usize::try_from(ago).ok().and_then(|ago| periods.len().checked_sub(ago.saturating_add(1)));
    if let Some(period) = place.and_then(|place| periods.get_mut(place)) {
        *period = period.saturating_add(count);
    }
}

impl Counters {
    fn of(counts: &[EventCount], now: Slot) -> Self {
        let series = |event| Series::of(event, counts, now);
        Self {
            sign_ins: series(Event::SignIn),
            failed_sign_ins: series(Event::FailedSignIn),
            registrations: series(Event::Registration),
            codes_sent: series(Event::CodeSent),
            codes_failed: series(Event::CodeFailed),
        }
    }
}

/// The overview of the operator's tenant.
///
/// # Errors
/// None while the database or the shared state is unavailable; the overview says so instead.
pub async fn get(gateway: &Gateway, operator: &Operator) -> Result<Overview, Error> {
    let tenant = operator.tenant_id().clone();
    let in_database = async {
        let outcome = readiness::check_database(gateway).await;
        let health = Health::of(&outcome, "unavailable, or it takes no writes");
        let accounts = gateway.db.read(move |conn| user_counts::count(conn, &tenant)).await;
        (health, accounts.ok())
    };
    let in_state = async {
        let check = readiness::check_state(gateway);
        let online = count_online(gateway, operator);
        let counts = events::list(gateway, operator.tenant_id());
        let (outcome, nodes, online, counts) = future::join4(check, nodes::list(gateway), online, counts).await;
        let health = Health::of(&outcome, "unavailable, or it takes no writes");
        let is_degraded = !health.is_ok() || nodes.1 || online.1 || counts.1;
        (StateHealth { name: gateway.state.describe(), health, is_degraded }, nodes.0, online.0, counts.0)
    };
    let ((database, accounts), (state, nodes, online, counts)) = future::join(in_database, in_state).await;
    let counters = Counters::of(&counts, Slot::at(gateway.clock.now_ms()));
    let mut overview = Overview { database, state, nodes, accounts, online, counters, attention: Vec::new() };
    overview.attention = attention::list(gateway, &overview);
    Ok(overview)
}

/// The number of accounts in use, and whether that is this node's knowledge only.
async fn count_online(gateway: &Gateway, operator: &Operator) -> (i64, bool) {
    let (tenant, ttl_ms, now) = (operator.tenant_id(), gateway.config.presence_ttl_ms, gateway.clock.now());
    let is_lost = gateway.is_presence_lost.load(Ordering::Relaxed);
    match gateway.state.online_accounts(tenant, ttl_ms, now).await {
        Ok(online) if !is_lost => (online, false),
        shared => {
            let own = gateway.own_state.online_accounts(tenant, ttl_ms, now).await.unwrap_or_default();
            (own.max(shared.unwrap_or_default()), true)
        }
    }
}
