//! `diglot webhook`.

use clap::{Args, Subcommand};

use super::{
    Failure, Outcome, SettingFlags, Tenant, build_gateway,
    output::{Column, Output, Row, time, time_of_secs, time_or_never},
};
use crate::{
    domain::webhooks,
    gateway::Gateway,
    model::{DeliveryId, DeliveryState, Events, Invalid, Listing, NewWebhook, Page, WebhookId, WebhookUrl},
    transport::{
        block_on,
        data::{CreatedWebhook, DeliveryData, ResentData, TestData, WebhookData, WebhookSecret},
    },
};

#[derive(Subcommand)]
pub(super) enum WebhookCommand {
    /// Create a webhook; prints its secret once
    Create {
        #[command(flatten)]
        tenant: Tenant,
        /// Where events are posted to: an https URL of a public host
        #[arg(long)]
        url: String,
        /// The events that it is sent, separated by commas: user.created,session.ended
        #[arg(long, value_delimiter = ',', required = true)]
        events: Vec<String>,
        /// Allow what it is asked about if it can't be asked
        #[arg(long)]
        fail_open: bool,
    },
    /// List an app's webhooks
    List {
        #[command(flatten)]
        tenant: Tenant,
    },
    /// Post a test event; fails if the receiver does not accept it
    Test(One),
    /// List what was or is to be posted, newest first
    Deliveries {
        #[command(flatten)]
        one: One,
        /// Only those that are pending, delivered or parked
        #[arg(long)]
        state: Option<String>,
        /// Continue after a page, which ended with this cursor
        #[arg(long)]
        cursor: Option<String>,
        /// Items per page, up to 200
        #[arg(long, value_name = "N", default_value_t = 50)]
        size: i64,
    },
    /// Post events again; prints how many they are
    Resend {
        #[command(flatten)]
        one: One,
        /// A delivery; all that are parked by default
        #[arg(long = "delivery", value_name = "ID")]
        deliveries: Vec<i64>,
    },
    /// Replace the secret; prints the new one once. Posts are signed with both for a day
    Rotate(One),
    /// Delete a webhook with what was not delivered yet
    Delete(One),
}

/// A webhook of an app.
#[derive(Args)]
pub(super) struct One {
    #[command(flatten)]
    tenant: Tenant,
    /// The webhook's id
    #[arg(long)]
    id: i64,
}

impl Row for WebhookData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |webhook| webhook.id.to_string()),
        ("url", |webhook| webhook.url.clone()),
        ("events", |webhook| webhook.events.join(",")),
        ("fails", |webhook| if webhook.fail_open { "open" } else { "closed" }.to_owned()),
        ("created", |webhook| time_of_secs(webhook.created_at)),
    ];
}

impl Row for DeliveryData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |delivery| delivery.id.to_string()),
        ("state", |delivery| delivery.state.to_owned()),
        ("event", |delivery| delivery.event.clone()),
        ("user", |delivery| delivery.user_id.to_string()),
        ("at", |delivery| time(delivery.at_ms)),
        ("attempts", |delivery| delivery.attempts.to_string()),
        ("last attempt", |delivery| time_or_never(delivery.last_attempt_at_ms)),
        ("result", |delivery| delivery.result.clone()),
    ];
}

pub(super) fn run(settings: &SettingFlags, output: Output, command: WebhookCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            WebhookCommand::Create { tenant, url, events, fail_open } => {
                let new = new_webhook(&gateway, &url, &events, fail_open)?;
                let (id, secret) = webhooks::create(&gateway, &tenant.operator(&gateway).await?, new).await?;
                let created = CreatedWebhook { id: id.0, secret };
                output.print(&created, || {
                    format!("made webhook {}\nits secret, shown this once: {}\n", created.id, created.secret)
                })
            }
            WebhookCommand::List { tenant } => {
                let (now_ms, all) =
                    (gateway.clock.now_ms(), webhooks::list(&gateway, &tenant.operator(&gateway).await?).await?);
                output.list(&all.iter().map(|webhook| WebhookData::new(webhook, now_ms)).collect::<Vec<_>>())
            }
            WebhookCommand::Test(one) => test(&gateway, output, one).await,
            WebhookCommand::Deliveries { one, state, cursor, size } => {
                let state = state.as_deref().map(DeliveryState::parse).transpose()?;
                let page = match cursor {
                    Some(cursor) => Page::parse_after(&cursor, Some(size))?,
                    None => Page::parse(None, Some(size))?,
                };
                let (operator, id) = (one.tenant.operator(&gateway).await?, WebhookId(one.id));
                let Listing { items, next } = webhooks::list_deliveries(&gateway, &operator, id, state, page).await?;
                output.page(Listing { items: items.into_iter().map(DeliveryData::from).collect(), next })
            }
            WebhookCommand::Resend { one, deliveries } => {
                let (operator, id) = (one.tenant.operator(&gateway).await?, WebhookId(one.id));
                let ids = deliveries.into_iter().map(DeliveryId).collect();
                let resent = ResentData { resent: webhooks::resend(&gateway, &operator, id, ids).await? };
                output.line(&resent, resent.resent)
            }
            WebhookCommand::Rotate(one) => {
                let operator = one.tenant.operator(&gateway).await?;
                let new = WebhookSecret { secret: webhooks::rotate(&gateway, &operator, WebhookId(one.id)).await? };
                output.line(&new, &new.secret)
            }
            WebhookCommand::Delete(one) => {
                Ok(webhooks::delete(&gateway, &one.tenant.operator(&gateway).await?, WebhookId(one.id)).await?)
            }
        }
    })
}

fn new_webhook(gateway: &Gateway, url: &str, events: &[String], fails_open: bool) -> Result<NewWebhook, Invalid> {
    let url = WebhookUrl::parse(url, gateway.config.webhook_allows_private)?;
    Ok(NewWebhook { url, events: Events::parse(events)?, fails_open })
}

async fn test(gateway: &Gateway, output: Output, one: One) -> Outcome {
    let operator = one.tenant.operator(gateway).await?;
    let tested = TestData::from(webhooks::test(gateway, &operator, WebhookId(one.id)).await?);
    match (&tested.problem, tested.status) {
        (Some(problem), _) => Err(Failure::Failed(problem.clone())),
        (None, status) if !tested.success => {
            Err(Failure::Failed(format!("the receiver answered HTTP {}", status.unwrap_or_default())))
        }
        (None, _) => output.line(&tested, "accepted"),
    }
}
