//! Telling people from programs.

use actix_web::web::{Data, ServiceConfig, post};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::access::Guest;
use crate::{
    app::App,
    domain::verification,
    transport::{
        pb,
        wire::{Reply, Wire, json_native},
    },
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(json_native("/v1/user/captcha").route(post().to(captcha)));
}

async fn captcha(app: Data<App>, Guest(visitor, ()): Guest) -> Reply<pb::CaptchaResponse> {
    let challenge = verification::make_captcha(&app, &visitor).await?;
    let b64s = format!("data:image/png;base64,{}", STANDARD.encode(challenge.png));
    Ok(Wire(pb::CaptchaResponse { status: None, b64s, id: challenge.id }))
}
