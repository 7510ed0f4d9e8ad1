//! Posts to webhooks: JSON over HTTP, without redirects and proxies, and only to addresses that may be reached.

use std::time::{Duration, Instant};

use ureq::{
    Agent, Timeout,
    http::{Response, Uri, header::RETRY_AFTER},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use super::signature::{self, WebhookKey};
use crate::{http_client, logging, model::is_public};

/// The largest answer that is read.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// How much longer than its timeout a post may take.
const MARGIN: Duration = Duration::from_millis(250);

/// A post to a webhook.
#[derive(Clone)]
pub struct Post {
    /// Where it is sent to.
    pub url: String,
    /// Its id, the same for every attempt.
    pub id: String,
    /// The time of the attempt, in Unix seconds.
    pub timestamp_secs: i64,
    /// The keys that sign it.
    pub keys: Vec<WebhookKey>,
    /// The JSON.
    pub body: String,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// The answer to a post.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the receiver asked to wait before the next attempt.
    pub wait: Option<Duration>,
    /// The body; empty if it is too large or not text.
    pub body: String,
}

impl Answer {
    /// Whether the receiver has accepted the post.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// Sends posts.
pub struct Posts {
    agent: Agent,
}

impl Posts {
    /// `may_be_private` permits hosts in private networks.
    #[must_use]
    pub fn new(may_be_private: bool) -> Self {
        let agent =
            Agent::with_parts(http_client::config(None), DefaultConnector::default(), PublicOnly { may_be_private });
        Self { agent }
    }

    /// Sends a post, and waits for its answer.
    ///
    /// # Errors
    /// Why there was no answer, without anything secret.
    pub async fn send(&self, post: Post) -> Result<Answer, String> {
        let request = signature::headers(&post.keys, &post.id, post.timestamp_secs, &post.body)
            .into_iter()
            .fold(self.agent.post(&post.url), |request, (name, value)| request.header(name, value))
            .header("content-type", "application/json")
            .config()
            .timeout_global(Some(post.timeout))
            .build();
        let (until, body) = (Instant::now() + post.timeout, post.body);
        let send = logging::carry_over(move || {
            // It may have waited for a thread for so long that nobody waits for it any more.
            if Instant::now() < until {
                request.send(body).map(read)
            } else {
                Err(ureq::Error::Timeout(Timeout::Global))
            }
        });
        // The agent blocks for at most the timeout; the rest is the time until it gets a thread.
        match tokio::time::timeout(post.timeout + MARGIN, tokio::task::spawn_blocking(send)).await {
            Ok(Ok(answer)) => answer.map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no thread in time".to_owned()),
        }
    }
}

fn read(mut response: Response<ureq::Body>) -> Answer {
    let (status, wait) = (response.status().as_u16(), retry_after(&response));
    let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string().unwrap_or_default();
    Answer { status, wait, body }
}

/// The seconds of `Retry-After` (RFC 9110 §10.2.3). Its other form, a date, is ignored.
pub(super) fn retry_after(response: &Response<ureq::Body>) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Resolves names to public addresses only, so that nobody can make the gateway post to what only it can reach. The
/// connection is made to an address that was checked.
#[derive(Debug)]
struct PublicOnly {
    may_be_private: bool,
}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let all = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut permitted = self.empty();
        for address in all.iter().filter(|address| self.may_be_private || is_public(address.ip())) {
            permitted.push(*address);
        }
        if permitted.is_empty() { Err(ureq::Error::Other("its address is not public".into())) } else { Ok(permitted) }
    }
}
