//! The overview for operators.

use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::AsOperator,
    answer::{Answer, Data},
};
use crate::{
    domain::overview::{self, Attention, Health, Overview, Series, StateHealth},
    gateway::Gateway,
    model::{Language, SeenNode},
    transport::{
        context::Context,
        path::{Path, admin},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/admin/v1/overview/get").get(get, "Gets the health of the gateway and counts of what happened lately")]
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct OverviewData {
    database: HealthData,
    state: StateData,
    /// The nodes that were seen within five minutes, by their start.
    nodes: Vec<NodeData>,
    /// The number of accounts; absent while the database is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<i64>,
    /// The number of accounts in use now.
    online: i64,
    counters: CountersData,
    /// What an operator should look at, the most urgent first.
    attention: Vec<AttentionData>,
}

#[derive(Serialize, JsonSchema)]
struct HealthData {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl From<Health> for HealthData {
    fn from(health: Health) -> Self {
        Self { ok: health.is_ok(), reason: health.reason() }
    }
}

#[derive(Serialize, JsonSchema)]
struct StateData {
    /// `Redis` or `in process`.
    name: &'static str,
    #[serde(flatten)]
    health: HealthData,
    /// Whether nodes, online accounts and counters are known to the node that answered only.
    is_degraded: bool,
}

impl From<StateHealth> for StateData {
    fn from(state: StateHealth) -> Self {
        Self { name: state.name, health: state.health.into(), is_degraded: state.is_degraded }
    }
}

#[derive(Serialize, JsonSchema)]
struct NodeData {
    id: String,
    host: String,
    version: String,
    started_at_ms: i64,
    seen_at_ms: i64,
}

impl From<SeenNode> for NodeData {
    fn from(SeenNode { node, seen_at_ms }: SeenNode) -> Self {
        let started_at_ms = node.started_at_ms;
        Self { id: node.id, host: node.host, version: node.version, started_at_ms, seen_at_ms }
    }
}

#[derive(Serialize, JsonSchema)]
struct CountersData {
    /// Logins that opened a session.
    sign_ins: SeriesData,
    /// Refused logins: wrong, locked, disabled.
    failed_sign_ins: SeriesData,
    /// Registered accounts, without imported ones.
    registrations: SeriesData,
    /// Codes handed to delivery.
    codes_sent: SeriesData,
    /// Codes that delivery gave up.
    codes_failed: SeriesData,
}

/// How often something happened. The last number of each list is of the period that has just begun.
#[derive(Serialize, JsonSchema)]
struct SeriesData {
    /// For each five minutes, oldest first.
    last_hour: [u64; 12],
    /// For each hour, oldest first.
    last_day: [u64; 24],
}

impl From<Series> for SeriesData {
    fn from(Series { last_hour, last_day }: Series) -> Self {
        Self { last_hour, last_day }
    }
}

#[derive(Serialize, JsonSchema)]
struct AttentionData {
    /// A name for programs.
    name: &'static str,
    /// A text for people, in the language of the request.
    text: &'static str,
}

impl OverviewData {
    /// The overview, with texts in `language`.
    pub(crate) fn new(overview: Overview, language: Language) -> Self {
        let Overview { database, state, nodes, accounts, online, counters, attention } = overview;
        let told = |one: Attention| AttentionData { name: one.name(), text: one.text(language) };
        Self {
            database: database.into(),
            state: state.into(),
            nodes: nodes.into_iter().map(NodeData::from).collect(),
            accounts,
            online,
            counters: CountersData {
                sign_ins: counters.sign_ins.into(),
                failed_sign_ins: counters.failed_sign_ins.into(),
                registrations: counters.registrations.into(),
                codes_sent: counters.codes_sent.into(),
                codes_failed: counters.codes_failed.into(),
            },
            attention: attention.into_iter().map(told).collect(),
        }
    }
}

async fn get(
    req: HttpRequest,
    gateway: web::Data<Gateway>,
    AsOperator(operator, ()): AsOperator,
) -> Answer<OverviewData> {
    let overview = overview::get(&gateway, &operator).await?;
    let language = Context::get(&req).map_or(Language::En, |context| context.language);
    Ok(Data(OverviewData::new(overview, language)))
}
