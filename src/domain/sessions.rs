//! Sessions: login with a password or a code, logout, kick, and the devices that are logged in.

mod proof;

use self::proof::{NewAccount, Proof};
use super::{
    Anonymous, Caller, Error,
    access::LoggedIn,
    audit::{Action, AuditContext, Target},
    events, invitations,
    limits::{self, LoginAttempt, LoginTarget},
    one_time_passwords,
    passwords::{self, Verdict},
    presence, registration,
    unit_of_work::{UnitOfWork, as_anonymous, as_caller},
    verification,
    webhooks::questions::{self, Who},
};
use crate::{
    gateway::Gateway,
    model::{
        BeforeEvent, Code, CodePurpose, Contact, DeviceKey, DeviceSn, EndReason, InvitationCode, LoggedInDevice,
        LoginDevice, LoginName, Mobile, Password, SessionId, Token, TokenHash, UserId,
    },
    state::{Event, OnMatch},
    store::{
        devices,
        logins::{self, KnownDevice, LoginState},
        sessions::{self, NewSession},
        users::{self, Credentials},
    },
};

const LOGIN: Action = Action::new("session.login");
const KICK: Action = Action::new("session.kick");

/// A successful login.
#[derive(Debug)]
pub struct Login {
    /// The token, to be sent to the client only.
    pub token: Token,
    /// The account.
    pub user: UserId,
    /// When the session expires, regardless of its use.
    pub expires_at_ms: i64,
}

/// Logs in with a name and a password.
///
/// # Errors
/// [`Error::LoginRefused`] for both an unknown name and a wrong password, [`Error::LoginLocked`],
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
        Some(known) => (LoginTarget::Account(known.user), Target::from(known.user)),
        None => (LoginTarget::Name(&name), format!("name:{}", name.key()).into()),
    };
    let enter = async {
        let tenant = anonymous.tenant_id();
        // Whoever has one has proved to own the account by other means, so that it counts as no attempt.
        let verdict = if one_time_passwords::take(gateway, tenant, found.as_ref(), password).await? {
            Verdict::Right
        } else {
            let stored = found.as_ref().and_then(|known| known.password_hash.clone());
            let attempt = LoginAttempt::begin(gateway, tenant, anonymous.origin(), counted).await?;
            attempt.compare(gateway, password, stored).await?
        };
        open_if_right(gateway, anonymous, found, verdict, password, device).await
    };
    note_refusal(gateway, anonymous, target, enter.await).await
}

/// Counts and audits the refusal of a login. The number of rows is limited however many attempts there are (security.md
/// 53).
pub(super) async fn note_refusal<T>(
    gateway: &Gateway,
    anonymous: &Anonymous,
    target: Target,
    outcome: Result<T, Error>,
) -> Result<T, Error> {
    let Some(refusal) = outcome.as_ref().err().filter(|refusal| refusal.is_audited_login()) else { return outcome };
    events::count(gateway, anonymous.tenant_id(), Event::FailedSignIn);
    if limits::may_audit_refusal(gateway, anonymous, target.text(), refusal).await {
        let audit = AuditContext::of_anonymous(anonymous, None);
        audit.write_refusal(gateway, LOGIN, target, refusal, gateway.clock.now_ms()).await?;
    }
    outcome
}

/// Opens a session after a comparison with the account's password.
async fn open_if_right(
    gateway: &Gateway,
    anonymous: &Anonymous,
    found: Option<Credentials>,
    verdict: Verdict,
    password: &Password,
    device: LoginDevice,
) -> Result<Login, Error> {
    match (found, verdict) {
        (Some(known), verdict @ (Verdict::Right | Verdict::RightButOutdated)) => {
            let proof = Proof::Password { user: known.user, hash: known.password_hash.clone() };
            ask_before(gateway, anonymous, Some(known.user), None, &device).await?;
            let login = open(gateway, anonymous, proof, device).await?;
            if verdict == Verdict::RightButOutdated {
                rehash(gateway, known, password).await;
            }
            Ok(login)
        }
        (None, _) | (Some(_), Verdict::Wrong) => Err(Error::LoginRefused),
    }
}

