//! Logging in, being logged in, logging out. One session core behind every presented.

use sha2::{Digest as _, Sha256};

use super::{
    Anonymous, Caller, Error, Operator,
    access::{self, Actor},
    accounts, activity,
    audit::{AuditContext, change},
    limits::{self, LoginAttempt, LoginTarget},
    passwords::{self, Verdict},
    presence, verification,
};
use crate::{
    gateway::Gateway,
    model::{
        AccountStatus, Code, CodePurpose, Contact, DeviceKey, DeviceSn, EndReason, LoggedInDevice, LoginDevice,
        LoginName, Mobile, Password, Session, SessionId, TenantId, Token, TokenHash, UserId,
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
    gateway: &Gateway,
    anonymous: &Anonymous,
    name: LoginName,
    password: &Password,
    device: LoginDevice,
) -> Result<Login, Error> {
    let (tenant, wanted) = (anonymous.tenant_id().clone(), name.clone());
    let found = gateway.db.read(move |conn| users::find_credentials(conn, &tenant, &wanted)).await?;
    let (counted, target) = match &found {
        Some(known) => (LoginTarget::Account(known.user), known.user.to_string()),
        None => (LoginTarget::Name(&name), format!("name:{}", name.key())),
    };
    let outcome = match LoginAttempt::begin(gateway, anonymous.tenant_id(), anonymous.origin(), counted).await {
        Ok(attempt) => compare_and_open(gateway, anonymous, attempt, found, password, device).await,
        Err(locked) => Err(locked),
    };
    note_refusal(gateway, anonymous, target, outcome).await
}

/// Writes down that a login was refused, if it was.
async fn note_refusal(
    gateway: &Gateway,
    anonymous: &Anonymous,
    target: String,
    outcome: Result<Login, Error>,
) -> Result<Login, Error> {
    if let Err(
        refusal @ (Error::LoginRefused | Error::LoginLocked { .. } | Error::AccountDisabled | Error::CodeWrong),
    ) = &outcome
    {
        let (audit, why) = (AuditContext::of_anonymous(gateway, anonymous), refusal.to_string());
        gateway.db.write(move |conn| audit.refused(conn, "session.login", &target, &why)).await?;
    }
    outcome
}

async fn compare_and_open(
    gateway: &Gateway,
    anonymous: &Anonymous,
    attempt: LoginAttempt,
    found: Option<Credentials>,
    password: &Password,
    device: LoginDevice,
) -> Result<Login, Error> {
    let stored = found.as_ref().and_then(|known| known.password_hash.clone());
    let verdict = passwords::verify(gateway, password, stored).await;
    let end = match &verdict {
        Ok(Verdict::Right | Verdict::RightButOutdated) => LoginEnd::Right,
        Ok(Verdict::Wrong) => LoginEnd::Wrong,
        Err(_) => LoginEnd::Cancelled,
    };
    attempt.end(gateway, end).await;
    match (found, verdict?) {
        (Some(known), verdict @ (Verdict::Right | Verdict::RightButOutdated)) => {
            let proof = Proof::Password { hash: known.password_hash.clone() };
            let login = open(gateway, anonymous, known.user, proof, device).await?;
            if verdict == Verdict::RightButOutdated {
                rehash(gateway, known, password).await;
            }
            Ok(login)
        }
        (None, _) | (Some(_), Verdict::Wrong) => Err(Error::LoginRefused),
    }
}

/// Logs in with a code sent by SMS; a number that no account has gets one (behaviour.md §4).
///
/// # Errors
/// [`Error::CodeWrong`]; after the right code [`Error::AccountDisabled`], [`Error::RegistrationClosed`],
/// [`Error::TooManyRequests`].
pub async fn login_with_code(
    gateway: &Gateway,
    anonymous: &Anonymous,
    mobile: Mobile,
    code: &Code,
    device: LoginDevice,
) -> Result<Login, Error> {
    let contact = Contact::Mobile(mobile.clone());
    let (tenant, wanted) = (anonymous.tenant_id().clone(), contact.clone());
    let target = contact.to_string();
    let enter = async {
        limits::count_code_try(gateway, anonymous).await?;
        verification::redeem(gateway, anonymous.tenant_id(), &contact, code, &[CodePurpose::Login]).await?;
        let owner = gateway
            .db
            .write::<_, Error>(move |conn| {
                users::release_unconfirmed(conn, &tenant, &wanted)?;
                Ok(users::find_by_contact(conn, &tenant, &wanted)?)
            })
            .await?;
        let user = match owner {
            Some(known) => known.id,
            None => accounts::register_by_mobile(gateway, anonymous, mobile).await?,
        };
        open(gateway, anonymous, user, Proof::Code(contact), device).await
    };
    note_refusal(gateway, anonymous, target, enter.await).await
}

/// The one decision whether an account may be used, for every way in (security.md 7).
pub(super) const fn may_log_in(status: AccountStatus) -> Result<(), Error> {
    match status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Disabled => Err(Error::AccountDisabled),
        AccountStatus::Deleted => Err(Error::LoginRefused),
    }
}

