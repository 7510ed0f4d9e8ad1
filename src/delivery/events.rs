//! The JSON of posts to webhooks, and of the answers to questions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::{BeforeEvent, Delivery, EndReason, TenantId};

/// The envelope of the Standard Webhooks specification.
fn envelope(event: &str, at_ms: i64, tenant: &TenantId, mut data: Map<String, Value>) -> String {
    data.insert("app".to_owned(), json!(tenant.as_str()));
    let timestamp = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    json!({"type": event, "timestamp": format!("{timestamp:.3}"), "data": data}).to_string()
}

/// The body of the post for an event.
#[must_use]
pub fn event_body(tenant: &TenantId, delivery: &Delivery) -> String {
    let mut data: Map<String, Value> = serde_json::from_str(&delivery.detail).unwrap_or_default();
    data.insert("user_id".to_owned(), delivery.user.get().into());
    if delivery.event == "session.ended" {
        let code = data.get("reason").and_then(Value::as_i64).unwrap_or_default();
        data.insert("reason".to_owned(), EndReason::name_of(code).into());
    }
    envelope(&delivery.event, delivery.at_ms, tenant, data)
}

/// The body of a post that shows whether a webhook works.
#[must_use]
pub fn test_body(tenant: &TenantId, now_ms: i64) -> String {
    envelope("webhook.test", now_ms, tenant, Map::new())
}

/// Who is about to register or to log in.
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// The account, if it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// The login name or the mobile number, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The client's id of its device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The source address.
    pub address: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
}

/// The body of a question.
#[must_use]
pub fn question_body(tenant: &TenantId, event: BeforeEvent, subject: &Subject, now_ms: i64) -> String {
    let data = match serde_json::to_value(subject) {
        Ok(Value::Object(data)) => data,
        Ok(_) | Err(_) => Map::new(),
    };
    envelope(event.name(), now_ms, tenant, data)
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// Whether it may happen.
    pub allow: bool,
    /// Why not, for the user.
    #[serde(default)]
    pub text: String,
}

impl Verdict {
    /// Reads the body of an answer; `None` if it is anything else.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}
