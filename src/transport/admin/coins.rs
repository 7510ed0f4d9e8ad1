//! Balances and ledgers, for admins.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    access::AsOperator,
    answer::{Answer, Data},
    params::{Id, Json, PageQuery, Query, required},
};
use crate::{
    domain::coins,
    gateway::Gateway,
    model::{Cents, CoinChange, CoinRecord, UserId},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/coins/adjust").post(adjust, "Changes the coins of a user"),
        admin("/admin/v1/coins/list").get(list, "Lists the changes of a user's coins, newest first"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct LedgerQuery {
    user_id: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// A page of a user's ledger.
#[derive(Serialize, JsonSchema)]
struct LedgerData {
    /// The number of all records.
    total: i64,
    records: Vec<LedgerRecordData>,
}

/// A change of a user's coins; amounts in 0.01 coin are exact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LedgerRecordData {
    pub(crate) id: i64,
    pub(crate) typ: i16,
    pub(crate) before_cents: i64,
    pub(crate) change_cents: i64,
    pub(crate) after_cents: i64,
    pub(crate) reason: String,
    pub(crate) remark: String,
    pub(crate) created_at_ms: i64,
}

impl From<CoinRecord> for LedgerRecordData {
    fn from(record: CoinRecord) -> Self {
        Self {
            id: record.id,
            typ: record.typ,
            before_cents: record.before.0,
            change_cents: record.change.0,
            after_cents: record.after.0,
            reason: record.reason,
            remark: record.remark,
            created_at_ms: record.created_at_ms,
        }
    }
}

async fn list(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<LedgerQuery>>,
) -> Answer<LedgerData> {
    let user = UserId::parse("user_id", &required("user_id", query.user_id)?)?;
    let (records, total) = coins::list_of(&gateway, &operator, user, query.page.page()?).await?;
    Ok(Data(LedgerData { total, records: records.into_iter().map(LedgerRecordData::from).collect() }))
}

#[derive(Deserialize, JsonSchema)]
struct AdjustBody {
    user_id: Option<Id>,
    /// Coins with at most two decimals, negative to spend. Kept as raw text, since a float would round it.
    #[schemars(with = "Option<f64>")]
    amount: Option<Box<RawValue>>,
    typ: Option<i64>,
    reason: Option<String>,
    remark: Option<String>,
    idempotency_key: Option<String>,
}

/// The record of the change; amounts in 0.01 coin are exact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RecordData {
    pub(crate) id: i64,
    pub(crate) before_cents: i64,
    pub(crate) change_cents: i64,
    pub(crate) after_cents: i64,
}

impl From<CoinRecord> for RecordData {
    fn from(record: CoinRecord) -> Self {
        Self {
            id: record.id,
            before_cents: record.before.0,
            change_cents: record.change.0,
            after_cents: record.after.0,
        }
    }
}

async fn adjust(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<AdjustBody>>,
) -> Answer<RecordData> {
    let user = required("user_id", body.user_id)?.user("user_id")?;
    let amount = Cents::parse_change("amount", required("amount", body.amount)?.get())?;
    let change = CoinChange::parse(
        amount,
        required("typ", body.typ)?,
        &required("reason", body.reason)?,
        &body.remark.unwrap_or_default(),
        &required("idempotency_key", body.idempotency_key)?,
    )?;
    Ok(Data(coins::adjust(&gateway, &operator, user, change).await?.into()))
}
