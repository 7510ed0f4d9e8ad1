//! Whether users are there.

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
    /// Without the shared state a node tells what it knows itself, and says so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    degraded: bool,
}

async fn online_status(gateway: web::Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Answer<OnlineData> {
    let presence = presence::get(&gateway, &caller).await?;
    Ok(Data(OnlineData { online: presence.is_online(), degraded: presence.is_degraded }))
}
