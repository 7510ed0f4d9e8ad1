//! Rate limits. Uses are counted in the shared state, across all nodes. While that is unavailable, each node counts in
//! its own memory with half the limit, so that requests are neither all refused nor unlimited (security.md 12).

use std::time::Duration;

use super::{
    Anonymous, Caller, Error, Origin,
    passwords::{self, Verdict},
};
use crate::{
    gateway::Gateway,
    metrics::Counter,
    model::{LoginName, Password, TenantId, UserId},
    state::{Admission, LoginEnd, LoginSubject, State, StateError},
};

const REGISTRATION_WINDOW_MS: i64 = 60 * 60 * 1000;
const CODE_TRIES_PER_LOGIN_TRY: u32 = 20;
const CAPTCHA_WINDOW_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const UPLOAD_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;
const UPLOADS_PER_USER: u32 = 20;
/// More than a shared address of a mobile network needs.
const UPLOADS_PER_SOURCE: u32 = 600;

/// A login waits for up to half a second while too many others are pending, so that simultaneous logins from one
/// address succeed one after the other.
const ADMISSION_TRIES: u32 = 10;
const ADMISSION_PAUSE: Duration = Duration::from_millis(50);

/// What failed logins are counted for: an account or, so that both cases look alike, a name without one.
pub(super) enum LoginTarget<'a> {
    /// An account.
    Account(UserId),
    /// A name that no account has.
    Name(&'a LoginName),
}

/// A pending login. It counts as a failed one until it ends, so that concurrent attempts get no more tries than
/// sequential ones (security.md 9).
pub(super) struct LoginAttempt {
    subjects: [LoginSubject; 2],
    /// Whether it is counted in the shared state or in this node's own.
    is_shared: bool,
}

impl LoginAttempt {
    /// Begins a login, if its limits permit.
    ///
    /// # Errors
    /// [`Error::LoginLocked`] after too many failed logins, [`Error::Busy`] while too many are pending.
    pub(super) async fn begin(
        gateway: &Gateway,
        tenant: &TenantId,
        origin: &Origin,
        target: LoginTarget<'_>,
    ) -> Result<Self, Error> {
        let account = match target {
            LoginTarget::Account(user) => format!("{tenant}:user:{user}"),
            LoginTarget::Name(name) => format!("{tenant}:name:{}", name.key()),
        };
        let source = format!("source:{}", origin.source());
        let limits = gateway.reloadable.load_full();
        let subject = |name, limit, is_forgiven| LoginSubject { name, limit, is_forgiven };
        let mut attempt = Self {
            subjects: [
                subject(account, limits.login_tries_per_account, true),
                subject(source, limits.login_tries_per_source, false),
            ],
            is_shared: true,
        };
        for _ in 0..ADMISSION_TRIES {
            match attempt.admission(gateway).await? {
                Admission::Admitted => return Ok(attempt),
                Admission::Locked { wait_ms } => {
                    gateway.metrics.accounts.limited.logins.inc();
                    return Err(Error::LoginLocked { wait_secs: whole_secs(wait_ms) });
                }
                Admission::QueueFull => tokio::time::sleep(ADMISSION_PAUSE).await,
            }
        }
        gateway.metrics.accounts.limited.pending_logins.inc();
        Err(Error::Busy)
    }

    async fn admission(&mut self, gateway: &Gateway) -> Result<Admission, StateError> {
        if self.is_shared {
            match gateway.state.begin_login(&self.subjects, gateway.clock.now()).await {
                Ok(admission) => return Ok(admission),
                Err(error) => log::debug!("counting in this node only: {error}"),
            }
            self.is_shared = false;
            self.subjects.iter_mut().for_each(|subject| subject.limit = subject.limit.div_ceil(2));
        }
        gateway.own_state.begin_login(&self.subjects, gateway.clock.now()).await
    }

    /// Compares the password with a stored hash, and ends the login by the result.
    ///
    /// # Errors
    /// As [`passwords::verify`].
    pub(super) async fn compare(
        self,
        gateway: &Gateway,
        password: &Password,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        let verdict = passwords::verify(gateway, password, stored).await;
        let end = match &verdict {
            Ok(Verdict::Right | Verdict::RightButOutdated) => LoginEnd::Right,
            Ok(Verdict::Wrong) => LoginEnd::Wrong,
            Err(_) => LoginEnd::Cancelled,
        };
        self.end(gateway, end).await;
        verdict
    }

    /// Ends the login. If the state has become unavailable, the login stays pending there until it expires.
    async fn end(self, gateway: &Gateway, end: LoginEnd) {
        let state: &dyn State = if self.is_shared { &*gateway.state } else { &gateway.own_state };
        if let Err(error) = state.end_login(&self.subjects, end, gateway.clock.now()).await {
            log::warn!("the end of a login was not noted: {error}");
        }
    }
}

/// Counts a registration by an anonymous requester.
///
/// # Errors
/// [`Error::TooManyRequests`] if the source has registered too many accounts.
pub(super) async fn count_registration(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    let limit = gateway.reloadable.load().registrations_per_hour;
    let outcome = count_source(gateway, anonymous, "registration", REGISTRATION_WINDOW_MS, limit).await;
    note_refusal(&gateway.metrics.accounts.limited.registrations, outcome)
}

/// Counts a captcha.
///
/// # Errors
/// [`Error::TooManyRequests`] if the source has requested too many.
pub(super) async fn count_captcha(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    let limit = gateway.reloadable.load().captchas_per_minute;
    let outcome = count_source(gateway, anonymous, "captcha", CAPTCHA_WINDOW_MS, limit).await;
    note_refusal(&gateway.metrics.accounts.limited.captchas, outcome)
}

