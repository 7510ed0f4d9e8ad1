//! The settings: read once, checked all together, the only place that looks at the environment.

mod secret_file;
mod settings;
mod values;

use std::{
    ffi::OsString,
    fmt::Display,
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::Duration,
};

use ipnet::IpNet;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use url::Url;

pub use self::{
    secret_file::SecretSource,
    settings::{Redaction, SETTINGS, Setting},
    values::{Flags, Source, Value, Values},
};
use crate::{model::TenantId, secret::Secret, store::DatabaseUrl};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The settings, checked and in the types that they mean. [`SETTINGS`] explains each.
#[derive(Clone)]
pub struct Config {
    /// `--dev`: for trying things out on one machine.
    pub is_dev: bool,
    /// The app face and `/user`.
    pub listen: SocketAddr,
    /// The web face.
    pub web_listen: Option<SocketAddr>,
    /// Host names of the web face, in lower case.
    pub web_hosts: Vec<String>,
    /// Health, readiness, version.
    pub ops_listen: Option<SocketAddr>,
    /// The database.
    pub database_url: DatabaseUrl,
    /// Connections to it at the most.
    pub database_connections: u32,
    /// Memory for what a node remembers of the database.
    pub cache_bytes: u64,
    /// Redis, if state is shared.
    pub redis_url: Option<String>,
    /// What keys in Redis start with.
    pub redis_prefix: String,
    /// The app of a /v1 request that names none.
    pub default_app: TenantId,
    /// Where the server's secret is.
    pub secret: SecretSource,
    /// Work factor of password hashes.
    pub bcrypt_cost: u32,
    /// Threads for password hashing.
    pub hashing_threads: NonZeroUsize,
    /// Threads per listener.
    pub workers: NonZeroUsize,
    /// Characters of a password set through /user at the least.
    pub password_min: usize,
    /// Characters of a password set through /v1 at the least.
    pub v1_password_min: usize,
    /// When a session ends however much it is used.
    pub session_max_age_ms: i64,
    /// When an unused session ends.
    pub session_max_idle_ms: i64,
    /// Sessions of one account at the most.
    pub sessions_per_user: usize,
    /// Failed logins to one account in a window at the most.
    pub login_tries_per_account: u32,
    /// Failed logins from one source in a window at the most.
    pub login_tries_per_source: u32,
    /// Registrations from one source in an hour at the most.
    pub registrations_per_hour: u32,
    /// Captchas for one source in a minute at the most.
    pub captchas_per_minute: u32,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call the gateway.
    pub cors_origins: Vec<String>,
    /// The zone of times in text.
    pub timezone: TimeZone,
    /// The SMTP server.
    pub smtp_url: Option<Url>,
    /// The sender of e-mail.
    pub mail_from: Option<Mailbox>,
    /// Where SMS to be sent are posted.
    pub sms_webhook_url: Option<Url>,
    /// Signs these posts.
    pub sms_webhook_secret: Option<String>,
    /// Sockets from one source at the most.
    pub sockets_per_source: usize,
    /// How long a device counts as in use after a request.
    pub presence_ttl_ms: i64,
    /// How long a try to send a code may take.
    pub delivery_timeout: Duration,
    /// Seconds between failing `/readyz` and closing the listeners.
    pub drain_secs: u64,
    /// Seconds that running requests have to finish.
    pub shutdown_secs: u64,
    /// The log filter.
    pub log: String,
}

impl Config {
    /// The settings of this process: `flags`, its environment, and `file`.
    ///
    /// # Errors
    /// Every problem of the file.
    #[expect(clippy::disallowed_methods, reason = "the only place that looks at the environment")]
    pub fn values(flags: &Flags, file: Option<&Path>) -> Result<Values, Vec<String>> {
        // A variable that is no text is no setting of ours; `vars` would panic at it.
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Values::gather(flags, std::env::vars_os().filter_map(text), file)
    }