/// How someone showed that an account is theirs.
enum Proof {
    /// By its password, compared with this hash. If the password is another by now, the comparison does not count: a
    /// change of password ends all sessions, also those about to be opened (security.md 8).
    Password {
        /// What was stored when it was compared.
        hash: Option<String>,
    },
    /// By this session, if it still lives.
    Session(SessionId),
    /// By a code sent to this contact, if it is still the account's.
    Code(Contact),
}

/// Opens a session on a device.
async fn open(
    gateway: &Gateway,
    anonymous: &Anonymous,
    user: UserId,
    proof: Proof,
    device: LoginDevice,
) -> Result<Login, Error> {
    let token = gateway.random.user_token()?;
    let now_ms = gateway.clock.now_ms();
    let max_age_ms = gateway.config.session_max_age_ms;
    let expires_at_ms = now_ms.saturating_add(max_age_ms);
    let (tenant, token_hash) = (anonymous.tenant_id().clone(), digest(&token));
    let (audit, user_agent) = (AuditContext::of_anonymous(gateway, anonymous), anonymous.origin().user_agent.clone());
    let (max_sessions, today) = (gateway.config.sessions_per_user, activity::day(gateway, now_ms));
    let sn = gateway
        .db
        .write(move |conn| {
            let current = users::lock_credentials(conn, user)?.ok_or(Error::LoginRefused)?;
            match proof {
                // Changed, or only hashed anew by another login: trying again tells.
                Proof::Password { hash } if hash != current.password_hash => return Err(Error::Busy),
                Proof::Session(id) if !sessions::list_live(conn, user)?.iter().any(|live| live.id == id) => {
                    return Err(Error::TokenEnded);
                }
                Proof::Code(contact) => {
                    let owner = users::find_by_contact(conn, &tenant, &contact)?;
                    if owner.is_none_or(|owner| owner.id != user) {
                        return Err(Error::CodeWrong);
                    }
                }
                Proof::Password { .. } | Proof::Session(_) => {}
            }
            may_log_in(current.status)?;
            let sn = note_device(conn, user, &device, &user_agent, now_ms)?;
            make_room(conn, user, sn, max_sessions, now_ms)?;
            users::bump_devices_version(conn, user)?;
            let new = NewSession { tenant: &tenant, user, device: sn, token_hash, now_ms, expires_at_ms };
            sessions::insert(conn, &new)?;
            sessions::delete_old(conn, user, now_ms.saturating_sub(max_age_ms))?;
            devices::delete_lost(conn, user)?;
            activity::write_down(conn, user, now_ms, today)?;
            audit.done(conn, "session.login", &user.to_string())?;
            Ok(sn)
        })
        .await?;
    presence::note_login(gateway, anonymous.tenant_id(), user, sn).await;
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
    sessions::end(conn, &crowded, EndReason::TooManySessions, now_ms)
}

/// Makes sure that a session still lives, and writes down now and then that it is used.
///
/// # Errors
/// [`Error::TokenEnded`].
pub(super) async fn check(gateway: &Gateway, tenant: &TenantId, session: Session) -> Result<Session, Error> {
    let now_ms = gateway.clock.now_ms();
    let idle_ms = now_ms.saturating_sub(session.last_used_at_ms);
    let is_over = session.is_ended || session.expires_at_ms <= now_ms || idle_ms >= gateway.config.session_max_idle_ms;
    if is_over || may_log_in(session.status).is_err() {
        return Err(Error::TokenEnded);
    }
    activity::note(gateway, &session, now_ms).await;
    presence::note_request(gateway, tenant, session.user, session.device).await;
    Ok(session)
}

