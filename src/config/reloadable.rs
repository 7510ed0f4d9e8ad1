//! The settings that can change while the process runs.

use super::{Reader, ShownSetting, log_filter, origin};

/// The settings that SIGHUP re-reads. [`super::SETTINGS`] describes each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloadable {
    /// Minimum length of a password set through /user.
    pub password_min: usize,
    /// Minimum length of a password set through /v1.
    pub v1_password_min: usize,
    /// Maximum number of sessions per account.
    pub sessions_per_user: usize,
    /// Maximum number of failed logins to an account per window.
    pub login_tries_per_account: u32,
    /// Maximum number of failed logins from a source per window.
    pub login_tries_per_source: u32,
    /// Maximum number of registrations from a source per hour.
    pub registrations_per_hour: u32,
    /// Maximum number of captchas for a source per minute.
    pub captchas_per_minute: u32,
    /// Maximum number of connections from a source; 0 for none, `None` for a share of the possible.
    pub connections_per_source: Option<usize>,
    /// Maximum number of sockets from a source.
    pub sockets_per_source: usize,
    /// Origins whose pages may call the gateway.
    pub cors_origins: Vec<String>,
    /// The log filter.
    pub log: String,
    /// All settings as operators see them, without secrets.
    pub shown: Vec<ShownSetting>,
}

impl Reloadable {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            password_min: read.number("DIGLOT_PASSWORD_MIN", 1, 128),
            v1_password_min: read.number("DIGLOT_V1_PASSWORD_MIN", 1, 128),
            sessions_per_user: read.number("DIGLOT_SESSIONS_PER_USER", 1, 1000),
            login_tries_per_account: read.number("DIGLOT_LOGIN_TRIES_PER_ACCOUNT", 1, 1_000_000),
            login_tries_per_source: read.number("DIGLOT_LOGIN_TRIES_PER_SOURCE", 1, 1_000_000),
            registrations_per_hour: read.number("DIGLOT_REGISTRATIONS_PER_HOUR", 1, 1_000_000),
            captchas_per_minute: read.number("DIGLOT_CAPTCHAS_PER_MINUTE", 1, 1_000_000),
            connections_per_source: read.optional("DIGLOT_CONNECTIONS_PER_SOURCE"),
            sockets_per_source: read.number("DIGLOT_SOCKETS_PER_SOURCE", 1, 10_000_000),
            cors_origins: read.list("DIGLOT_CORS_ORIGINS", origin),
            log: read.required_as("DIGLOT_LOG", log_filter).unwrap_or_default(),
            shown: read.values.shown(),
        }
    }
}
