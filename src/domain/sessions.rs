//! Logging in, being logged in, logging out. One session core behind every door.

use sha2::{Digest as _, Sha256};

use super::{
    Caller, Error, Visitor,
    access::Actor,
    activity,
    audit::Trail,
    limits::{LoginAttempt, LoginTarget},
    passwords::{self, Verdict},
};
use crate::{
    app::App,
    model::{
        DeviceSn, EndReason, LoginDevice, LoginName, Password, Session, SessionId, Standing, Token, TokenHash, UserId,
    },
    state::LoginEnd,
    store::{
        Conn, StoreError, devices,
        sessions::{self, NewSession},
        users::{self, Credentials},
    },
};

/// A successful login.
#[derive(Debug)]
pub struct Login {
    /// The token, for the client's eyes only.
    pub token: Token,
    /// Who logged in.
    pub user: UserId,
    /// When the session ends however much it is used.
    pub expires_at_ms: i64,
}

/// Logs in with a name and a password.
///
/// # Errors
/// [`Error::LoginRefused`] for an unknown name and a wrong password alike, [`Error::LoginLocked`],
/// [`Error::AccountDisabled`] only after the right password, [`Error::Busy`].
pub async fn login_with_password(
    app: &App,
    visitor: &Visitor,
    name: LoginName,
    password: &Password,
    device: LoginDevice,
) -> Result<Login, Error> {
    let (tenant, wanted) = (visitor.app().clone(), name.clone());
    let found = app.db.read(move |conn| users::find_credentials(conn, &tenant, &wanted)).await?;
    let (counted, target) = match &found {
        Some(known) => (LoginTarget::Account(known.user), known.user.to_string()),
        None => (LoginTarget::Name(&name), format!("name:{}", name.key())),
    };
    let outcome = match LoginAttempt::begin(app, visitor, counted).await {
        Ok(attempt) => compare_and_open(app, visitor, attempt, found, password, device).await,
        Err(locked) => Err(locked),
    };
    if let Err(refusal @ (Error::LoginRefused | Error::LoginLocked { .. } | Error::AccountDisabled)) = &outcome {
        let (trail, why) = (Trail::of_visitor(app, visitor), refusal.to_string());
        app.db.write(move |conn| trail.refused(conn, "session.login", &target, &why)).await?;
    }
    outcome
}

async fn compare_and_open(
    app: &App,
    visitor: &Visitor,
    attempt: LoginAttempt,
    found: Option<Credentials>,
    password: &Password,
    device: LoginDevice,
) -> Result<Login, Error> {
    let stored = found.as_ref().and_then(|known| known.password_hash.clone());
    let verdict = passwords::verify(app, password, stored).await;
    let end = match &verdict {
        Ok(Verdict::Right | Verdict::RightButOutdated) => LoginEnd::Right,
        Ok(Verdict::Wrong) => LoginEnd::Wrong,
        Err(_) => LoginEnd::Cancelled,
    };
    attempt.end(app, end).await;
    match (found, verdict?) {
        (Some(known), verdict @ (Verdict::Right | Verdict::RightButOutdated)) => {
            let login = open(app, visitor, &known, device).await?;
            if verdict == Verdict::RightButOutdated {
                rehash(app, known, password).await;
            }
            Ok(login)
        }
        (None, _) | (Some(_), Verdict::Wrong) => Err(Error::LoginRefused),
    }
}

/// The one decision whether an account may be used, for every way in (security.md 7).
const fn may_enter(standing: Standing) -> Result<(), Error> {
    match standing {
        Standing::Active => Ok(()),
        Standing::Disabled => Err(Error::AccountDisabled),
        Standing::Deleted => Err(Error::LoginRefused),
    }
}

