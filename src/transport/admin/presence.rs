//! Whether users are there.

use actix_web::web::{self, ServiceConfig, get};
use serde::Serialize;

use super::{
    access::AnyUser,
    answer::{Answer, Data},
};
use crate::{app::App, domain::presence};

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

async fn online_status(app: web::Data<App>, AnyUser(caller, ()): AnyUser) -> Answer<OnlineData> {
    let presence = presence::get(&app, &caller).await?;
    Ok(Data(OnlineData { online: presence.is_online(), degraded: presence.is_degraded }))
}
