//! Bans, which are visible to everyone who views the account.

use actix_web::web;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    access::AsOperator,
    answer::{Answer, DONE},
    params::{Id, Json, required},
};
use crate::{
    domain::bans,
    gateway::Gateway,
    model::{BanEnd, BanReason},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/bans/set").post(set, "Sets a ban, which everyone who views the account sees"),
        admin("/admin/v1/bans/lift").post(lift, "Lifts a ban"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct BanBody {
    user_id: Option<Id>,
    reason: Option<String>,
    /// Unix seconds.
    until: Option<i64>,
}

async fn set(gateway: web::Data<Gateway>, AsOperator(operator, Json(body)): AsOperator<Json<BanBody>>) -> Answer<bool> {
    let user = required("user_id", body.user_id)?.user("user_id")?;
    let reason = BanReason::parse(&required("reason", body.reason)?)?;
    let end = BanEnd::parse("until", required("until", body.until)?)?;
    bans::set(&gateway, &operator, user, reason, end).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct LiftBody {
    user_id: Option<Id>,
}

async fn lift(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<LiftBody>>,
) -> Answer<bool> {
    let user = required("user_id", body.user_id)?.user("user_id")?;
    bans::lift(&gateway, &operator, user).await?;
    DONE
}