/// Ends the caller's session.
///
/// # Errors
/// [`Error::NoPermission`] for an admin, who has none.
pub async fn logout(gateway: &Gateway, caller: &Caller) -> Result<(), Error> {
    let Actor::User { session, device } = caller.actor() else { return Err(Error::NoPermission) };
    let (audit, user, now_ms) = (AuditContext::of_caller(gateway, caller), caller.user(), gateway.clock.now_ms());
    gateway
        .db
        .write::<(), Error>(move |conn| {
            sessions::end(conn, &[session], EndReason::Logout, now_ms)?;
            audit.done(conn, "session.logout", &user.to_string())?;
            Ok(())
        })
        .await?;
    presence::end(gateway, caller.tenant_id(), user, Some(device)).await;
    Ok(())
}

/// Gives the caller's account a second session, on no device in particular.
///
/// # Errors
/// [`Error::NoPermission`] for an admin; [`Error::TokenEnded`] when the caller's own session ended just now.
pub async fn open_another(gateway: &Gateway, anonymous: &Anonymous, caller: &Caller) -> Result<Login, Error> {
    let Actor::User { session, .. } = caller.actor() else { return Err(Error::NoPermission) };
    open(gateway, anonymous, caller.user(), Proof::Session(session), LoginDevice::default()).await
}

/// The devices that the caller is logged in on.
pub async fn list_devices(gateway: &Gateway, caller: &Caller) -> Result<Vec<LoggedInDevice>, Error> {
    let (user, now_ms) = (caller.user(), gateway.clock.now_ms());
    let idle_since_ms = now_ms.saturating_sub(gateway.config.session_max_idle_ms);
    Ok(gateway.db.read(move |conn| sessions::list_devices(conn, user, idle_since_ms, now_ms)).await?)
}

/// Ends the session on the caller's device of that id.
///
/// # Errors
/// [`Error::DeviceNotFound`].
pub async fn take_offline(gateway: &Gateway, caller: &Caller, device: DeviceKey) -> Result<(), Error> {
    let user = caller.user();
    let found = gateway.db.read(move |conn| devices::find_by_key(conn, user, &device)).await?;
    end_on(gateway, caller, Some(found.ok_or(Error::DeviceNotFound)?), EndReason::TakenOffline).await
}

/// Ends the session on one of the caller's devices, or on all of them.
///
/// # Errors
/// [`Error::DeviceNotFound`].
pub async fn kick(gateway: &Gateway, caller: &Caller, device: Option<DeviceSn>) -> Result<(), Error> {
    end_on(gateway, caller, device, EndReason::Kicked).await
}

/// Ends all sessions of an account of the operator's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn kick_all_of(gateway: &Gateway, operator: &Operator, user: UserId) -> Result<(), Error> {
    let (tenant, now_ms) = (operator.tenant_id().clone(), gateway.clock.now_ms());
    change(gateway, operator, "session.kick", user.to_string(), move |conn| {
        accounts::require_user(conn, &tenant, user)?;
        Ok(sessions::end_all_of(conn, &[user], EndReason::Kicked, now_ms)?)
    })
    .await?;
    presence::end(gateway, operator.tenant_id(), user, None).await;
    Ok(())
}

async fn end_on(gateway: &Gateway, caller: &Caller, device: Option<DeviceSn>, reason: EndReason) -> Result<(), Error> {
    let (audit, user, now_ms) = (AuditContext::of_caller(gateway, caller), caller.user(), gateway.clock.now_ms());
    let holder = caller.clone();
    gateway
        .db
        .write(move |conn| {
            access::lock_and_recheck(conn, &holder)?;
            let target = match device {
                Some(sn) if !devices::exists(conn, user, sn)? => return Err(Error::DeviceNotFound),
                Some(sn) => format!("{user}: device {}", sn.0),
                None => user.to_string(),
            };
            sessions::end_on(conn, user, device, None, reason, now_ms)?;
            audit.done(conn, "session.kick", &target)?;
            Ok(())
        })
        .await?;
    presence::end(gateway, caller.tenant_id(), user, device).await;
    Ok(())
}

/// What is stored of a token.
pub(super) fn digest(token: &Token) -> TokenHash {
    TokenHash(Sha256::digest(token.reveal().as_bytes()).into())
}

/// Replaces a hash that is not what would be made today. A login does not fail for it.
async fn rehash(gateway: &Gateway, outdated: Credentials, password: &Password) {
    let Some(old) = outdated.password_hash else { return };
    let stored = match passwords::hash(gateway, password).await {
        Ok(new) => gateway
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
