//! How often something may be tried. Counted in the shared state, so that nodes share the count; while that is gone,
//! in this node's memory with half the allowance: neither open nor shut (security.md 12).

use std::net::{IpAddr, Ipv6Addr};

use super::{Error, Visitor};
use crate::{
    app::App,
    model::AppId,
    state::{State, StateError},
};

const LOGIN_WINDOW_MS: i64 = 15 * 60 * 1000;
const REGISTRATION_WINDOW_MS: i64 = 60 * 60 * 1000;

/// A login's place in the counts: taken before the password is compared, given back when it was right, so that
/// attempts side by side don't get more tries than attempts in a row (security.md 9).
pub(super) struct LoginAttempt {
    account: String,
    source: String,
}

impl LoginAttempt {
    /// Counts a login to `account` (its number, or the name when there is none) from the visitor's address.
    ///
    /// # Errors
    /// [`Error::LoginLocked`] after too many failed ones.
    pub(super) async fn count(app: &App, visitor: &Visitor, account: &str) -> Result<Self, Error> {
        let attempt = Self {
            account: format!("login:{}:account:{account}", visitor.app()),
            source: format!("login:source:{}", source(visitor.origin().address)),
        };
        let limits = [
            (&attempt.account, app.config.login_tries_per_account),
            (&attempt.source, app.config.login_tries_per_source),
        ];
        let mut wait_secs = None;
        for (subject, limit) in limits {
            wait_secs = wait_secs.max(over_limit(app, subject, LOGIN_WINDOW_MS, limit).await);
        }
        match wait_secs {
            Some(wait_secs) => Err(Error::LoginLocked { wait_secs }),
            None => Ok(attempt),
        }
    }

    /// The password was right: the account's failures are forgotten, and this was none of the source's.
    pub(super) async fn succeeded(self, app: &App) {
        for state in states(app) {
            log_lost(state.forget_attempts(&self.account).await);
            log_lost(state.take_back_attempt(&self.source).await);
        }
    }

    /// The password was not compared at all.
    pub(super) async fn cancelled(self, app: &App) {
        for state in states(app) {
            log_lost(state.take_back_attempt(&self.account).await);
            log_lost(state.take_back_attempt(&self.source).await);
        }
    }
}

/// Both places where attempts may be counted.
fn states(app: &App) -> [&dyn State; 2] {
    [&*app.state, &app.own_state]
}

/// Counts a registration from outside.
///
/// # Errors
/// [`Error::TooManyRequests`] when the source has made too many.
pub(super) async fn count_registration(app: &App, tenant: &AppId, address: IpAddr) -> Result<(), Error> {
    let subject = format!("registration:{tenant}:source:{}", source(address));
    match over_limit(app, &subject, REGISTRATION_WINDOW_MS, app.config.registrations_per_hour).await {
        Some(wait_secs) => Err(Error::TooManyRequests { wait_secs }),
        None => Ok(()),
    }
}

/// Counts an attempt; the seconds to wait when it is one too many.
async fn over_limit(app: &App, subject: &str, window_ms: i64, limit: u32) -> Option<i64> {
    let now_ms = app.clock.now_ms();
    let (attempts, limit) = match app.state.count_attempt(subject, window_ms, now_ms).await {
        Ok(attempts) => (attempts, limit),
        Err(error) => {
            log::warn!("counting in this node only: {error}");
            match app.own_state.count_attempt(subject, window_ms, now_ms).await {
                Ok(attempts) => (attempts, limit.div_ceil(2)),
                Err(error) => {
                    log::error!("counting failed: {error}");
                    return Some(1);
                }
            }
        }
    };
    let wait_ms = attempts.until_ms.saturating_sub(now_ms).max(1);
    (attempts.count > limit).then(|| wait_ms.saturating_add(999) / 1000)
}

fn log_lost(result: Result<(), StateError>) {
    if let Err(error) = result {
        log::warn!("an attempt stays counted: {error}");
    }
}

/// One source: an IPv4 address, or an IPv6 /64, which is what one customer gets (security.md 11).
fn source(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
    }
}
