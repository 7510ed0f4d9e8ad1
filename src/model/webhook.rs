//! Webhooks: what is posted to other servers, and what they are asked about.

use std::{collections::BTreeSet, net::IpAddr};

use url::{Host, Url};

use super::{EndReason, Invalid, Problem, TenantId, UserId, address::is_public};

/// A webhook's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookId(pub i64);

/// The id of a delivery: of one event to one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

/// The names of the events that are posted after they happened.
const AFTER: [&str; 12] = [
    "user.created",
    "user.updated",
    "user.deleted",
    "user.disabled",
    "user.enabled",
    "session.created",
    "session.ended",
    "presence.online",
    "presence.offline",
    "coins.changed",
    "password.changed",
    "contact.changed",
];

/// What a webhook is asked about before it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeforeEvent {
    /// The registration of an account by an anonymous requester.
    Register,
    /// A login whose password or code is right.
    Login,
}

impl BeforeEvent {
    const ALL: [Self; 2] = [Self::Register, Self::Login];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "before.register",
            Self::Login => "before.login",
        }
    }
}

/// The names of the events that a webhook is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events(BTreeSet<String>);

impl Events {
    /// Events from the store.
    #[must_use]
    pub fn stored(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// # Errors
    /// When `names` is empty, one is unknown, or some are asked about before and some posted after they happen.
    pub fn parse(names: &[String]) -> Result<Self, Invalid> {
        let is_before = |name: &String| BeforeEvent::ALL.iter().any(|event| event.name() == name);
        let names: BTreeSet<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let problem = if names.is_empty() {
            Problem::Missing
        } else if !names.iter().all(|name| is_before(name) || AFTER.contains(&name.as_str())) {
            Problem::Unknown
        } else if names.iter().any(is_before) && !names.iter().all(is_before) {
            Problem::Malformed
        } else {
            return Ok(Self(names));
        };
        Err(Invalid::new("events", problem))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The URL of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    const MAX_CHARS: usize = 2048;

    /// A URL from the store.
    #[must_use]
    pub const fn stored(url: String) -> Self {
        Self(url)
    }

    /// Parses an https URL of a public host. `may_be_private` permits http, and hosts in private networks. A host name is
    /// resolved, and its addresses are checked, when something is posted.
    ///
    /// # Errors
    /// When it is anything else, or has a user name, a password or a fragment.
    pub fn parse(text: &str, may_be_private: bool) -> Result<Self, Invalid> {
        let invalid = |problem| Invalid::new("url", problem);
        if text.is_empty() {
            return Err(invalid(Problem::Missing));
        }
        if text.len() > Self::MAX_CHARS {
            return Err(invalid(Problem::TooLong { max: Self::MAX_CHARS }));
        }
        let url = Url::parse(text).map_err(|_| invalid(Problem::Malformed))?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let has_scheme = url.scheme() == "https" || (may_be_private && url.scheme() == "http");
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(invalid(Problem::Malformed)),
        };
        if !is_plain || !has_scheme || address.is_some_and(|address| !may_be_private && !is_public(address)) {
            return Err(invalid(Problem::Malformed));
        }
        Ok(Self(url.into()))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL without its query.
    #[must_use]
    pub fn without_query(&self) -> &str {
        self.0.split('?').next().unwrap_or_default()
    }
}

/// A new webhook.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where it is posted to.
    pub url: WebhookUrl,
    /// What it is sent.
    pub events: Events,
    /// Whether what it is asked about is allowed if it can't be asked.
    pub fails_open: bool,
}

/// A webhook of a tenant.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The tenant.
    pub tenant: TenantId,
    /// Where it is posted to.
    pub url: WebhookUrl,
    /// What it is sent.
    pub events: Events,
    /// The version of its secret.
    pub secret_version: i32,
    /// Until when posts are also signed with the secret before.
    pub previous_secret_until_ms: i64,
    /// Whether what it is asked about is allowed if it can't be asked.
    pub fails_open: bool,
    /// When it was created.
    pub created_at_ms: i64,
}

/// Whether an event has been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Not yet.
    Pending,
    /// The receiver has accepted it.
    Delivered,
    /// The receiver has not accepted it for a day; it is not tried again unless an operator resends it.
    Parked,
}

impl DeliveryState {
    /// The code in the store.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Pending => 0,
            Self::Delivered => 1,
            Self::Parked => 2,
        }
    }

    /// The state of a code in the store.
    #[must_use]
    pub const fn stored(code: i16) -> Self {
        match code {
            0 => Self::Pending,
            1 => Self::Delivered,
            _ => Self::Parked,
        }
    }

    /// # Errors
    /// When `text` is not the name of a state.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let all = [Self::Pending, Self::Delivered, Self::Parked];
        all.into_iter().find(|state| state.name() == text).ok_or(Invalid::new("state", Problem::Unknown))
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }
}

/// An event to be posted to a webhook, or that was.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The account that the event is about.
    pub user: UserId,
    /// The name of the event.
    pub event: String,
    /// When it happened.
    pub at_ms: i64,
    /// What it says besides: a JSON object.
    pub detail: String,
    /// Whether it has been delivered.
    pub state: DeliveryState,
    /// How often that was tried.
    pub attempts: i32,
    /// When it is tried again.
    pub next_attempt_at_ms: i64,
    /// When it was last tried; 0 for never.
    pub last_attempt_at_ms: i64,
    /// How the last attempt ended.
    pub result: String,
}

impl Delivery {
    /// The id of the post, the same for every attempt.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("evt_{}_{}", self.at_ms, self.id.0)
    }
}

impl EndReason {
    /// Its name in events; a session that has only expired has no reason.
    #[must_use]
    pub fn name_of(code: i64) -> &'static str {
        const ALL: [(EndReason, &str); 9] = [
            (EndReason::Logout, "logout"),
            (EndReason::Replaced, "replaced"),
            (EndReason::Disabled, "disabled"),
            (EndReason::TooManySessions, "too_many_sessions"),
            (EndReason::PasswordChanged, "password_changed"),
            (EndReason::TakenOffline, "taken_offline"),
            (EndReason::Deleted, "deleted"),
            (EndReason::Kicked, "kicked"),
            (EndReason::DeviceRemoved, "device_removed"),
        ];
        ALL.iter().find(|(reason, _)| i64::from(reason.code()) == code).map_or("expired", |(_, name)| name)
    }
}