/// Logs in with a code sent by SMS. Creates an account if the number has none (behaviour.md §4).
///
/// # Errors
/// [`Error::TooManyRequests`], [`Error::CodeWrong`]; after the right code [`Error::AccountDisabled`],
/// [`Error::RegistrationClosed`].
pub async fn login_with_code(
    gateway: &Gateway,
    anonymous: &Anonymous,
    mobile: Mobile,
    code: &Code,
    invitation: Option<InvitationCode>,
    device: LoginDevice,
) -> Result<Login, Error> {
    let contact = Contact::Mobile(mobile.clone());
    let target = contact.to_string().into();
    let enter = async {
        limits::count_code_try(gateway, anonymous).await?;
        let (purposes, tenant) = ([CodePurpose::Login], anonymous.tenant_id());
        verification::try_code(gateway, tenant, &contact, code, &purposes, OnMatch::Keep).await?;
        let (in_app, wanted) = (tenant.clone(), contact.clone());
        let owner = gateway.db.read(move |conn| users::find_confirmed_owner(conn, &in_app, &wanted)).await?;
        let new = if owner.is_some() {
            None
        } else {
            let inviter = match invitation {
                Some(code) => Some(invitations::find_inviter(gateway, tenant, code).await?),
                None => None,
            };
            registration::admit(gateway, anonymous, mobile.as_str()).await?;
            Some(NewAccount::new(gateway, anonymous, &mobile, inviter)?)
        };
        ask_before(gateway, anonymous, owner, Some(&mobile), &device).await?;
        // Only now, so that a server that can't be asked costs no code.
        verification::try_code(gateway, tenant, &contact, code, &purposes, OnMatch::Consume).await?;
        open(gateway, anonymous, Proof::Code { mobile, new }, device).await
    };
    note_refusal(gateway, anonymous, target, enter.await).await
}

/// Asks the tenant's servers about a login of someone who has proved to own an account, or the number of a new one.
async fn ask_before(
    gateway: &Gateway,
    anonymous: &Anonymous,
    user: Option<UserId>,
    mobile: Option<&Mobile>,
    device: &LoginDevice,
) -> Result<(), Error> {
    let who = || Who {
        user_id: user.map(UserId::get),
        name: mobile.map(|mobile| mobile.as_str().to_owned()),
        device_id: device.key().map(|key| key.as_str().to_owned()),
    };
    questions::ask(gateway, anonymous, BeforeEvent::Login, who).await
}

/// Opens a session on a device.
async fn open(gateway: &Gateway, anonymous: &Anonymous, proof: Proof, device: LoginDevice) -> Result<Login, Error> {
    const GENERATED_ID_CHARS: usize = 22;
    let device = device.or_generated(&gateway.random.base62(GENERATED_ID_CHARS)?);
    let token = gateway.random.user_token()?;
    let max_age_ms = gateway.config.session_max_age_ms;
    let (token_hash, user_agent) = (TokenHash::of(&token), anonymous.origin().user_agent.clone());
    let place = gateway.places.as_ref().and_then(|places| places.find(anonymous.origin().address));
    let (max_sessions, today) =
        (gateway.reloadable.load().sessions_per_user, gateway.calendar.day(gateway.clock.now_ms()));
    let opened = as_anonymous(gateway, anonymous, LOGIN, proof.account(), move |tx| {
        let (user, is_new) = match &proof {
            Proof::Password { user, .. } | Proof::Session { user, .. } => (*user, false),
            Proof::Code { mobile, new } => Proof::find_by_code(tx, mobile, new.as_ref())?,
        };
        let state = logins::find_state(tx.conn, tx.tenant, user, device.key())?.ok_or(Error::LoginRefused)?;
        proof.check(&state)?;
        let sn = note_device(tx, &state, &device, &user_agent);
        make_room(tx, &state, sn, proof.session(), max_sessions);
        let (now_ms, expires_at_ms) = (tx.now_ms, tx.now_ms.saturating_add(max_age_ms));
        let new = NewSession { tenant: tx.tenant, user, device: sn, token_hash, now_ms, expires_at_ms };
        let activity = state.activity.after(now_ms, today);
        let place = place.as_deref().filter(|place| *place != state.place);
        tx.at_end([
            sessions::insert(&new),
            sessions::delete_old(user, now_ms.saturating_sub(max_age_ms)),
            logins::update_account(user, activity, state.last_device.max(sn), place),
        ]);
        tx.set_target(user);
        Ok((user, is_new, sn, expires_at_ms, activity))
    });
    let (user, is_new, sn, expires_at_ms, activity) = opened.await?;
    if is_new {
        events::count(gateway, anonymous.tenant_id(), Event::Registration);
    }
    events::count(gateway, anonymous.tenant_id(), Event::SignIn);
    gateway.cache.note_activity(user, None, activity);
    presence::note_login(gateway, anonymous.tenant_id(), user, sn).await;
    Ok(Login { token, user, expires_at_ms })
}

