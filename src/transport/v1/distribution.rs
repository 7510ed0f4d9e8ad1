//! Where clients find the parts of a deployment.

use actix_web::{HttpRequest, web::Data};

use super::access::AsAnonymous;
use crate::{
    domain::avatars,
    gateway::Gateway,
    transport::{
        own_url::own_url,
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/misc/configure-distribution")
            .get(configure_distribution, "Tells clients the URLs of the deployment"),
    ]
}

/// Those that are not configured are the gateway's own, as the client reached it.
async fn configure_distribution(
    gateway: Data<Gateway>,
    req: HttpRequest,
    AsAnonymous(_, ()): AsAnonymous,
) -> Reply<pb::ConfigureDistributionResponse> {
    let own = own_url(&req).map(|url| url.origin().ascii_serialization());
    let own_at = |path: &str| own.as_ref().map(|base| format!("{base}{path}")).unwrap_or_default();
    let configured = &gateway.config.distribution;
    // Clients append names to them.
    let at = |name: &str, path: &str| configured.url(name).map_or_else(|| own_at(path), |url| format!("{url}/"));
    let url = |name: &str| at(name, "/");
    Ok(Wire(pb::ConfigureDistributionResponse {
        status: None,
        audio_url: url("audio"),
        file_url: url("file"),
        image_url: at("image", avatars::PATH),
        server_url: url("server"),
        share_url: url("share"),
        video_url: url("video"),
        websocket_url: configured.url("websocket").map_or_else(|| socket_url(&own_at("/ws")), str::to_owned),
    }))
}

/// `http://host/ws` → `ws://host/ws`.
fn socket_url(url: &str) -> String {
    url.replacen("http", "ws", 1)
}
