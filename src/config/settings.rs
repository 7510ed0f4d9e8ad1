//! The table of all settings, as `diglot config` and the README list them.

/// A setting of the process.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable. The key in a file is the name in lower case without `DIGLOT_`.
    pub name: &'static str,
    /// The default value; `None` means unset.
    pub default: Option<&'static str>,
    /// Which part of the value is redacted when it is displayed.
    pub redaction: Redaction,
    /// Whether SIGHUP re-reads it.
    pub is_reloadable: bool,
    /// What it does, with its unit. The README repeats it verbatim.
    pub meaning: &'static str,
}

/// The secret part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// None of it.
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
    Setting { name, default: Some(default), redaction: Redaction::Nothing, is_reloadable: false, meaning }
}

const fn unset(name: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default: None, redaction: Redaction::Nothing, is_reloadable: false, meaning }
}

const fn hidden(setting: Setting, redaction: Redaction) -> Setting {
    Setting { redaction, ..setting }
}

const fn reloadable(setting: Setting) -> Setting {
    Setting { is_reloadable: true, ..setting }
}

/// Every setting, in display order.
pub const SETTINGS: &[Setting] = &[
    plain("DIGLOT_LISTEN", "127.0.0.1:8080", "address of the app face and of /user"),
    plain("DIGLOT_WEB_LISTEN", "127.0.0.1:8081", "address of the web face; empty disables it"),
    unset(
        "DIGLOT_TLS_CERT",
        "certificate of the app and web listeners, a PEM file; unset: no TLS, for use behind a proxy",
    ),
    unset("DIGLOT_TLS_KEY", "its private key, a PEM file"),
    unset("DIGLOT_WEB_HOSTS", "comma-separated host names that select the web face on any listener"),
    plain(
        "DIGLOT_OPS_LISTEN",
        "127.0.0.1:9090",
        "address of /healthz, /readyz, /metrics, /version and /docs; empty disables it",
    ),
    hidden(
        plain("DATABASE_URL", "sqlite:diglot.db", "sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        Redaction::UrlPassword,
    ),
    plain("DIGLOT_DATABASE_CONNECTIONS", "8", "maximum number of database connections, plus one for monitoring"),
    plain("DIGLOT_CACHE_MIB", "64", "memory for a node's cache of the database; 0 disables the cache"),
    hidden(
        unset(
            "REDIS_URL",
            "redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,…/MASTER/DB or redis+cluster://HOST:PORT,…, shared by all \
             nodes; unset keeps state in the process",
        ),
        Redaction::UrlPassword,
    ),
    plain("DIGLOT_REDIS_PREFIX", "diglot", "prefix of all keys in Redis"),
    plain("DIGLOT_DEFAULT_APP", "default", "the app of a /v1 request without an app_id"),
    hidden(
        unset(
            "DIGLOT_SECRET",
            "at least 32 characters, same on all nodes; generated next to an SQLite database, required with PostgreSQL",
        ),
        Redaction::Everything,
    ),
    plain("DIGLOT_BCRYPT_COST", "10", "bcrypt cost of password hashes, 10 to 16; each step doubles the time"),
    unset("DIGLOT_HASHING_THREADS", "threads for password hashing; unset: one per core"),
    unset("DIGLOT_WORKERS", "threads that serve requests; unset: one per core"),
    reloadable(plain(
        "DIGLOT_PASSWORD_MIN",
        "1",
        "minimum length of a password set through /user; 8 or more is recommended",
    )),
    reloadable(plain(
        "DIGLOT_V1_PASSWORD_MIN",
        "6",
        "minimum length of a password set through /v1; 8 or more is recommended",
    )),
    plain("DIGLOT_SESSION_MAX_AGE_DAYS", "180", "days after which a session expires, regardless of use"),
    plain("DIGLOT_SESSION_MAX_IDLE_DAYS", "30", "days without a request after which a session expires"),
    reloadable(plain(
        "DIGLOT_SESSIONS_PER_USER",
        "30",
        "maximum number of sessions per account; a new one ends the oldest",
    )),
    reloadable(plain(
        "DIGLOT_LOGIN_TRIES_PER_ACCOUNT",
        "10",
        "failed logins to an account within 15 minutes before it is locked",
    )),
    reloadable(plain(
        "DIGLOT_LOGIN_TRIES_PER_SOURCE",
        "10",
        "failed logins from an address within 15 minutes before it is locked",
    )),
    reloadable(plain(
        "DIGLOT_REGISTRATIONS_PER_HOUR",
        "600",
        "maximum number of registrations from an address per hour",
    )),
    reloadable(plain("DIGLOT_CAPTCHAS_PER_MINUTE", "60", "maximum number of captchas for an address per minute")),
    reloadable(unset(
        "DIGLOT_CONNECTIONS_PER_SOURCE",
        "maximum number of connections from an address other than a trusted proxy; 0: any; unset: a quarter of the possible",
    )),
    reloadable(plain("DIGLOT_SOCKETS_PER_SOURCE", "1000", "maximum number of sockets from an address, per node")),
    plain("DIGLOT_PRESENCE_TTL_SECS", "60", "seconds for which a user counts as online after its own last request"),
    unset(
        "DIGLOT_TRUSTED_PROXIES",
        "networks (10.0.0.0/8, …) whose X-Forwarded-For, -Host and -Proto and Forwarded are trusted",
    ),
    reloadable(unset("DIGLOT_CORS_ORIGINS", "origins (https://chat.example, …) whose pages may call the gateway")),
    plain("DIGLOT_PUBLIC_DOCS", "false", "true: the app and web listeners serve /openapi.json and /docs too"),
    unset("DIGLOT_CONSOLE", "true, false: whether the ops listener has the console; by default on loopback only"),
    unset(
        "DIGLOT_AVATAR_BASE_URL",
        "URL below which avatars may be given as names (a/b.png), which are stored so and shown as URLs",
    ),
    hidden(
        unset(
            "DIGLOT_MEDIA_URL",
            "store of uploaded avatars: file:FOLDER or s3://KEY:SECRET@HOST:PORT/BUCKET?region=…&path_style=true&tls=false; \
             unset: the folder media beside an SQLite database, no uploads with PostgreSQL",
        ),
        Redaction::UrlPassword,
    ),
    unset(
        "DIGLOT_ISSUER_URL",
        "URL of the gateway in access tokens and in its metadata; unset: http://, or https:// with TLS, and DIGLOT_LISTEN",
    ),
    unset(
        "DIGLOT_DISTRIBUTION",
        "URLs that clients are told: server=URL,websocket=URL,share=URL,image=URL,audio=URL,video=URL,file=URL; the others are \
         the gateway's own, as the client reached it",
    ),
    plain(
        "DIGLOT_NEIGHBOUR_STUBS",
        "false",
        "true: GET /roster/list and GET /group/user_joined answer empty lists, POST /roster/list profiles, for SDKs without the services behind them",
    ),
    unset(
        "DIGLOT_GEOIP_DB",
        "file in MaxMind's format (GeoLite2-City.mmdb, …) that says where logins come from, which other users see; SIGHUP reads it \
         again",
    ),
    plain("DIGLOT_GEOIP_LANGUAGE", "en", "language of the places, as the file names it (zh-CN)"),
    plain("DIGLOT_AUDIT_RETENTION_DAYS", "0", "days after which rows of the audit log are deleted; 0 keeps them"),
    plain(
        "DIGLOT_TIMEZONE",
        "Asia/Shanghai",
        "time zone of times formatted as text, and of the hours without push messages",
    ),
    hidden(unset("DIGLOT_SMTP_URL", "SMTP server for e-mail: smtps://USER:PASSWORD@HOST:PORT"), Redaction::UrlPassword),
    unset("DIGLOT_MAIL_FROM", "sender of e-mail: codes@chat.example or Chat <codes@chat.example>"),
    hidden(unset("DIGLOT_SMS_WEBHOOK_URL", "URL to which SMS to be sent are posted"), Redaction::UrlPassword),
    hidden(unset("DIGLOT_SMS_WEBHOOK_SECRET", "key that signs these posts"), Redaction::Everything),
    plain("DIGLOT_WEBHOOK_ALLOW_PRIVATE", "false", "true: webhooks may have http URLs, and hosts in private networks"),
    plain("DIGLOT_DELIVERY_TIMEOUT_SECS", "10", "timeout in seconds of an attempt to send a code"),
    plain("DIGLOT_DRAIN_SECS", "1", "seconds between failing /readyz and closing the listeners on shutdown"),
    plain("DIGLOT_SHUTDOWN_SECS", "30", "seconds that running requests have to finish on shutdown"),
    reloadable(plain(
        "DIGLOT_LOG",
        "info,actix_server=warn,actix_http=off",
        "log filter in the syntax of env_logger: info, diglot=debug, access=off, …",
    )),
    plain("DIGLOT_LOG_FORMAT", "text", "text, or json: one object a line with the same fields"),
];
