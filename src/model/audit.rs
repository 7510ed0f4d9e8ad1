//! The audit log, as it is read.

use std::fmt;

use super::{AdminTokenId, Invalid, Problem, UserId};

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// The row's id.
    pub id: i64,
    /// The time.
    pub at_ms: i64,
    /// Who acted.
    pub actor: AuditActor,
    /// The name of the admin token that acted.
    pub token_name: Option<String>,
    /// The user that an operator acted for.
    pub for_user: Option<UserId>,
    /// The account that the row is about.
    pub user: Option<UserId>,
    /// The operation, as `resource.verb`.
    pub action: String,
    /// The target of the operation.
    pub target: String,
    /// The source address; empty for the command line.
    pub address: String,
    /// The id of the request; empty for the command line.
    pub request_id: String,
    /// `ok`, or the reason of the refusal.
    pub result: String,
}

/// Who acted, in a row of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditActor {
    /// Someone without a token.
    Anonymous,
    /// A user.
    User(UserId),
    /// An admin token.
    AdminToken(AdminTokenId),
    /// The command line.
    CommandLine,
}

impl AuditActor {
    /// The actor of a stored kind and id.
    #[must_use]
    pub const fn stored(kind: i16, id: Option<i64>) -> Self {
        match (kind, id) {
            (1, Some(id)) => Self::User(UserId::stored(id)),
            (2, Some(id)) => Self::AdminToken(AdminTokenId(id)),
            (3, _) => Self::CommandLine,
            _ => Self::Anonymous,
        }
    }

    /// The stored kind and id.
    #[must_use]
    pub const fn columns(self) -> (i16, Option<i64>) {
        match self {
            Self::Anonymous => (0, None),
            Self::User(user) => (1, Some(user.get())),
            Self::AdminToken(token) => (2, Some(token.0)),
            Self::CommandLine => (3, None),
        }
    }

    /// Parses `anonymous`, `user:12`, `admin_token:3` or `command_line`.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            None if text == "anonymous" => Ok(Self::Anonymous),
            None if text == "command_line" => Ok(Self::CommandLine),
            Some(("user", id)) => Ok(Self::User(UserId::parse("actor", id)?)),
            Some(("admin_token", id)) => Ok(Self::AdminToken(AdminTokenId(UserId::parse("actor", id)?.get()))),
            _ => Err(Invalid::new("actor", Problem::Malformed)),
        }
    }
}

impl fmt::Display for AuditActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(user) => write!(f, "user:{user}"),
            Self::AdminToken(token) => write!(f, "admin_token:{}", token.0),
            Self::CommandLine => f.write_str("command_line"),
        }
    }
}

/// The actions that a filter lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditAction {
    /// One action, such as `coins.adjust`.
    One(String),
    /// All actions of a resource, such as `coins.`.
    Resource(String),
}

impl AuditAction {
    /// Parses an action, or a resource with a dot at its end.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const MAX_BYTES: usize = 64;
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        match text.split_once('.').filter(|_| text.len() <= MAX_BYTES) {
            Some((resource, "")) if is_word(resource) => Ok(Self::Resource(text.to_owned())),
            Some((resource, verb)) if is_word(resource) && is_word(verb) => Ok(Self::One(text.to_owned())),
            _ => Err(Invalid::new("action", Problem::Malformed)),
        }
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(text) | Self::Resource(text) => f.write_str(text),
        }
    }
}

/// Which rows of the audit log to read: those that match all of its fields that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who acted.
    pub actor: Option<AuditActor>,
    /// What was done.
    pub action: Option<AuditAction>,
    /// The account that the row is about.
    pub user: Option<UserId>,
    /// The earliest time.
    pub from_ms: Option<i64>,
    /// The time before which it was.
    pub until_ms: Option<i64>,
}

impl AuditFilter {
    /// Parses the texts of a query or of options; times are unix seconds. Empty texts count as absent.
    ///
    /// # Errors
    /// When a text is malformed.
    pub fn parse(
        actor: Option<&str>,
        action: Option<&str>,
        user: Option<&str>,
        from: Option<&str>,
        until: Option<&str>,
    ) -> Result<Self, Invalid> {
        let [actor, action, user, from, until] =
            [actor, action, user, from, until].map(|text| text.filter(|text| !text.is_empty()));
        Ok(Self {
            actor: actor.map(AuditActor::parse).transpose()?,
            action: action.map(AuditAction::parse).transpose()?,
            user: user.map(|text| UserId::parse("user_id", text)).transpose()?,
            from_ms: from.map(|text| time_ms("from", text)).transpose()?,
            until_ms: until.map(|text| time_ms("until", text)).transpose()?,
        })
    }
}

/// A time in unix seconds, up to the year 9999.
fn time_ms(what: &'static str, text: &str) -> Result<i64, Invalid> {
    const MAX_SECS: i64 = 253_402_300_799;
    let secs: i64 = text.parse().map_err(|_| Invalid::new(what, Problem::Malformed))?;
    if (0..=MAX_SECS).contains(&secs) {
        Ok(secs * 1000)
    } else {
        Err(Invalid::new(what, Problem::OutOfRange { min: 0, max: MAX_SECS }))
    }
}

/// The filter in the text of its export's audit row: `actor=user:12 action=coins.`, empty for all rows.
impl fmt::Display for AuditFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = |ms: Option<i64>| ms.map(|ms| (ms / 1000).to_string());
        let texts = [
            ("actor", self.actor.map(|actor| actor.to_string())),
            ("action", self.action.as_ref().map(ToString::to_string)),
            ("user_id", self.user.map(|user| user.to_string())),
            ("from", secs(self.from_ms)),
            ("until", secs(self.until_ms)),
        ];
        let set: Vec<String> = texts.into_iter().filter_map(|(name, text)| Some(format!("{name}={}", text?))).collect();
        f.write_str(&set.join(" "))
    }
}
