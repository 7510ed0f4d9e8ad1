//! What a tenant's servers are asked about before it happens: registrations and logins.

use std::time::Duration;

use futures_util::future;

use super::keys;
use crate::{
    delivery::{Post, Subject, Verdict, question_body},
    domain::{Anonymous, Error},
    gateway::Gateway,
    model::{BeforeEvent, Webhook},
    store::webhooks,
};

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum number of characters of a reason that the user is shown.
const MAX_TEXT_CHARS: usize = 200;

/// Asks all of the tenant's webhooks that subscribe to `event`.
///
/// # Errors
/// [`Error::RefusedByApp`] if one refuses; [`Error::Unavailable`] if one can't be asked that does not fail open.
pub(in crate::domain) async fn ask(
    gateway: &Gateway,
    anonymous: &Anonymous,
    event: BeforeEvent,
    subject: impl FnOnce() -> Who,
) -> Result<(), Error> {
    if !anonymous.tenant().asks_before(event) {
        return Ok(());
    }
    let Who { user_id, name, device_id } = subject();
    let origin = anonymous.origin();
    let (address, user_agent) = (origin.address.to_string(), origin.user_agent.clone());
    let subject = Subject { user_id, name, device_id, address, user_agent };
    let tenant = anonymous.tenant_id().clone();
    let all = gateway.db.read(move |conn| webhooks::list(conn, &tenant)).await?;
    let asked = all.iter().filter(|webhook| webhook.events.names().any(|name| name == event.name()));
    let answers = future::join_all(asked.map(|webhook| ask_one(gateway, webhook, event, &subject))).await;
    answers.into_iter().collect()
}

/// Who is about to register or to log in.
#[derive(Clone, Debug, Default)]
pub(in crate::domain) struct Who {
    /// The account, if it exists.
    pub(in crate::domain) user_id: Option<i64>,
    /// The login name or the mobile number, if it is known.
    pub(in crate::domain) name: Option<String>,
    /// The client's id of its device.
    pub(in crate::domain) device_id: Option<String>,
}

async fn ask_one(gateway: &Gateway, webhook: &Webhook, event: BeforeEvent, subject: &Subject) -> Result<(), Error> {
    const ID_CHARS: usize = 22;
    let now_ms = gateway.clock.now_ms();
    let post = Post {
        url: webhook.url.as_str().to_owned(),
        id: format!("ask_{}", gateway.random.base62(ID_CHARS)?),
        timestamp_secs: now_ms.div_euclid(1000),
        keys: keys(gateway, webhook),
        body: question_body(&webhook.tenant, event, subject, now_ms),
        timeout: TIMEOUT,
    };
    let verdict = match gateway.posts.send(post).await {
        Ok(answer) if answer.is_success() => Verdict::parse(&answer.body).ok_or("its answer is no verdict".to_owned()),
        Ok(answer) => Err(format!("HTTP {}", answer.status)),
        Err(problem) => Err(problem),
    };
    match verdict {
        Ok(Verdict { allow: true, .. }) => Ok(()),
        Ok(Verdict { text, .. }) => Err(Error::RefusedByApp { text: shown(&text) }),
        Err(problem) if webhook.fails_open => {
            log::warn!("webhook {} could not be asked about {}: {problem}; allowed", webhook.id.0, event.name());
            Ok(())
        }
        Err(problem) => Err(Error::unavailable(format!("webhook {}: {problem}", webhook.id.0))),
    }
}

/// The reason as the user is shown it: one line without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT_CHARS).collect()
}
