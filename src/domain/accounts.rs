//! Accounts: making, listing, disabling and enabling them.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use super::{
    Caller, Error, Operator, Visitor,
    access::{self, Actor},
    audit::{Trail, with_refusal},
    credentials, limits, passwords, presence, tenants,
    verification::{self, Use},
};
use crate::{
    app::App,
    model::{
        Alias, AppId, Code, Contact, DeviceKey, EndReason, Invalid, Language, LoginDevice, LoginName, Mobile, Page,
        Password, Platform, Problem, Settings, Standing, UserId, UserSummary, Username,
    },
    secret::{self, Purpose},
    store::{
        Conn, devices, module_ignores, notifications, personal_data, push_profiles, push_tags, push_tokens, remarks,
        sessions, settings,
        users::{self, NewLogin, NewUser},
    },
};

/// An account to be made, valid in form.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The login name.
    pub username: Username,
    /// The password in clear.
    pub password: Password,
}

/// Makes an account for someone from outside.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::TooManyRequests`], [`Error::UsernameTaken`], [`Error::Busy`].
pub async fn register(app: &App, visitor: &Visitor, new: Registration) -> Result<(UserId, Settings), Error> {
    admit_registration(app, visitor).await?;
    refuse_taken(app, visitor.app(), &new.username).await?;
    let hash = passwords::hash(app, &new.password).await?;
    let user = insert(app, visitor.app(), new.username, hash, Trail::of_visitor(app, visitor)).await?;
    Ok((user, Settings::default()))
}

/// Whether someone from outside may make an account.
async fn admit_registration(app: &App, visitor: &Visitor) -> Result<(), Error> {
    if !visitor.tenant().is_registration_open {
        return Err(Error::RegistrationClosed);
    }
    limits::count_registration(app, visitor).await
}

/// Makes many accounts for an admin, each on its own: one that fails harms no other. The results are in the order of
/// `list`, whose items may be invalid already.
pub async fn register_batch(
    app: &App,
    operator: &Operator,
    list: Vec<Result<Registration, Error>>,
) -> Vec<Result<UserId, Error>> {
    let register = |new: Result<Registration, Error>| async {
        let new = new?;
        refuse_taken(app, operator.app(), &new.username).await?;
        let hash = passwords::hash_in_turn(app, &new.password).await?;
        insert(app, operator.app(), new.username, hash, Trail::of_operator(app, operator)).await
    };
    let at_once = app.config.hashing_threads.get() * 2;
    stream::iter(list).map(register).buffered(at_once).collect().await
}

/// Makes an account, or gives the one of that name a new password and ends its sessions.
///
/// # Errors
/// When the database can't be asked.
pub async fn create_or_reset(app: &App, operator: &Operator, new: Registration) -> Result<UserId, Error> {
    let hash = passwords::hash(app, &new.password).await?;
    let (name, tenant) = (LoginName::Username(new.username.key()), operator.app().clone());
    let found = app.db.read(move |conn| users::find_credentials(conn, &tenant, &name)).await?;
    let (trail, now_ms) = (Trail::of_operator(app, operator), app.clock.now_ms());
    let Some(known) = found else {
        return insert(app, operator.app(), new.username, hash, trail).await;
    };
    app.db
        .write(move |conn| {
            users::set_password_hash(conn, known.user, &hash)?;
            sessions::end_all_of(conn, &[known.user], EndReason::PasswordChanged, now_ms)?;
            trail.done(conn, "account.set_password", &known.user.to_string())?;
            Ok(known.user)
        })
        .await
}

/// Makes sure that the app has an account of that number.
///
/// # Errors
/// [`Error::UserNotFound`].
pub(super) fn require_user(conn: &mut Conn, tenant: &AppId, id: UserId) -> Result<(), Error> {
    if users::exists(conn, tenant, id)? { Ok(()) } else { Err(Error::UserNotFound) }
}

/// Before the costly hash; the insert itself decides.
async fn refuse_taken(app: &App, tenant: &AppId, username: &Username) -> Result<(), Error> {
    let (tenant, username) = (tenant.clone(), username.clone());
    if app.db.read(move |conn| users::is_username_taken(conn, &tenant, &username)).await? {
        return Err(Error::UsernameTaken);
    }
    Ok(())
}

async fn insert(
    app: &App,
    tenant: &AppId,
    username: Username,
    password_hash: String,
    trail: Trail,
) -> Result<UserId, Error> {
    let (tenant, now_ms) = (tenant.clone(), app.clock.now_ms());
    app.db
        .write(move |conn| {
            let nickname = username.as_str();
            let login = NewLogin::Password { username: &username, hash: &password_hash };
            let new = NewUser { app: &tenant, login, nickname, now_ms };
            insert_row(conn, &new, Error::UsernameTaken, &trail)
        })
        .await
}

fn insert_row(conn: &mut Conn, new: &NewUser<'_>, taken: Error, trail: &Trail) -> Result<UserId, Error> {
    let user = users::insert(conn, new).map_err(taken.if_taken())?;
    trail.done(conn, "account.register", &user.to_string())?;
    Ok(user)
}

