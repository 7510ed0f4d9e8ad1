//! SMS through a webhook: a signed JSON POST (docs/delivery.md).

use std::sync::Arc;

use serde::Serialize;
use ureq::{Agent, http::Response};

use super::{
    Channel, Message, SendError,
    posts::retry_after,
    signature::{self, WebhookKey},
    texts,
};
use crate::{clock::Clock, config::Config, http_client, logging, secret};

/// The webhook that forwards SMS to a provider.
pub(super) struct Webhook {
    agent: Agent,
    url: String,
    key: String,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Body<'a> {
    app_id: &'a str,
    mobile: &'a str,
    purpose: &'static str,
    code: &'a str,
    text: &'a str,
    request_id: &'a str,
}

impl Webhook {
    /// The configured webhook, if any.
    pub(super) fn new(config: &Config, clock: &Arc<dyn Clock>) -> Option<Self> {
        let (url, key) = (config.sms_webhook_url.as_ref()?, config.sms_webhook_secret.clone()?);
        let agent = http_client::config(Some(config.delivery_timeout)).new_agent();
        Some(Self { agent, url: url.to_string(), key, clock: Arc::clone(clock) })
    }
}

#[async_trait::async_trait]
impl Channel for Webhook {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let body = Body {
            app_id: message.tenant.as_str(),
            mobile: message.to.as_str(),
            purpose: message.purpose.name(),
            code: message.code.reveal(),
            text: &texts::text(message).plain,
            request_id: &message.request_id,
        };
        let body = serde_json::to_string(&body).map_err(|error| SendError::Final(error.to_string()))?;
        let timestamp = self.clock.now_ms() / 1000;
        let standard = signature::headers(&[WebhookKey::parse(&self.key)], &message.id, timestamp, &body);
        let signature = secret::hex(&secret::hmac(self.key.as_bytes(), format!("{timestamp}.{body}").as_bytes()));
        let request = standard
            .into_iter()
            .fold(self.agent.post(&self.url), |request, (name, value)| request.header(name, value))
            .header("content-type", "application/json")
            .header("x-diglot-timestamp", timestamp.to_string())
            .header("x-diglot-signature", signature);
        // The agent blocks for at most the configured timeout.
        let answer = tokio::task::spawn_blocking(logging::carry_over(move || request.send(body))).await;
        judge(answer.map_err(|error| SendError::Final(error.to_string()))?)
    }

    /// Asks for nothing but the head of an answer, whose status does not matter: only a post has to be accepted.
    async fn check(&self) -> Result<(), SendError> {
        let request = self.agent.head(&self.url);
        let answer = tokio::task::spawn_blocking(move || request.call()).await;
        let answer = answer.map_err(|error| SendError::Final(error.to_string()))?;
        answer.map(drop).map_err(|error| SendError::passing(error.to_string()))
    }
}

/// Classifies the webhook's answer.
fn judge(answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<(), SendError> {
    let answer = answer.map_err(|error| SendError::passing(error.to_string()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let problem = format!("the webhook answered {status}");
    // RFC 9110 §15: of the error statuses, only these are temporary.
    if status.is_server_error() || [408, 425, 429].contains(&status.as_u16()) {
        return Err(SendError::Passing { problem, wait: retry_after(&answer) });
    }
    Err(SendError::Final(problem))
}
