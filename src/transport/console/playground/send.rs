//! Sends a request to the service of the app listener, within this process: it passes the same middleware and handlers
//! as one from the network.

use std::{fmt, net::SocketAddr};

use actix_http::{Payload, Request as HttpRequest};
use actix_service::{Service as _, ServiceFactory as _, map_config};
use actix_web::{
    body::to_bytes_limited,
    dev::AppConfig,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::{Bytes, Data},
};

use super::request::Request;
use crate::{
    domain,
    gateway::Gateway,
    transport::{Face, Readiness, app::http_app, error::Error},
};

/// An answer.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// Sends a request, as from `peer`.
pub(super) async fn send(
    gateway: &Data<Gateway>,
    readiness: &Data<Readiness>,
    request: &Request,
    peer: Option<SocketAddr>,
) -> Result<Answered, Error> {
    const MAX_BYTES: usize = 1 << 20;
    let app = map_config(http_app(gateway, readiness, Face::App), |()| AppConfig::default());
    let service = app.new_service(()).await.map_err(|()| domain::Error::internal("the service did not start"))?;
    let failed = |error: &dyn fmt::Display| domain::Error::internal(error.to_string());
    let http = http_request(request, peer).map_err(|error| failed(&*error))?;
    let answer = service.call(http).await.map_err(|error| failed(&error))?;
    let (status, headers) = (answer.status(), answer.headers());
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    let body = to_bytes_limited(answer.into_body(), MAX_BYTES).await.map_err(|error| failed(&error))?;
    Ok(Answered { status, content_type, body: body.map_err(|error| failed(&error))? })
}

fn http_request(request: &Request, peer: Option<SocketAddr>) -> Result<HttpRequest, Box<dyn std::error::Error>> {
    let mut http = HttpRequest::with_payload(Payload::from(Bytes::copy_from_slice(&request.body)));
    let head = http.head_mut();
    head.method = request.method.clone();
    head.uri = request.target.clone();
    head.peer_addr = peer;
    for (name, value) in &request.headers {
        head.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    if !request.body.is_empty() {
        head.headers.insert(header::CONTENT_TYPE, request.encoding.content_type());
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(request.body.len()));
    }
    Ok(http)
}
