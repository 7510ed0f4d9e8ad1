//! The table of all settings: what `diglot config` lists and the README shows.

/// A setting that an operator can make.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable. In a file it is written in lower case and without `DIGLOT_`.
    pub name: &'static str,
    /// The value without any; `None` means unset.
    pub default: Option<&'static str>,
    /// What to redaction of the value when it is shown.
    pub redaction: Redaction,
    /// What it does, with its unit.
    pub meaning: &'static str,
}

/// What of a value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// Nothing.
    Nothing,
    /// The password in a URL.
    UrlPassword,
    /// All of it.
    Everything,
}

impl Setting {
    /// The key in a configuration file.
    #[must_use]
    pub fn file_key(&self) -> String {
        self.name.strip_prefix("DIGLOT_").unwrap_or(self.name).to_ascii_lowercase()
    }
}

const fn plain(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default: Some(default), redaction: Redaction::Nothing, meaning }
}

const fn unset(name: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default: None, redaction: Redaction::Nothing, meaning }
}

const fn hidden(setting: Setting, redaction: Redaction) -> Setting {
    Setting { redaction, ..setting }
}

/// Every setting, in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    plain("DIGLOT_LISTEN", "127.0.0.1:8080", "address of the app face and of /user"),
    plain("DIGLOT_WEB_LISTEN", "127.0.0.1:8081", "address of the web face; empty turns it off"),
    unset("DIGLOT_WEB_HOSTS", "host names, separated by commas, that mean the web face on any listener"),
    plain("DIGLOT_OPS_LISTEN", "127.0.0.1:9090", "address of /healthz, /readyz and /version; empty turns it off"),
    hidden(
        plain("DATABASE_URL", "sqlite:diglot.db", "sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        Redaction::UrlPassword,
    ),
    plain("DIGLOT_DATABASE_CONNECTIONS", "8", "connections to the database at the most, beside one that watches it"),
    plain("DIGLOT_CACHE_MIB", "64", "memory for what a node remembers of the database; 0 remembers nothing"),
    hidden(
        unset("REDIS_URL", "redis://HOST:PORT/DB, shared by all nodes; unset keeps state in this process"),
        Redaction::UrlPassword,
    ),
    plain("DIGLOT_REDIS_PREFIX", "diglot", "what all keys in Redis start with"),
    plain("DIGLOT_DEFAULT_APP", "default", "the app of a /v1 request that names none"),
    hidden(
        unset(
            "DIGLOT_SECRET",
            "32 characters or more, the same on all nodes; made beside an embedded database, required with PostgreSQL",
        ),
        Redaction::Everything,
    ),
    plain("DIGLOT_BCRYPT_COST", "10", "work factor of password hashes, 10 to 16; one more doubles the time"),
    unset("DIGLOT_HASHING_THREADS", "threads for password hashing; unset: one per core"),
    unset("DIGLOT_WORKERS", "threads per listener; unset: one per core"),
    plain("DIGLOT_PASSWORD_MIN", "1", "characters of a password set through /user at the least; 8 or more is better"),
    plain("DIGLOT_V1_PASSWORD_MIN", "6", "characters of a password set through /v1 at the least; 8 or more is better"),
    plain("DIGLOT_SESSION_MAX_AGE_DAYS", "180", "days after which a session ends however much it is used"),
    plain("DIGLOT_SESSION_MAX_IDLE_DAYS", "30", "days without a request after which a session ends"),
    plain("DIGLOT_SESSIONS_PER_USER", "30", "sessions of one account at the most; the oldest goes"),
    plain("DIGLOT_LOGIN_TRIES_PER_ACCOUNT", "10", "failed logins to an account in 15 minutes before it is locked"),
    plain("DIGLOT_LOGIN_TRIES_PER_SOURCE", "10", "failed logins from an address in 15 minutes before it is locked"),
    plain("DIGLOT_REGISTRATIONS_PER_HOUR", "600", "registrations from an address in an hour"),
    plain("DIGLOT_CAPTCHAS_PER_MINUTE", "60", "captchas for an address in a minute"),
    plain("DIGLOT_SOCKETS_PER_SOURCE", "1000", "sockets from an address at the most, on each node"),
    plain("DIGLOT_PRESENCE_TTL_SECS", "60", "seconds for which a user is online after a request of its own"),
    unset("DIGLOT_TRUSTED_PROXIES", "networks (10.0.0.0/8, …) whose X-Forwarded-For is believed"),
    unset("DIGLOT_CORS_ORIGINS", "origins (https://chat.example, …) whose pages may call the gateway"),
    plain("DIGLOT_TIMEZONE", "Asia/Shanghai", "time zone of times that are shown as text"),
    hidden(unset("DIGLOT_SMTP_URL", "smtps://USER:PASSWORD@HOST:PORT to send e-mail through"), Redaction::UrlPassword),
    unset("DIGLOT_MAIL_FROM", "sender of e-mail: codes@chat.example or Chat <codes@chat.example>"),
    hidden(unset("DIGLOT_SMS_WEBHOOK_URL", "where SMS to be sent are posted"), Redaction::UrlPassword),
    hidden(unset("DIGLOT_SMS_WEBHOOK_SECRET", "the key that signs these posts"), Redaction::Everything),
    plain("DIGLOT_DELIVERY_TIMEOUT_SECS", "10", "seconds that a try to send a code may take"),
    plain("DIGLOT_DRAIN_SECS", "1", "seconds between failing /readyz and closing the listeners when told to stop"),
    plain("DIGLOT_SHUTDOWN_SECS", "30", "seconds that running requests have to finish when told to stop"),
    plain(
        "DIGLOT_LOG",
        "info,actix_server=warn,actix_http=off",
        "what is logged, as env_logger reads it: info, diglot=debug, access=off, …",
    ),
];
