//! Webhooks: the servers that hear what happens to the accounts of the app.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{Answer, DONE, Data, ListAnswer, Part},
    params::{Flag, Id, Json, Query, number, required, required_number},
};
use crate::{
    domain::webhooks::{self, Answer as Received},
    gateway::Gateway,
    model::{
        Delivery, DeliveryId, DeliveryState, Events, Invalid, NewWebhook, Page, Problem, Webhook, WebhookId, WebhookUrl,
    },
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/webhooks/create").post(create, "Creates a webhook, and shows its secret once"),
        admin("/admin/v1/webhooks/list").get(list, "Lists the webhooks of the app, oldest first"),
        admin("/admin/v1/webhooks/test").post(test, "Posts a test event, and shows the answer"),
        admin("/admin/v1/webhooks/deliveries").get(deliveries, "Lists what was or is to be posted, newest first"),
        admin("/admin/v1/webhooks/resend").post(resend, "Posts events again"),
        admin("/admin/v1/webhooks/rotate").post(rotate, "Replaces the secret, and shows the new one once"),
        admin("/admin/v1/webhooks/delete").post(delete, "Deletes a webhook with what was not delivered yet"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct NewBody {
    /// An https URL of a public host.
    url: Option<String>,
    /// The names of events, such as `user.created`.
    events: Option<Vec<String>>,
    /// Whether what it is asked about is allowed if it can't be asked; false by default.
    fail_open: Option<Flag>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CreatedWebhook {
    pub(crate) id: i64,
    /// The key that signs posts: `whsec_…`.
    pub(crate) secret: String,
}

async fn create(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<NewBody>>,
) -> Answer<CreatedWebhook> {
    let new = NewWebhook {
        url: WebhookUrl::parse(&required("url", body.url)?, gateway.config.webhook_allows_private)?,
        events: Events::parse(&required("events", body.events)?)?,
        fails_open: body.fail_open.is_some_and(Flag::get),
    };
    let (id, secret) = webhooks::create(&gateway, &operator, new).await?;
    Ok(Data(CreatedWebhook { id: id.0, secret }))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct WebhookData {
    pub(crate) id: i64,
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    /// Whether what it is asked about is allowed if it can't be asked.
    pub(crate) fail_open: bool,
    /// Unix time in seconds.
    pub(crate) created_at: i64,
    /// Until when posts are also signed with the secret before, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_secret_until: Option<i64>,
}

impl WebhookData {
    /// A webhook at that time.
    pub(crate) fn new(webhook: &Webhook, now_ms: i64) -> Self {
        let previous_until_ms = Some(webhook.previous_secret_until_ms).filter(|until_ms| *until_ms > now_ms);
        Self {
            id: webhook.id.0,
            url: webhook.url.as_str().to_owned(),
            events: webhook.events.names().map(str::to_owned).collect(),
            fail_open: webhook.fails_open,
            created_at: webhook.created_at_ms.div_euclid(1000),
            previous_secret_until: previous_until_ms.map(|ms| ms.div_euclid(1000)),
        }
    }
}

async fn list(gateway: web::Data<Gateway>, AsOperator(operator, ()): AsOperator) -> Answer<Vec<WebhookData>> {
    let now_ms = gateway.clock.now_ms();
    let all = webhooks::list(&gateway, &operator).await?;
    Ok(Data(all.iter().map(|webhook| WebhookData::new(webhook, now_ms)).collect()))
}

#[derive(Deserialize, JsonSchema)]
struct WebhookBody {
    id: Option<Id>,
}

impl WebhookBody {
    fn parse(self) -> Result<WebhookId, Invalid> {
        required("id", self.id)?.number("id").map(WebhookId)
    }
}

/// How a test ended.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TestData {
    /// Whether the receiver accepted the post.
    pub(crate) success: bool,
    /// Its HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

impl From<Result<Received, String>> for TestData {
    fn from(answer: Result<Received, String>) -> Self {
        match answer {
            Ok(answer) => Self { success: answer.is_success(), status: Some(answer.status), problem: None },
            Err(problem) => Self { success: false, status: None, problem: Some(problem) },
        }
    }
}

async fn test(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<WebhookBody>>,
) -> Answer<TestData> {
    Ok(Data(webhooks::test(&gateway, &operator, body.parse()?).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
struct DeliveriesQuery {
    /// The webhook.
    id: Option<String>,
    /// `pending`, `delivered` or `parked`; all by default.
    state: Option<String>,
    cursor: Option<String>,
    page_size: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DeliveryData {
    pub(crate) id: i64,
    /// The header `webhook-id` of its posts.
    pub(crate) message_id: String,
    pub(crate) event: String,
    pub(crate) user_id: i64,
    /// When it happened, in Unix milliseconds.
    pub(crate) at_ms: i64,
    /// `pending`, `delivered` or `parked`.
    pub(crate) state: &'static str,
    /// How often it was tried.
    pub(crate) attempts: i32,
    /// When it was last tried, in Unix milliseconds; 0 for never.
    pub(crate) last_attempt_at_ms: i64,
    /// When a pending one is tried again, in Unix milliseconds; 0 for at once.
    pub(crate) next_attempt_at_ms: i64,
    /// What the receiver answered to the last attempt, or why there was no answer.
    pub(crate) result: String,
}

impl From<Delivery> for DeliveryData {
    fn from(delivery: Delivery) -> Self {
        let (message_id, state) = (delivery.message_id(), delivery.state);
        Self {
            id: delivery.id.0,
            message_id,
            event: delivery.event,
            user_id: delivery.user.get(),
            at_ms: delivery.at_ms,
            state: state.name(),
            attempts: delivery.attempts,
            last_attempt_at_ms: delivery.last_attempt_at_ms,
            next_attempt_at_ms: delivery.next_attempt_at_ms,
            result: delivery.result,
        }
    }
}

async fn deliveries(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<DeliveriesQuery>>,
) -> ListAnswer<DeliveryData> {
    let DeliveriesQuery { id, state, cursor, page_size } = query;
    let id = WebhookId(required_number("id", id.as_deref())?);
    let state = state.as_deref().filter(|state| !state.is_empty()).map(DeliveryState::parse).transpose()?;
    let size = number("page_size", page_size.as_deref())?;
    let page = match cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => Page::parse_after(cursor, size)?,
        None => Page::parse(None, size)?,
    };
    let listed = webhooks::list_deliveries(&gateway, &operator, id, state, page).await?;
    Ok(Part::of(listed, DeliveryData::from))
}

#[derive(Deserialize, JsonSchema)]
struct ResendBody {
    /// The webhook.
    id: Option<Id>,
    /// The ids of deliveries, up to 1000; without any, all that are parked.
    deliveries: Option<Vec<Id>>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ResentData {
    /// How many events are posted again.
    pub(crate) resent: usize,
}

async fn resend(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<ResendBody>>,
) -> Answer<ResentData> {
    const MAX: usize = 1000;
    let id = WebhookId(required("id", body.id)?.number("id")?);
    let list = body.deliveries.unwrap_or_default();
    if list.len() > MAX {
        return Err(Invalid::new("deliveries", Problem::TooMany { max: MAX }).into());
    }
    let ids: Result<Vec<_>, Invalid> = list.into_iter().map(|id| id.number("deliveries").map(DeliveryId)).collect();
    Ok(Data(ResentData { resent: webhooks::resend(&gateway, &operator, id, ids?).await? }))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct WebhookSecret {
    /// The key that signs posts: `whsec_…`.
    pub(crate) secret: String,
}

async fn rotate(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<WebhookBody>>,
) -> Answer<WebhookSecret> {
    Ok(Data(WebhookSecret { secret: webhooks::rotate(&gateway, &operator, body.parse()?).await? }))
}

async fn delete(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<WebhookBody>>,
) -> Answer<bool> {
    webhooks::delete(&gateway, &operator, body.parse()?).await?;
    DONE
}
