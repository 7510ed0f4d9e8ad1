//! Balance adjustments by admins.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    access::AsOperator,
    answer::{Answer, Data},
    params::{Id, Json, required},
};
use crate::{
    domain::coins,
    gateway::Gateway,
    model::{Cents, CoinChange},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/admin/v1/coins/adjust").post(adjust, "Changes the coins of a user")]
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
struct RecordData {
    id: i64,
    before_cents: i64,
    change_cents: i64,
    after_cents: i64,
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
    let record = coins::adjust(&gateway, &operator, user, change).await?;
    Ok(Data(RecordData {
        id: record.id,
        before_cents: record.before.0,
        change_cents: record.change.0,
        after_cents: record.after.0,
    }))
}
