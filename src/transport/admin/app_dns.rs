//! Service discovery for SDKs.

use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{answer::Both, params::Query};
use crate::{
    domain::{Error as Refusal, access::authenticate},
    gateway::Gateway,
    model::TenantId,
    transport::path::{Path, admin},
    transport::{
        access::origin,
        error::{Error, Protocol},
        upload::base_url,
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/v2/app_dns").get(app_dns, "Tells SDKs where the servers of an app are"),
        admin("/app_dns").get(app_dns, "Tells older SDKs where the servers of an app are"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct AppQuery {
    app_id: Option<String>,
}

#[derive(Clone, Serialize, JsonSchema)]
struct Endpoint {
    protocol: &'static str,
    host: String,
}

#[derive(Serialize, JsonSchema)]
struct Cluster {
    ratel: Vec<Endpoint>,
    webim: Vec<Endpoint>,
    ws: Vec<Endpoint>,
    rtc: Vec<Endpoint>,
}

#[derive(Serialize, JsonSchema)]
struct Group {
    group_level: i32,
    clusters: Vec<Cluster>,
}

#[derive(Serialize, JsonSchema)]
struct AppDns {
    version: i64,
    app_status: i32,
    dns_list: Vec<Group>,
}

/// Every endpoint is the host at which the client reached the gateway.
async fn app_dns(
    gateway: web::Data<Gateway>,
    req: HttpRequest,
    Query(query): Query<AppQuery>,
) -> Result<Both<AppDns>, Error> {
    let name = query.app_id.filter(|name| !name.is_empty()).ok_or(Protocol::TenantMissing)?;
    let name = TenantId::parse(&name).map_err(|_| Refusal::TenantUnknown)?;
    authenticate::anonymous(&gateway, name, origin(&req)?).await?;
    let own = base_url(&gateway, &req);
    let (http, ws, rest) = match own.strip_prefix("https://") {
        Some(rest) => ("https", "wss", rest),
        None => ("http", "ws", own.trim_start_matches("http://")),
    };
    let host = rest.split('/').next().unwrap_or_default();
    let at = |protocol| vec![Endpoint { protocol, host: host.to_owned() }];
    let cluster = Cluster { ratel: at(http), webim: at(http), ws: at(ws), rtc: at(http) };
    let group = Group { group_level: 0, clusters: vec![cluster] };
    Ok(Both(AppDns { version: 1, app_status: 0, dns_list: vec![group] }))
}
