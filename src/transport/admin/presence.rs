//! The online status of users.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::AsCaller,
    answer::{Answer, Data},
};
use crate::{
    domain::presence,
    gateway::Gateway,
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/user/online_status").get(online_status, "Shows which devices of the account are online")]
}

#[derive(Serialize, JsonSchema)]
struct OnlineData {
    online: bool,
    /// Whether the shared state is unavailable or incomplete, so that the answer relies on what this node knows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    degraded: bool,
}

async fn online_status(gateway: web::Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Answer<OnlineData> {
    let presence = presence::get(&gateway, &caller).await?;
    Ok(Data(OnlineData { online: presence.is_online(), degraded: presence.is_degraded }))
}