/// Inserts or updates the device's row.
fn note_device(tx: &mut UnitOfWork<'_>, state: &LoginState, device: &LoginDevice, user_agent: &str) -> DeviceSn {
    let (user, now_ms) = (state.credentials.user, tx.now_ms);
    if let Some(known) = state.devices.iter().find(|known| known.is_login_device) {
        tx.at_end([devices::update(user, known.sn, device, user_agent, now_ms)]);
        return known.sn;
    }
    let sn = DeviceSn(state.last_device.0.saturating_add(1));
    tx.at_end([devices::insert(user, sn, device, user_agent, now_ms)]);
    sn
}

/// Ends the session on the same device and, if the account has too many, the first ones in the order of eviction; never
/// the session `opener`, which opens the new one. Deletes the devices with a generated id that then have no session: no
/// later login can refer to them.
fn make_room(
    tx: &mut UnitOfWork<'_>,
    state: &LoginState,
    device: DeviceSn,
    opener: Option<SessionId>,
    max_sessions: usize,
) {
    let (same_device, others): (Vec<&KnownDevice>, Vec<&KnownDevice>) =
        state.devices.iter().partition(|known| known.sn == device);
    let replaced: Vec<SessionId> = same_device.iter().filter_map(|known| known.session).collect();
    let live: Vec<SessionId> = others.iter().filter_map(|known| known.session).collect();
    let surplus = (live.len() + 1).saturating_sub(max_sessions);
    let evicted: Vec<SessionId> = live.into_iter().filter(|id| Some(*id) != opener).take(surplus).collect();
    let is_lost = |known: &&&KnownDevice| known.is_generated && known.session.is_none_or(|id| evicted.contains(&id));
    let lost: Vec<DeviceSn> = others.iter().filter(is_lost).map(|known| known.sn).collect();
    let endings = [(replaced, EndReason::Replaced), (evicted, EndReason::TooManySessions)];
    for (ids, reason) in endings {
        tx.at_end(sessions::end_statements(&ids, reason, tx.now_ms));
    }
    tx.at_end(devices::delete_statements(state.credentials.user, &lost));
}

/// Ends the caller's session.
///
/// # Errors
/// [`Error::NoPermission`] for an operator, who has no session.
pub async fn logout(gateway: &Gateway, caller: &Caller) -> Result<(), Error> {
    let &LoggedIn { session, device, .. } = caller.logged_in()?;
    as_caller(gateway, caller, Action::new("session.logout"), move |tx| {
        Ok(sessions::end(tx.conn, &[session], EndReason::Logout, tx.now_ms)?)
    })
    .await?;
    presence::end(gateway, caller.tenant_id(), caller.user(), Some(device)).await;
    Ok(())
}

/// Opens another session for the caller's account, on a device of its own.
///
/// # Errors
/// [`Error::NoPermission`] for an operator; [`Error::TokenEnded`] if the caller's session has ended in the meantime.
pub async fn open_another(gateway: &Gateway, anonymous: &Anonymous, caller: &Caller) -> Result<Login, Error> {
    let proof = Proof::Session { user: caller.user(), session: caller.logged_in()?.session };
    let device = LoginDevice::default();
    ask_before(gateway, anonymous, Some(caller.user()), None, &device).await?;
    open(gateway, anonymous, proof, device).await
}

/// The devices that the caller is logged in on.
pub async fn list_devices(gateway: &Gateway, caller: &Caller) -> Result<Vec<LoggedInDevice>, Error> {
    let (user, now_ms) = (caller.user(), gateway.clock.now_ms());
    let idle_since_ms = now_ms.saturating_sub(gateway.config.session_max_idle_ms);
    Ok(gateway.db.read(move |conn| sessions::list_devices(conn, user, idle_since_ms, now_ms)).await?)
}

/// Ends the session on the caller's device with that client-side id.
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

async fn end_on(gateway: &Gateway, caller: &Caller, device: Option<DeviceSn>, reason: EndReason) -> Result<(), Error> {
    as_caller(gateway, caller, KICK, move |tx| {
        if let Some(sn) = device {
            if !devices::exists(tx.conn, tx.user, sn)? {
                return Err(Error::DeviceNotFound);
            }
            tx.set_target(format!("{}: device {}", tx.user, sn.0));
        }
        sessions::end_on(tx.conn, tx.user, device, None, reason, tx.now_ms)?;
        Ok(())
    })
    .await?;
    presence::end(gateway, caller.tenant_id(), caller.user(), device).await;
    Ok(())
}

/// Replaces an outdated password hash. A failure is only logged, so that the login still succeeds.
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
