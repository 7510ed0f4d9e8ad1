//! The ops listener, for the gateway's operators and not for its users.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    web::{Data, Json},
};
use futures_util::future;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    error::Error,
    openapi::{Described, Description},
    path::{self, Path},
};
use crate::{
    domain::{self, readiness},
    gateway::Gateway,
    metrics::Metrics,
};

/// Whether the process accepts requests: not before its listeners are open, nor once it is asked to stop.
#[derive(Debug, Default)]
pub struct Readiness {
    is_ready: AtomicBool,
    problems: Mutex<Vec<String>>,
}

impl Readiness {
    /// Sets whether the process accepts requests.
    pub fn set(&self, is_ready: bool) {
        self.is_ready.store(is_ready, Ordering::Relaxed);
    }

    /// Whether the process accepts requests.
    pub fn get(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    /// Logs what is wrong with the servers behind the gateway, when that has changed.
    fn note(&self, problems: Vec<String>) {
        let mut known = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in problems.iter().filter(|problem| !known.contains(problem)) {
            log::warn!("readiness: {problem}");
        }
        *known = problems;
    }
}

/// All paths of the ops listener.
pub fn paths() -> Vec<Path> {
    vec![
        path::ops("/healthz").get(alive, "Whether the process runs"),
        path::ops("/readyz").get(ready, "Whether the gateway can serve requests"),
        path::ops("/metrics").get(metrics, "The metrics of the node, in the text format of Prometheus"),
        path::ops("/version").get(version, "The version of the gateway"),
    ]
}

/// Liveness: the process runs.
async fn alive() -> Alive {
    Alive
}

/// The answer of a process that runs.
struct Alive;

impl Responder for Alive {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().body("ok\n")
    }
}

impl Described for Alive {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_text("The process runs.");
    }
}

/// The state of a node.
#[derive(Serialize, JsonSchema)]
struct Health {
    ready: bool,
    database: &'static str,
    state: &'static str,
}

/// Readiness: 503 if the database is unavailable or the process is stopping. An unavailable Redis is reported but does
/// not affect readiness, because sessions are in the database.
async fn ready(gateway: Data<Gateway>, listening: Data<Readiness>) -> Health {
    let (database, state) = future::join(readiness::check_database(&gateway), readiness::check_state(&gateway)).await;
    let label = |is_up| if is_up { "up" } else { "down" };
    let health = Health {
        ready: listening.get() && database.is_ok(),
        database: label(database.is_ok()),
        state: label(state.is_ok()),
    };
    let causes = [database.err(), state.err()].into_iter().flatten().map(|error| error.to_string());
    listening.note(causes.collect());
    health
}

impl Responder for Health {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut res = if self.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
        res.json(self)
    }
}

impl Described for Health {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_json::<Self>(200, "Ready.");
        operation.answers_json::<Self>(503, "Not ready.");
    }
}

/// The metrics as text.
struct MetricsText(Vec<u8>);

impl Responder for MetricsText {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type(Metrics::MEDIA_TYPE).body(self.0)
    }
}

impl Described for MetricsText {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_text("The metrics, which docs/metrics.md describes.");
    }
}

async fn metrics(gateway: Data<Gateway>) -> Result<MetricsText, Error> {
    Ok(MetricsText(domain::metrics::render(&gateway).await?))
}

/// The version of the gateway.
#[derive(Serialize, JsonSchema)]
struct Version {
    name: &'static str,
    version: &'static str,
}

impl Described for Json<Version> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_json::<Version>(200, "The version.");
    }
}

async fn version() -> Json<Version> {
    Json(Version { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })
}