/// Counts an upload of an image for an account.
///
/// # Errors
/// [`Error::TooManyRequests`] if there were too many within a day.
pub(super) async fn count_upload(gateway: &Gateway, tenant: &TenantId, user: UserId) -> Result<(), Error> {
    let subject = format!("upload:{tenant}:user:{user}");
    let outcome = count(gateway, &subject, UPLOAD_WINDOW_MS, UPLOADS_PER_USER).await;
    note_refusal(&gateway.metrics.accounts.limited.uploads, outcome)
}

/// Counts an upload from an address, before its body is read.
///
/// # Errors
/// [`Error::TooManyRequests`] if there were too many within an hour.
pub(super) async fn count_upload_from(gateway: &Gateway, origin: &Origin) -> Result<(), Error> {
    let subject = format!("upload:source:{}", origin.source());
    let outcome = count(gateway, &subject, REGISTRATION_WINDOW_MS, UPLOADS_PER_SOURCE).await;
    note_refusal(&gateway.metrics.accounts.limited.uploads, outcome)
}

/// Counts an attempt with a code by a requester without a session. The limit is higher than for logins, since the tries
/// of each code are limited too.
///
/// # Errors
/// [`Error::TooManyRequests`] if the source has made too many attempts.
pub(super) async fn count_code_try(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    let limit = gateway.reloadable.load().login_tries_per_source.saturating_mul(CODE_TRIES_PER_LOGIN_TRY);
    let outcome = count_source(gateway, anonymous, "code", LoginSubject::WINDOW_MS, limit).await;
    note_refusal(&gateway.metrics.accounts.limited.code_tries, outcome)
}

/// Counts an export of a user's own data.
///
/// # Errors
/// [`Error::TooManyRequests`] if the user has exported them too often within a day.
pub(super) async fn count_own_export(gateway: &Gateway, caller: &Caller) -> Result<(), Error> {
    const EXPORTS_PER_DAY: u32 = 5;
    let subject = format!("own-export:{}:{}", caller.tenant_id(), caller.user());
    count(gateway, &subject, DAY_MS, EXPORTS_PER_DAY).await
}

/// Counts a code that a logged-in user asks for without a captcha.
///
/// # Errors
/// [`Error::TooManyRequests`] if the user, or the users of that address, have asked for too many within a day.
pub(super) async fn count_code_of_user(gateway: &Gateway, anonymous: &Anonymous, caller: &Caller) -> Result<(), Error> {
    const CODES_PER_USER: u32 = 10;
    /// Accounts cost nothing, and every code by SMS does.
    const CODES_PER_SOURCE: u32 = 30;
    let subject = format!("code-of-user:{}:{}", caller.tenant_id(), caller.user());
    let outcome = match count(gateway, &subject, DAY_MS, CODES_PER_USER).await {
        Ok(()) => count_source(gateway, anonymous, "code-of-user", DAY_MS, CODES_PER_SOURCE).await,
        refused => refused,
    };
    note_refusal(&gateway.metrics.accounts.limited.codes, outcome)
}

/// Counts the outcome if it is the refusal of a limit.
fn note_refusal(refusals: &Counter, outcome: Result<(), Error>) -> Result<(), Error> {
    if matches!(outcome, Err(Error::TooManyRequests { .. })) {
        refusals.inc();
    }
    outcome
}

/// Whether the refusal of a login gets an audit row. A locked account gets one row per window, and the rows of each
/// source are limited, so that nobody can flood the log by trying many names. All refusals count, including those
/// without a row.
pub(super) async fn may_audit_refusal(gateway: &Gateway, anonymous: &Anonymous, target: &str, refusal: &Error) -> bool {
    const ROWS_PER_SOURCE: u32 = 50;
    let of_source = count_source(gateway, anonymous, "refused-login", LoginSubject::WINDOW_MS, ROWS_PER_SOURCE).await;
    if !matches!(refusal, Error::LoginLocked { .. }) {
        return of_source.is_ok();
    }
    let subject = format!("locked-login:{}:{target}", anonymous.tenant_id());
    let of_account = count(gateway, &subject, LoginSubject::WINDOW_MS, 1).await;
    of_source.is_ok() && of_account.is_ok()
}

async fn count_source(
    gateway: &Gateway,
    anonymous: &Anonymous,
    what: &str,
    window_ms: i64,
    limit: u32,
) -> Result<(), Error> {
    let subject = format!("{what}:{}:source:{}", anonymous.tenant_id(), anonymous.origin().source());
    count(gateway, &subject, window_ms, limit).await
}

/// Counts a use of `subject`, which may be used `limit` times per window.
async fn count(gateway: &Gateway, subject: &str, window_ms: i64, limit: u32) -> Result<(), Error> {
    let now = gateway.clock.now();
    let (uses, limit) = match gateway.state.count_use(subject, window_ms, now).await {
        Ok(uses) => (uses, limit),
        Err(error) => {
            log::debug!("counting in this node only: {error}");
            (gateway.own_state.count_use(subject, window_ms, now).await?, limit.div_ceil(2))
        }
    };
    if uses.count > limit {
        return Err(Error::TooManyRequests { wait_secs: whole_secs(uses.left_ms) });
    }
    Ok(())
}

/// Seconds to wait, rounded up, at least one.
pub(super) fn whole_secs(wait_ms: i64) -> i64 {
    wait_ms.max(1).saturating_add(999) / 1000
}