/// Makes an account for someone who showed to have a mobile number. It has no login name and no password; the display name
/// tells nothing of the number.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::TooManyRequests`]; [`Error::Busy`] when the number found an account just now.
pub(super) async fn register_by_mobile(app: &App, visitor: &Visitor, mobile: Mobile) -> Result<UserId, Error> {
    admit_registration(app, visitor).await?;
    let nickname = first_nickname(app, visitor.origin().language)?;
    let (tenant, trail, now_ms) = (visitor.app().clone(), Trail::of_visitor(app, visitor), app.clock.now_ms());
    app.db
        .write(move |conn| {
            let new = NewUser { app: &tenant, login: NewLogin::Mobile(&mobile), nickname: &nickname, now_ms };
            insert_row(conn, &new, Error::Busy, &trail)
        })
        .await
}

/// A display name for someone without a login name, in that language.
///
/// # Errors
/// When the operating system gives no random bytes.
pub(super) fn first_nickname(app: &App, language: Language) -> Result<String, Error> {
    const RANDOM_CHARS: usize = 8;
    let name = app.random.base62(RANDOM_CHARS)?;
    Ok(match language {
        Language::Zh => format!("用户{name}"),
        Language::En => format!("User {name}"),
    })
}

/// Deletes the caller's account: `code` shows that the contact, which must be bound to it, is still the caller's.
///
/// # Errors
/// [`Error::ContactNotBound`], [`Error::CodeWrong`].
pub async fn cancel(app: &App, caller: &Caller, contact: Contact, code: &Code) -> Result<(), Error> {
    let (user, tenant, wanted) = (caller.user(), caller.app().clone(), contact.clone());
    let owner = app.db.read(move |conn| users::find_by_contact(conn, &tenant, &wanted)).await?;
    if owner.is_none_or(|owner| owner.id != user) {
        return Err(Error::ContactNotBound);
    }
    verification::redeem(app, caller.app(), &contact, code, Use::Cancel(user)).await?;
    erase_own(app, caller).await
}

/// Erases the caller's account, unless the caller's session has ended meanwhile.
async fn erase_own(app: &App, caller: &Caller) -> Result<(), Error> {
    let (trail, user, now_ms) = (Trail::of_caller(app, caller), caller.user(), app.clock.now_ms());
    let holder = caller.clone();
    app.db
        .write(move |conn| {
            access::hold(conn, &holder)?;
            erase(conn, user, &trail, now_ms)
        })
        .await?;
    presence::end(app, caller.app(), user, None).await;
    Ok(())
}

/// Deletes the caller's account. A user must know its password; an admin need not.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong ones.
pub async fn delete(app: &App, caller: &Caller, password: Option<&Password>) -> Result<(), Error> {
    match caller.actor() {
        Actor::User { .. } => {
            let password = password.ok_or(Invalid::new("password", Problem::Missing))?;
            credentials::confirm(app, caller, password).await?;
        }
        Actor::Admin(_) => {}
    }
    erase_own(app, caller).await
}

/// Deletes an account of the operator's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn delete_of(app: &App, operator: &Operator, user: UserId) -> Result<(), Error> {
    let (tenant, trail, now_ms) = (operator.app().clone(), Trail::of_operator(app, operator), app.clock.now_ms());
    app.db
        .write(move |conn| {
            require_user(conn, &tenant, user)?;
            erase(conn, user, &trail, now_ms)
        })
        .await?;
    presence::end(app, operator.app(), user, None).await;
    Ok(())
}

/// Gives the caller's account another login name.
///
/// # Errors
/// [`Error::UsernameTaken`].
pub async fn set_username(app: &App, caller: &Caller, name: Username) -> Result<(), Error> {
    let (trail, user, holder) = (Trail::of_caller(app, caller), caller.user(), caller.clone());
    app.db
        .write(move |conn| {
            access::hold(conn, &holder)?;
            users::set_username(conn, user, &name).map_err(Error::UsernameTaken.if_taken())?;
            trail.done(conn, "account.set_username", &user.to_string())?;
            Ok(())
        })
        .await
}

/// What a push registration brings beside name and password.
#[derive(Clone, Debug, Default)]
pub struct PushRegistration {
    /// Another name for the new account.
    pub alias: Option<Alias>,
    /// The device that it is made on.
    pub device: Option<DeviceKey>,
    /// The push service's token.
    pub push_token: Option<String>,
    /// HMAC-SHA-256 over the username under the app's secret, in hexadecimal.
    pub sign: Option<String>,
}