/// Opens a session on a device for an account whose password was just compared. If the password is another by now, the
/// comparison does not count: a change of password ends all sessions, also those about to be opened (security.md 8).
async fn open(app: &App, visitor: &Visitor, compared: &Credentials, device: LoginDevice) -> Result<Login, Error> {
    let token = app.random.user_token()?;
    let (user, now_ms) = (compared.user, app.clock.now_ms());
    let expires_at_ms = now_ms.saturating_add(app.config.session_max_age_ms);
    let (tenant, token_hash) = (visitor.app().clone(), digest(&token));
    let (trail, user_agent) = (Trail::of_visitor(app, visitor), visitor.origin().user_agent.clone());
    let (max_sessions, compared_hash) = (app.config.sessions_per_user, compared.password_hash.clone());
    let today = activity::day(app, now_ms);
    app.db
        .write(move |conn| {
            let current = users::lock_credentials(conn, user)?.ok_or(Error::LoginRefused)?;
            if current.password_hash != compared_hash {
                return Err(Error::LoginRefused);
            }
            may_enter(current.standing)?;
            let sn = note_device(conn, user, &device, &user_agent, now_ms)?;
            make_room(conn, user, sn, max_sessions, now_ms)?;
            let new = NewSession { app: &tenant, user, device: sn, token_hash, now_ms, expires_at_ms };
            sessions::insert(conn, &new)?;
            activity::write_down(conn, user, now_ms, today)?;
            trail.done(conn, "session.login", &user.to_string())?;
            Ok(())
        })
        .await?;
    Ok(Login { token, user, expires_at_ms })
}

/// The device's row, made if it is new; without an id every login is a new device (behaviour.md §3).
fn note_device(
    conn: &mut Conn,
    user: UserId,
    device: &LoginDevice,
    user_agent: &str,
    now_ms: i64,
) -> Result<DeviceSn, StoreError> {
    if let Some(key) = device.key()
        && let Some(sn) = devices::find_by_key(conn, user, key)?
    {
        devices::update(conn, user, sn, device, user_agent, now_ms)?;
        return Ok(sn);
    }
    let sn = users::next_device_sn(conn, user)?;
    devices::insert(conn, user, sn, device, user_agent, now_ms)?;
    Ok(sn)
}

/// Ends the session that lived on the device, and the oldest ones of an account that has too many.
fn make_room(
    conn: &mut Conn,
    user: UserId,
    device: DeviceSn,
    max_sessions: usize,
    now_ms: i64,
) -> Result<(), StoreError> {
    let live = sessions::list_live(conn, user)?;
    let (same_device, others): (Vec<_>, Vec<_>) = live.into_iter().partition(|live| live.device == device);
    let replaced: Vec<SessionId> = same_device.iter().map(|live| live.id).collect();
    sessions::end(conn, &replaced, EndReason::Replaced, now_ms)?;
    let newest = max_sessions.saturating_sub(1);
    let crowded: Vec<SessionId> = others.iter().skip(newest).map(|live| live.id).collect();
    sessions::end(conn, &crowded, EndReason::Crowded, now_ms)
}

/// Makes sure that a session still lives, and writes down now and then that it is used.
///
/// # Errors
/// [`Error::TokenEnded`].
pub(super) async fn check(app: &App, session: Session) -> Result<Session, Error> {
    let now_ms = app.clock.now_ms();
    let idle_ms = now_ms.saturating_sub(session.last_used_at_ms);
    let is_over = session.is_ended || session.expires_at_ms <= now_ms || idle_ms >= app.config.session_max_idle_ms;
    if is_over || may_enter(session.standing).is_err() {
        return Err(Error::TokenEnded);
    }
    activity::note(app, &session, now_ms).await;
    Ok(session)
}

/// Ends the caller's session.
///
/// # Errors
/// [`Error::NoPermission`] for an admin, who has none.
pub async fn logout(app: &App, caller: &Caller) -> Result<(), Error> {
    let Actor::User { session, .. } = caller.actor() else { return Err(Error::NoPermission) };
    let (trail, user, now_ms) = (Trail::of_caller(app, caller), caller.user(), app.clock.now_ms());
    app.db
        .write(move |conn| {
            sessions::end(conn, &[session], EndReason::Logout, now_ms)?;
            trail.done(conn, "session.logout", &user.to_string())?;
            Ok(())
        })
        .await
}

/// What is stored of a token.
pub(super) fn digest(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.reveal().as_bytes()).into())
}

/// Replaces a hash that is not what would be made today. A login does not fail for it.
async fn rehash(app: &App, outdated: Credentials, password: &Password) {
    let Some(old) = outdated.password_hash else { return };
    let stored = match passwords::hash(app, password).await {
        Ok(new) => app
            .db
            .write(move |conn| users::renew_password_hash(conn, outdated.user, &old, &new))
            .await
            .map_err(Error::from),
        Err(error) => Err(error),
    };
    if let Err(error) = stored {
        log::warn!("an outdated password hash stays for now: {error}");
    }
}
