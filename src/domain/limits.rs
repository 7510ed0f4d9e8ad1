//! How often something may be tried. Counted in the shared state, so that nodes share the count; while that is gone,
//! in this node's memory with half the allowance: neither open nor shut (security.md 12).

use std::time::Duration;

use super::{Anonymous, Error, Origin};
use crate::{
    gateway::Gateway,
    model::{LoginName, TenantId, UserId},
    state::{Admission, LoginEnd, LoginSubject, State, StateError},
};

const REGISTRATION_WINDOW_MS: i64 = 60 * 60 * 1000;
const CODE_TRIES_PER_LOGIN_TRY: u32 = 20;
const CAPTCHA_WINDOW_MS: i64 = 60 * 1000;

/// A login that comes while many others are under way waits for half a second: people behind one address who come
/// together are let in one after the other.
const CROWD_TRIES: u32 = 10;
const CROWD_PAUSE: Duration = Duration::from_millis(50);

/// Whose failed logins are counted: the account's, or the name's where there is none, so that both look alike.
pub(super) enum LoginTarget<'a> {
    /// An account.
    Account(UserId),
    /// A name without an account.
    Name(&'a LoginName),
}

/// A login under way: it counts like a failed one until it ends, so that attempts side by side get no more tries than
/// attempts in a row (security.md 9).
pub(super) struct LoginAttempt {
    subjects: [LoginSubject; 2],
    /// Whether it is counted in the shared state, and not in this node's.
    is_shared: bool,
}

impl LoginAttempt {
    /// Lets a login begin that comes from that origin.
    ///
    /// # Errors
    /// [`Error::LoginLocked`] after too many failed ones, [`Error::Busy`] while too many are under way.
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
        let subject = |name, limit, is_forgiven| LoginSubject { name, limit, is_forgiven };
        let mut attempt = Self {
            subjects: [
                subject(account, gateway.config.login_tries_per_account, true),
                subject(source, gateway.config.login_tries_per_source, false),
            ],
            is_shared: true,
        };
        for _ in 0..CROWD_TRIES {
            let now_ms = gateway.clock.now_ms();
            match attempt.admission(gateway, now_ms).await? {
                Admission::Admitted => return Ok(attempt),
                Admission::Locked { until_ms } => {
                    return Err(Error::LoginLocked { wait_secs: secs_until(until_ms, now_ms) });
                }
                Admission::QueueFull => tokio::time::sleep(CROWD_PAUSE).await,
            }
        }
        Err(Error::Busy)
    }

    async fn admission(&mut self, gateway: &Gateway, now_ms: i64) -> Result<Admission, StateError> {
        if self.is_shared {
            match gateway.state.begin_login(&self.subjects, now_ms).await {
                Ok(admission) => return Ok(admission),
                Err(error) => log::debug!("counting in this node only: {error}"),
            }
            self.is_shared = false;
            self.subjects.iter_mut().for_each(|subject| subject.limit = subject.limit.div_ceil(2));
        }
        gateway.own_state.begin_login(&self.subjects, now_ms).await
    }

    /// Notes how it ended. When the state is lost meanwhile, it counts until the state forgets it.
    pub(super) async fn end(self, gateway: &Gateway, end: LoginEnd) {
        let state: &dyn State = if self.is_shared { &*gateway.state } else { &gateway.own_state };
        if let Err(error) = state.end_login(&self.subjects, end, gateway.clock.now_ms()).await {
            log::warn!("the end of a login was not noted: {error}");
        }
    }
}

/// Counts a registration from outside.
///
/// # Errors
/// [`Error::TooManyRequests`] when the source has made too many.
pub(super) async fn count_registration(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    count_source(gateway, anonymous, "registration", REGISTRATION_WINDOW_MS, gateway.config.registrations_per_hour)
        .await
}

/// Counts a captcha.
///
/// # Errors
/// [`Error::TooManyRequests`] when the source has asked for too many.
pub(super) async fn count_captcha(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    count_source(gateway, anonymous, "captcha", CAPTCHA_WINDOW_MS, gateway.config.captchas_per_minute).await
}

/// Counts a try of a code by someone without a session: more of them than of logins, since each code has few tries of its
/// own.
///
/// # Errors
/// [`Error::TooManyRequests`] when the source has tried too many.
pub(super) async fn count_code_try(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    let limit = gateway.config.login_tries_per_source.saturating_mul(CODE_TRIES_PER_LOGIN_TRY);
    count_source(gateway, anonymous, "code", LoginSubject::WINDOW_MS, limit).await
}

/// Whether the refusal of a login gets an audit row. Of an account that is locked one row a window tells; and no source
/// fills the log by trying one name after the other. All refusals count, those without a row too.
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

/// Counts a use of `subject`, of which there may be `limit` in a window.
async fn count(gateway: &Gateway, subject: &str, window_ms: i64, limit: u32) -> Result<(), Error> {
    let now_ms = gateway.clock.now_ms();
    let (uses, limit) = match gateway.state.count_use(subject, window_ms, now_ms).await {
        Ok(uses) => (uses, limit),
        Err(error) => {
            log::debug!("counting in this node only: {error}");
            (gateway.own_state.count_use(subject, window_ms, now_ms).await?, limit.div_ceil(2))
        }
    };
    if uses.count > limit {
        return Err(Error::TooManyRequests { wait_secs: secs_until(uses.until_ms, now_ms) });
    }
    Ok(())
}

/// Seconds to wait, rounded up, at least one.
pub(super) fn secs_until(until_ms: i64, now_ms: i64) -> i64 {
    until_ms.saturating_sub(now_ms).max(1).saturating_add(999) / 1000
}
