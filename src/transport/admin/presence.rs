//! The online status of users.

use actix_web::web::{self, ServiceConfig, get};
use serde::Serialize;

use super::{
    access::AsCaller,
    answer::{Answer, Data},
};
use crate::{domain::presence, gateway::Gateway};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/online_status").route(get().to(online_status)));
}

#[derive(Serialize)]
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