    /// Checks all settings and gives them their types.
    ///
    /// # Errors
    /// Every problem, each naming its setting.
    pub fn check(values: &Values, is_dev: bool) -> Result<Self, Vec<String>> {
        let mut read = Reader { values, problems: Vec::new() };
        let database_url: Option<DatabaseUrl> = read.required("DATABASE_URL");
        let config = Self {
            is_dev,
            listen: read.required("DIGLOT_LISTEN").unwrap_or_else(nowhere),
            web_listen: read.optional("DIGLOT_WEB_LISTEN"),
            web_hosts: read.list("DIGLOT_WEB_HOSTS", |host| Ok::<_, String>(host.to_ascii_lowercase())),
            ops_listen: read.optional("DIGLOT_OPS_LISTEN"),
            secret: read.secret(database_url.as_ref()),
            database_url: database_url.unwrap_or_else(|| DatabaseUrl::Sqlite(PathBuf::new())),
            database_connections: read.number("DIGLOT_DATABASE_CONNECTIONS", 1, 500),
            cache_bytes: (1 << 20) * read.number::<u64>("DIGLOT_CACHE_MIB", 0, 1_000_000),
            redis_url: read.checked("REDIS_URL", redis_url),
            redis_prefix: read.required("DIGLOT_REDIS_PREFIX").unwrap_or_default(),
            default_app: read
                .required_as("DIGLOT_DEFAULT_APP", |text| TenantId::parse(text).map_err(|_| "is no app id"))
                .unwrap_or_else(|| TenantId::stored(String::new())),
            bcrypt_cost: read.number("DIGLOT_BCRYPT_COST", 10, 16),
            hashing_threads: read.threads("DIGLOT_HASHING_THREADS"),
            workers: read.threads("DIGLOT_WORKERS"),
            password_min: read.number("DIGLOT_PASSWORD_MIN", 1, 128),
            v1_password_min: read.number("DIGLOT_V1_PASSWORD_MIN", 1, 128),
            session_max_age_ms: DAY_MS * read.number::<i64>("DIGLOT_SESSION_MAX_AGE_DAYS", 1, 3650),
            session_max_idle_ms: DAY_MS * read.number::<i64>("DIGLOT_SESSION_MAX_IDLE_DAYS", 1, 3650),
            sessions_per_user: read.number("DIGLOT_SESSIONS_PER_USER", 1, 1000),
            login_tries_per_account: read.number("DIGLOT_LOGIN_TRIES_PER_ACCOUNT", 1, 1_000_000),
            login_tries_per_source: read.number("DIGLOT_LOGIN_TRIES_PER_SOURCE", 1, 1_000_000),
            registrations_per_hour: read.number("DIGLOT_REGISTRATIONS_PER_HOUR", 1, 1_000_000),
            captchas_per_minute: read.number("DIGLOT_CAPTCHAS_PER_MINUTE", 1, 1_000_000),
            trusted_proxies: read.list("DIGLOT_TRUSTED_PROXIES", network),
            cors_origins: read.list("DIGLOT_CORS_ORIGINS", origin),
            timezone: read
                .required_as("DIGLOT_TIMEZONE", |name| TimeZone::get(name).map_err(|_| "is no time zone"))
                .unwrap_or(TimeZone::UTC),
            smtp_url: read.checked("DIGLOT_SMTP_URL", |text| url(text, &["smtp", "smtps"])),
            mail_from: read.checked("DIGLOT_MAIL_FROM", |text| text.parse().map_err(|_| "is no e-mail address")),
            sms_webhook_url: read.checked("DIGLOT_SMS_WEBHOOK_URL", |text| url(text, &["http", "https"])),
            sms_webhook_secret: read.optional("DIGLOT_SMS_WEBHOOK_SECRET"),
            sockets_per_source: read.number("DIGLOT_SOCKETS_PER_SOURCE", 1, 10_000_000),
            presence_ttl_ms: 1000 * read.number::<i64>("DIGLOT_PRESENCE_TTL_SECS", 5, 3600),
            delivery_timeout: Duration::from_secs(read.number("DIGLOT_DELIVERY_TIMEOUT_SECS", 1, 50)),
            drain_secs: read.number("DIGLOT_DRAIN_SECS", 0, 3600),
            shutdown_secs: read.number("DIGLOT_SHUTDOWN_SECS", 0, 3600),
            log: read.required("DIGLOT_LOG").unwrap_or_default(),
        };
        let mut problems = read.problems;
        config.check_together(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// What only shows in several settings at once.
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

/// Reads settings one by one and collects what is wrong with them.
struct Reader<'a> {
    values: &'a Values,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, name: &str, problem: impl Display) {
        self.problems.push(format!("{name}: {problem}"));
    }

    /// The setting, if it is set and `check` has nothing against it.
    fn checked<T, E: Display>(&mut self, name: &str, check: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.values.text(name);
        if text.is_empty() {
            return None;
        }
        check(text).map_err(|problem| self.problem(name, problem)).ok()
    }

    fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.checked(name, str::parse)
    }

    fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.required_as(name, str::parse)
    }

    fn required_as<T, E: Display>(&mut self, name: &str, check: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        if self.values.text(name).is_empty() {
            self.problem(name, "must be set");
        }
        self.checked(name, check)
    }

    /// A number from `min` to `max`; `min` stands in for a bad one, which is a problem anyway.
    fn number<T: FromStr + PartialOrd + Display + Copy>(&mut self, name: &str, min: T, max: T) -> T {
        match self.values.text(name).parse() {
            Ok(number) if (min..=max).contains(&number) => number,
            _ => {
                self.problem(name, format!("must be a number from {min} to {max}"));
                min
            }
        }
    }

    /// A number of threads; unset, one per core.
    fn threads(&mut self, name: &str) -> NonZeroUsize {
        if self.values.text(name).is_empty() {
            return thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        }
        NonZeroUsize::new(self.number(name, 1, 1024)).unwrap_or(NonZeroUsize::MIN)
    }

    fn list<T, E: Display>(&mut self, name: &str, check: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let items = self.values.text(name).split(',').map(str::trim).filter(|item| !item.is_empty());
        let mut list = Vec::new();
        for item in items {
            match check(item) {
                Ok(value) => list.push(value),
                Err(problem) => self.problems.push(format!("{name}: {item}: {problem}")),
            }
        }
        list
    }

    fn secret(&mut self, database: Option<&DatabaseUrl>) -> SecretSource {
        let given = self.checked("DIGLOT_SECRET", Secret::parse);
        let is_unset = self.values.text("DIGLOT_SECRET").is_empty();
        match (given, database) {
            (Some(secret), _) => SecretSource::Given(secret),
            (None, Some(DatabaseUrl::Sqlite(path))) => SecretSource::beside(path),
            (None, Some(DatabaseUrl::Postgres(_)) | None) => {
                if is_unset && database.is_some() {
                    self.problem(
                        "DIGLOT_SECRET",
                        "must be set with PostgreSQL, the same on all nodes; `openssl rand -hex 32` makes one",
                    );
                }
                SecretSource::beside(Path::new(""))
            }
        }
    }
}

/// Stands in for an address that is a problem anyway.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn redis_url(text: &str) -> Result<String, String> {
    url(text, &["redis", "rediss", "redis+unix", "unix"]).map(|_| text.to_owned())
}

fn url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) => Ok(url),
        _ => Err(format!("must start with {}://", schemes.join(":// or "))),
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_: std::net::AddrParseError| "is no network or address".to_owned())
}

fn origin(text: &str) -> Result<String, String> {
    let url = url(text, &["http", "https"])?;
    let origin = url.origin().ascii_serialization();
    if text.trim_end_matches('/').eq_ignore_ascii_case(&origin) {
        Ok(origin)
    } else {
        Err(format!("is more than an origin; {origin} would be one"))
    }
}