/// Makes an account for someone from outside, ready for push messages.
///
/// # Errors
/// As [`register`]; [`Error::AliasTaken`]; [`Error::Invalid`] for a missing or wrong signature.
pub async fn register_for_push(
    app: &App,
    visitor: &Visitor,
    new: Registration,
    push: PushRegistration,
) -> Result<(UserId, Settings), Error> {
    check_sign(app, visitor, &new.username, push.sign.as_deref())?;
    admit_registration(app, visitor).await?;
    refuse_taken(app, visitor.app(), &new.username).await?;
    let hash = passwords::hash(app, &new.password).await?;
    let mut initial = Settings::default();
    push.push_token.map_or(Ok(()), |token| initial.set_push_token(&token))?;
    let (trail, now_ms) = (Trail::of_visitor(app, visitor), app.clock.now_ms());
    let (tenant, user_agent) = (visitor.app().clone(), visitor.origin().user_agent.clone());
    app.db
        .write(move |conn| {
            let login = NewLogin::Password { username: &new.username, hash: &hash };
            let row = NewUser { app: &tenant, login, nickname: new.username.as_str(), now_ms };
            let user = insert_row(conn, &row, Error::UsernameTaken, &trail)?;
            if initial != Settings::default() {
                settings::save(conn, user, &initial)?;
            }
            if let Some(alias) = &push.alias {
                push_profiles::set_alias(conn, &tenant, user, alias).map_err(Error::AliasTaken.if_taken())?;
            }
            if push.device.is_some() {
                let sn = users::next_device_sn(conn, user)?;
                let device = LoginDevice::new(push.device, Platform::default());
                devices::insert(conn, user, sn, &device, &user_agent, now_ms)?;
                users::bump_devices_version(conn, user)?;
            }
            Ok((user, initial))
        })
        .await
}

/// A signature must be there when the app demands one, and right when it is there.
fn check_sign(app: &App, visitor: &Visitor, username: &Username, sign: Option<&str>) -> Result<(), Error> {
    let tenant = visitor.tenant();
    let Some(sign) = sign.filter(|sign| !sign.is_empty()) else {
        let missing = Invalid::new("sign", Problem::Missing);
        return if tenant.is_push_sign_required { Err(missing.into()) } else { Ok(()) };
    };
    let key = tenants::secret_of(app, tenant);
    let expected = secret::hex(&secret::hmac(key.as_bytes(), username.as_str().as_bytes()));
    // Compared as keyed hashes: how long that takes tells nothing of the right one.
    let keyed = |text: &str| app.secret.mac(Purpose::AppSecret, text.as_bytes());
    if keyed(&expected) == keyed(&sign.to_ascii_lowercase()) {
        Ok(())
    } else {
        Err(Invalid::new("sign", Problem::Wrong).into())
    }
}

/// Forgets all that an account says about its owner, and frees its names and contacts for others. What it did with coins
/// and what admins did to it stays written down under its number.
fn erase(conn: &mut Conn, user: UserId, trail: &Trail, now_ms: i64) -> Result<(), Error> {
    sessions::end_all_of(conn, &[user], EndReason::Deleted, now_ms)?;
    users::erase(conn, user)?;
    settings::delete(conn, user)?;
    devices::delete_all_of(conn, user)?;
    personal_data::delete(conn, user)?;
    remarks::delete_all_of(conn, user)?;
    notifications::delete_all_of(conn, user)?;
    push_tokens::delete_all_of(conn, user)?;
    push_profiles::delete(conn, user)?;
    push_tags::delete_all_of(conn, user)?;
    module_ignores::delete_all_of(conn, user)?;
    trail.done(conn, "account.delete", &user.to_string())?;
    Ok(())
}

/// A page of an app's accounts, oldest first.
///
/// # Errors
/// When the database can't be asked.
pub async fn list(app: &App, operator: &Operator, page: Page) -> Result<Vec<UserSummary>, Error> {
    let tenant = operator.app().clone();
    Ok(app.db.read(move |conn| users::list(conn, &tenant, page)).await?)
}

/// Closes accounts and ends their sessions: all of them or, if one is not in this app, none.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn disable(app: &App, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    set_standing(app, operator, ids, Standing::Disabled, "account.disable").await
}

/// Opens disabled accounts again; their old sessions stay ended. All of them or none.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn enable(app: &App, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    set_standing(app, operator, ids, Standing::Active, "account.enable").await
}

async fn set_standing(
    app: &App,
    operator: &Operator,
    ids: Vec<UserId>,
    standing: Standing,
    action: &'static str,
) -> Result<(), Error> {
    let (tenant, trail, now_ms) = (operator.app().clone(), Trail::of_operator(app, operator), app.clock.now_ms());
    let ids: Vec<UserId> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let (changed, done) = (ids.clone(), trail.clone());
    let outcome = app
        .db
        .write::<(), Error>(move |conn| {
            if users::set_standing(conn, &tenant, &ids, standing)? != ids.len() {
                return Err(Error::UserNotFound);
            }
            if standing != Standing::Active {
                sessions::end_all_of(conn, &ids, EndReason::Disabled, now_ms)?;
            }
            for id in &ids {
                done.done(conn, action, &id.to_string())?;
            }
            Ok(())
        })
        .await;
    with_refusal(app, trail, action, format!("{} accounts", changed.len()), outcome).await?;
    if standing != Standing::Active {
        for user in changed {
            presence::end(app, operator.app(), user, None).await;
        }
    }
    Ok(())
}
