//! Where clients find the parts of a deployment.

use actix_web::{HttpRequest, web::Data};
use url::Url;

use super::access::AsAnonymous;
use crate::{
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
    let own = own_url(&req);
    let base = |url: &Url| url.origin().ascii_serialization();
    let own_base = own.as_ref().map(base).unwrap_or_default();
    let own_socket = own.as_ref().map(socket_url).unwrap_or_default();
    let configured = &gateway.config.distribution;
    let url = |name: &str| configured.url(name).unwrap_or(&own_base).to_owned();
    Ok(Wire(pb::ConfigureDistributionResponse {
        status: None,
        audio_url: url("audio"),
        file_url: url("file"),
        image_url: url("image"),
        server_url: url("server"),
        share_url: url("share"),
        video_url: url("video"),
        websocket_url: configured.url("websocket").unwrap_or(&own_socket).to_owned(),
    }))
}

/// `http://host` → `ws://host/ws`.
fn socket_url(own: &Url) -> String {
    format!("{}/ws", own.origin().ascii_serialization().replacen("http", "ws", 1))
}
