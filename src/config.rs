//! The configuration: read once and validated as a whole. Only this module reads the environment.

mod distribution;
mod reader;
mod reloadable;
mod secret_file;
mod settings;
mod values;

use std::{
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use url::Url;

use self::reader::Reader;
pub use self::{
    distribution::Distribution,
    reloadable::Reloadable,
    secret_file::SecretSource,
    settings::{Redaction, SETTINGS, Setting},
    values::{Flags, ShownSetting, Source, Value, Values},
};
use crate::{
    logging::LogFormat,
    media::MediaUrl,
    model::{AvatarBase, Days, TenantId},
    places::PlacesFile,
    secret::{UNREADABLE_URL, require_readable},
    state::RedisUrl,
    store::DatabaseUrl,
    tls::TlsFiles,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The validated and typed configuration. [`SETTINGS`] describes each setting.
#[derive(Clone)]
pub struct Config {
    /// Development mode (`--dev`), for use on one machine.
    pub is_dev: bool,
    /// Address of the app face and of `/user`.
    pub listen: SocketAddr,
    /// Address of the web face.
    pub web_listen: Option<SocketAddr>,
    /// The certificate of the app and web listeners, if they use TLS.
    pub tls: Option<TlsFiles>,
    /// Host names that select the web face, in lower case.
    pub web_hosts: Vec<String>,
    /// Address of the health, readiness and version endpoints.
    pub ops_listen: Option<SocketAddr>,
    /// The database.
    pub database_url: DatabaseUrl,
    /// Maximum number of database connections.
    pub database_connections: u32,
    /// Memory for the node's cache of the database.
    pub cache_bytes: u64,
    /// Redis, if the state is shared.
    pub redis_url: Option<RedisUrl>,
    /// Prefix of all keys in Redis.
    pub redis_prefix: String,
    /// The tenant of a /v1 request without an `app_id`.
    pub default_app: TenantId,
    /// Source of the server's secret.
    pub secret: SecretSource,
    /// bcrypt cost of password hashes.
    pub bcrypt_cost: u32,
    /// Threads for password hashing.
    pub hashing_threads: NonZeroUsize,
    /// Threads that serve requests.
    pub workers: NonZeroUsize,
    /// Age at which a session expires, regardless of use.
    pub session_max_age_ms: i64,
    /// Idle time after which a session expires.
    pub session_max_idle_ms: i64,
    /// Networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the app and web listeners serve the API's documentation.
    pub has_public_docs: bool,
    /// Whether the ops listener has the console for operators.
    pub has_console: bool,
    /// Where avatars are that are given as names.
    pub avatar_base: Option<AvatarBase>,
    /// Where uploaded avatars are stored, if they can be uploaded.
    pub media: Option<MediaUrl>,
    /// The issuer of access tokens.
    pub issuer_url: Option<Url>,
    /// The URLs that clients are told.
    pub distribution: Distribution,
    /// The file that says where logins come from.
    pub places: Option<PlacesFile>,
    /// Whether lists of other services are answered as empty ones.
    pub has_neighbour_stubs: bool,
    /// How long rows of the audit log are kept; `None` for ever.
    pub audit_retention: Option<Days>,
    /// Time zone of times formatted as text.
    pub timezone: TimeZone,
    /// The SMTP server.
    pub smtp_url: Option<Url>,
    /// The sender of e-mail.
    pub mail_from: Option<Mailbox>,
    /// URL to which SMS to be sent are posted.
    pub sms_webhook_url: Option<Url>,
    /// Key that signs these posts.
    pub sms_webhook_secret: Option<String>,
    /// Whether webhooks may have http URLs and hosts in private networks.
    pub webhook_allows_private: bool,
    /// How long a device counts as online after a request.
    pub presence_ttl_ms: i64,
    /// Timeout of an attempt to send a code.
    pub delivery_timeout: Duration,
    /// Seconds between failing `/readyz` and closing the listeners.
    pub drain_secs: u64,
    /// Seconds that running requests have to finish on shutdown.
    pub shutdown_secs: u64,
    /// The format of the log.
    pub log_format: LogFormat,
    /// The settings that can change while the process runs, as it started with them; [`crate::gateway::Gateway`] has
    /// the current ones.
    pub reloadable: Reloadable,
}

impl Config {
    /// The raw values from `flags`, the process' environment and `file`.
    ///
    /// # Errors
    /// All problems of the file.
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the environment")]
    pub fn values(flags: &Flags, file: Option<&Path>) -> Result<Values, Vec<String>> {
        // A variable that is not UTF-8 is not one of our settings; `vars` would panic on it.
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Values::gather(flags, std::env::vars_os().filter_map(text), file)
    }

    /// Validates all values and converts them to their types.
    ///
    /// # Errors
    /// All problems, each with the name of its setting.
    pub fn check(values: &Values, is_dev: bool) -> Result<Self, Vec<String>> {
        let unknown = |name| format!("{name}: is not a setting; `diglot config` lists all");
        let mut read = Reader { values, problems: values.unknown.iter().map(unknown).collect() };
        let database_url: Option<DatabaseUrl> = read.required("DATABASE_URL");
        let ops_listen: Option<SocketAddr> = read.optional("DIGLOT_OPS_LISTEN");
        let config = Self {
            is_dev,
            listen: read.required("DIGLOT_LISTEN").unwrap_or_else(nowhere),
            web_listen: read.optional("DIGLOT_WEB_LISTEN"),
            tls: read.tls(),
            web_hosts: read.list("DIGLOT_WEB_HOSTS", |host| Ok::<_, String>(host.to_ascii_lowercase())),
            ops_listen,
            secret: read.secret(database_url.as_ref()),
            media: read.media(database_url.as_ref()),
            database_url: database_url.unwrap_or_else(|| DatabaseUrl::Sqlite(PathBuf::new())),
            database_connections: read.number("DIGLOT_DATABASE_CONNECTIONS", 1, 500),
            cache_bytes: (1 << 20) * read.number::<u64>("DIGLOT_CACHE_MIB", 0, 1_000_000),
            redis_url: read.optional("REDIS_URL"),
            redis_prefix: read.required_as("DIGLOT_REDIS_PREFIX", redis_prefix).unwrap_or_default(),
            default_app: read
                .required_as("DIGLOT_DEFAULT_APP", |text| TenantId::parse(text).map_err(|_| "is not an app id"))
                .unwrap_or_else(|| TenantId::stored(String::new())),
            bcrypt_cost: read.number("DIGLOT_BCRYPT_COST", 10, 16),
            hashing_threads: read.threads("DIGLOT_HASHING_THREADS"),
            workers: read.threads("DIGLOT_WORKERS"),
            session_max_age_ms: DAY_MS * read.number::<i64>("DIGLOT_SESSION_MAX_AGE_DAYS", 1, 3650),
            session_max_idle_ms: DAY_MS * read.number::<i64>("DIGLOT_SESSION_MAX_IDLE_DAYS", 1, 3650),
            trusted_proxies: read.list("DIGLOT_TRUSTED_PROXIES", network),
            has_public_docs: read.required("DIGLOT_PUBLIC_DOCS").unwrap_or_default(),
            has_console: read
                .optional("DIGLOT_CONSOLE")
                .unwrap_or_else(|| ops_listen.is_some_and(|address| address.ip().is_loopback())),
            avatar_base: read.checked("DIGLOT_AVATAR_BASE_URL", AvatarBase::parse),
            issuer_url: read.checked("DIGLOT_ISSUER_URL", issuer),
            distribution: read.optional("DIGLOT_DISTRIBUTION").unwrap_or_default(),
            places: read.places(),
            has_neighbour_stubs: read.required("DIGLOT_NEIGHBOUR_STUBS").unwrap_or_default(),
            audit_retention: Days::parse("", read.number("DIGLOT_AUDIT_RETENTION_DAYS", 0, 36_500)).ok(),
            timezone: read
                .required_as("DIGLOT_TIMEZONE", |name| TimeZone::get(name).map_err(|_| "is not a time zone"))
                .unwrap_or(TimeZone::UTC),
            smtp_url: read.checked("DIGLOT_SMTP_URL", |text| url(text, &["smtp", "smtps"])),
            mail_from: read.checked("DIGLOT_MAIL_FROM", |text| text.parse().map_err(|_| "is not an e-mail address")),
            sms_webhook_url: read.checked("DIGLOT_SMS_WEBHOOK_URL", |text| url(text, &["http", "https"])),
            sms_webhook_secret: read.optional("DIGLOT_SMS_WEBHOOK_SECRET"),
            webhook_allows_private: read.required("DIGLOT_WEBHOOK_ALLOW_PRIVATE").unwrap_or_default(),
            presence_ttl_ms: 1000 * read.number::<i64>("DIGLOT_PRESENCE_TTL_SECS", 5, 3600),
            delivery_timeout: Duration::from_secs(read.number("DIGLOT_DELIVERY_TIMEOUT_SECS", 1, 50)),
            drain_secs: read.number("DIGLOT_DRAIN_SECS", 0, 3600),
            shutdown_secs: read.number("DIGLOT_SHUTDOWN_SECS", 0, 3600),
            log_format: read.required("DIGLOT_LOG_FORMAT").unwrap_or_default(),
            reloadable: Reloadable::read(&mut read),
        };
        let mut problems = read.problems;
        config.check_together(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// The issuer of access tokens, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> String {
        let listen = || format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.listen);
        self.issuer_url.as_ref().map_or_else(listen, |url| url.as_str().trim_end_matches('/').to_owned())
    }

    /// Whether what an address says in `X-Forwarded-…` and `Forwarded` counts (security.md 11).
    #[must_use]
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Validates combinations of settings.
    fn check_together(&self, problems: &mut Vec<String>) {
        let listens = [
            ("DIGLOT_LISTEN", Some(self.listen)),
            ("DIGLOT_WEB_LISTEN", self.web_listen),
            ("DIGLOT_OPS_LISTEN", self.ops_listen),
        ];
        for (name, listen) in listens {
            if self.is_dev && listen.is_some_and(|address| !address.ip().is_loopback()) {
                problems.push(format!("{name}: --dev shows secrets and listens on loopback only"));
            }
        }
        if self.smtp_url.is_some() && self.mail_from.is_none() {
            problems.push("DIGLOT_MAIL_FROM: must be set with DIGLOT_SMTP_URL".to_owned());
        }
        if self.sms_webhook_url.is_some() && self.sms_webhook_secret.is_none() {
            problems.push("DIGLOT_SMS_WEBHOOK_SECRET: must be set with DIGLOT_SMS_WEBHOOK_URL".to_owned());
        }
    }
}

/// A placeholder for an invalid address, which has been recorded as a problem.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Braces would take the place of those that keep the keys of a tenant together in a Redis Cluster.
fn redis_prefix(text: &str) -> Result<String, &'static str> {
    if text.contains(['{', '}']) { Err("must not contain { or }") } else { Ok(text.to_owned()) }
}

/// `env_logger` takes a misspelt level for the name of a module, and logs nothing.
fn log_filter(text: &str) -> Result<String, String> {
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let level = item.rsplit_once('=').map_or(item, |(_, level)| level);
        if level.parse::<log::LevelFilter>().is_err() {
            return Err(format!("{level} is not one of off, error, warn, info, debug and trace"));
        }
    }
    Ok(text.to_owned())
}

fn url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) => require_readable(&url).map(|()| url),
        Err(_) if schemes.iter().any(|scheme| text.starts_with(&format!("{scheme}://"))) => {
            Err(UNREADABLE_URL.to_owned())
        }
        Ok(_) | Err(_) => Err(format!("must start with {}://", schemes.join(":// or "))),
    }
}

/// RFC 8414 §2: an issuer has no query and no fragment.
fn issuer(text: &str) -> Result<Url, String> {
    let url = url(text, &["http", "https"])?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_plain { Ok(url) } else { Err("must be a URL without a user name, query and fragment".to_owned()) }
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_: std::net::AddrParseError| "is not a network or address".to_owned())
}

fn origin(text: &str) -> Result<String, String> {
    let url = url(text, &["http", "https"])?;
    if text.contains('*') {
        return Err("wildcards are not supported; list each origin".to_owned());
    }
    let origin = url.origin().ascii_serialization();
    if text.trim_end_matches('/').eq_ignore_ascii_case(&origin) {
        Ok(origin)
    } else {
        Err(format!("is not only an origin, such as {origin}"))
    }
}
