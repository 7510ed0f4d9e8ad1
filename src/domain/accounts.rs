//! Accounts: making, listing, disabling and enabling them.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use super::{
    Anonymous, Caller, Error, Operator,
    access::{self, Actor},
    audit::{AuditContext, with_refusal},
    credentials, limits, passwords, presence, tenants, verification,
};
use crate::{
    gateway::Gateway,
    model::{
        AccountStatus, Alias, Code, CodePurpose, Contact, DeviceKey, EndReason, Invalid, Language, LoginDevice,
        LoginName, Mobile, Page, Password, Platform, Problem, Settings, TenantId, UserId, UserSummary, Username,
    },
    secret::{self, KeyPurpose},
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
pub async fn register(
    gateway: &Gateway,
    anonymous: &Anonymous,
    new: Registration,
) -> Result<(UserId, Settings), Error> {
    admit_registration(gateway, anonymous).await?;
    refuse_taken(gateway, anonymous.tenant_id(), &new.username).await?;
    let hash = passwords::hash(gateway, &new.password).await?;
    let user =
        insert(gateway, anonymous.tenant_id(), new.username, hash, AuditContext::of_anonymous(gateway, anonymous))
            .await?;
    Ok((user, Settings::default()))
}

/// Whether someone from outside may make an account.
async fn admit_registration(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    if !anonymous.tenant().is_registration_open {
        return Err(Error::RegistrationClosed);
    }
    limits::count_registration(gateway, anonymous).await
}

/// Makes many accounts for an admin, each on its own: one that fails harms no other. The results are in the order of
/// `list`, whose items may be invalid already.
pub async fn register_batch(
    gateway: &Gateway,
    operator: &Operator,
    list: Vec<Result<Registration, Error>>,
) -> Vec<Result<UserId, Error>> {
    let register = |new: Result<Registration, Error>| async {
        let new = new?;
        refuse_taken(gateway, operator.tenant_id(), &new.username).await?;
        let hash = passwords::hash_in_turn(gateway, &new.password).await?;
        insert(gateway, operator.tenant_id(), new.username, hash, AuditContext::of_operator(gateway, operator)).await
    };
    let at_once = gateway.config.hashing_threads.get() * 2;
    stream::iter(list).map(register).buffered(at_once).collect().await
}

/// Makes an account, or gives the one of that name a new password and ends its sessions.
pub async fn create_or_reset(gateway: &Gateway, operator: &Operator, new: Registration) -> Result<UserId, Error> {
    let hash = passwords::hash(gateway, &new.password).await?;
    let (name, tenant) = (LoginName::Username(new.username.key()), operator.tenant_id().clone());
    let found = gateway.db.read(move |conn| users::find_credentials(conn, &tenant, &name)).await?;
    let (audit, now_ms) = (AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    let Some(known) = found else {
        return insert(gateway, operator.tenant_id(), new.username, hash, audit).await;
    };
    gateway
        .db
        .write(move |conn| {
            users::set_password_hash(conn, known.user, &hash)?;
            sessions::end_all_of(conn, &[known.user], EndReason::PasswordChanged, now_ms)?;
            audit.done(conn, "account.set_password", &known.user.to_string())?;
            Ok(known.user)
        })
        .await
}

/// Makes sure that the app has an account of that number.
///
/// # Errors
/// [`Error::UserNotFound`].
pub(super) fn require_user(conn: &mut Conn, tenant: &TenantId, id: UserId) -> Result<(), Error> {
    if users::exists(conn, tenant, id)? { Ok(()) } else { Err(Error::UserNotFound) }
}

/// Before the costly hash; the insert itself decides.
async fn refuse_taken(gateway: &Gateway, tenant: &TenantId, username: &Username) -> Result<(), Error> {
    let (tenant, username) = (tenant.clone(), username.clone());
    if gateway.db.read(move |conn| users::is_username_taken(conn, &tenant, &username)).await? {
        return Err(Error::UsernameTaken);
    }
    Ok(())
}

async fn insert(
    gateway: &Gateway,
    tenant: &TenantId,
    username: Username,
    password_hash: String,
    audit: AuditContext,
) -> Result<UserId, Error> {
    let (tenant, now_ms) = (tenant.clone(), gateway.clock.now_ms());
    gateway
        .db
        .write(move |conn| {
            let nickname = username.as_str();
            let login = NewLogin::Password { username: &username, hash: &password_hash };
            let new = NewUser { tenant: &tenant, login, nickname, now_ms };
            insert_row(conn, &new, Error::UsernameTaken, &audit)
        })
        .await
}

fn insert_row(conn: &mut Conn, new: &NewUser<'_>, taken: Error, audit: &AuditContext) -> Result<UserId, Error> {
    let user = users::insert(conn, new).map_err(taken.if_taken())?;
    audit.done(conn, "account.register", &user.to_string())?;
    Ok(user)
}

/// Makes an account for someone who showed to have a mobile number. It has no login name and no password; the display name
/// tells nothing of the number.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::TooManyRequests`]; [`Error::Busy`] when the number found an account just now.
pub(super) async fn register_by_mobile(
    gateway: &Gateway,
    anonymous: &Anonymous,
    mobile: Mobile,
) -> Result<UserId, Error> {
    admit_registration(gateway, anonymous).await?;
    let nickname = first_nickname(gateway, anonymous.origin().language)?;
    let (tenant, audit, now_ms) =
        (anonymous.tenant_id().clone(), AuditContext::of_anonymous(gateway, anonymous), gateway.clock.now_ms());
    gateway
        .db
        .write(move |conn| {
            let new = NewUser { tenant: &tenant, login: NewLogin::Mobile(&mobile), nickname: &nickname, now_ms };
            insert_row(conn, &new, Error::Busy, &audit)
        })
        .await
}

/// A display name for someone without a login name, in that language.
pub(super) fn first_nickname(gateway: &Gateway, language: Language) -> Result<String, Error> {
    const RANDOM_CHARS: usize = 8;
    let name = gateway.random.base62(RANDOM_CHARS)?;
    Ok(match language {
        Language::Zh => format!("用户{name}"),
        Language::En => format!("User {name}"),
    })
}

/// Deletes the caller's account: `code` shows that the contact, which must be bound to it, is still the caller's.
///
/// # Errors
/// [`Error::ContactNotBound`], [`Error::CodeWrong`].
pub async fn cancel(gateway: &Gateway, caller: &Caller, contact: Contact, code: &Code) -> Result<(), Error> {
    let (user, tenant, wanted) = (caller.user(), caller.tenant_id().clone(), contact.clone());
    let owner = gateway.db.read(move |conn| users::find_by_contact(conn, &tenant, &wanted)).await?;
    if owner.is_none_or(|owner| owner.id != user) {
        return Err(Error::ContactNotBound);
    }
    verification::redeem(gateway, caller.tenant_id(), &contact, code, &[CodePurpose::Account(user)]).await?;
    erase_own(gateway, caller).await
}

/// Erases the caller's account, unless the caller's session has ended meanwhile.
async fn erase_own(gateway: &Gateway, caller: &Caller) -> Result<(), Error> {
    let (audit, user, now_ms) = (AuditContext::of_caller(gateway, caller), caller.user(), gateway.clock.now_ms());
    let holder = caller.clone();
    gateway
        .db
        .write(move |conn| {
            access::lock_and_recheck(conn, &holder)?;
            erase(conn, user, &audit, now_ms)
        })
        .await?;
    presence::end(gateway, caller.tenant_id(), user, None).await;
    Ok(())
}

/// Deletes the caller's account. A user must know its password; an admin need not.
///
/// # Errors
/// [`Error::PasswordWrong`]; [`Error::TooManyRequests`] after too many wrong ones.
pub async fn delete(gateway: &Gateway, caller: &Caller, password: Option<&Password>) -> Result<(), Error> {
    match caller.actor() {
        Actor::User { .. } => {
            let password = password.ok_or(Invalid::new("password", Problem::Missing))?;
            credentials::confirm(gateway, caller, password).await?;
        }
        Actor::Admin(_) => {}
    }
    erase_own(gateway, caller).await
}

/// Deletes an account of the operator's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn delete_of(gateway: &Gateway, operator: &Operator, user: UserId) -> Result<(), Error> {
    let (tenant, audit, now_ms) =
        (operator.tenant_id().clone(), AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    gateway
        .db
        .write(move |conn| {
            require_user(conn, &tenant, user)?;
            erase(conn, user, &audit, now_ms)
        })
        .await?;
    presence::end(gateway, operator.tenant_id(), user, None).await;
    Ok(())
}

/// Gives the caller's account another login name.
///
/// # Errors
/// [`Error::UsernameTaken`].
pub async fn set_username(gateway: &Gateway, caller: &Caller, name: Username) -> Result<(), Error> {
    let (audit, user, holder) = (AuditContext::of_caller(gateway, caller), caller.user(), caller.clone());
    gateway
        .db
        .write(move |conn| {
            access::lock_and_recheck(conn, &holder)?;
            users::set_username(conn, user, &name).map_err(Error::UsernameTaken.if_taken())?;
            audit.done(conn, "account.set_username", &user.to_string())?;
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
    gateway: &Gateway,
    anonymous: &Anonymous,
    new: Registration,
    push: PushRegistration,
) -> Result<(UserId, Settings), Error> {
    check_sign(gateway, anonymous, &new.username, push.sign.as_deref())?;
    admit_registration(gateway, anonymous).await?;
    refuse_taken(gateway, anonymous.tenant_id(), &new.username).await?;
    let hash = passwords::hash(gateway, &new.password).await?;
    let mut initial = Settings::default();
    push.push_token.map_or(Ok(()), |token| initial.set_push_token(&token))?;
    let (audit, now_ms) = (AuditContext::of_anonymous(gateway, anonymous), gateway.clock.now_ms());
    let (tenant, user_agent) = (anonymous.tenant_id().clone(), anonymous.origin().user_agent.clone());
    gateway
        .db
        .write(move |conn| {
            let login = NewLogin::Password { username: &new.username, hash: &hash };
            let row = NewUser { tenant: &tenant, login, nickname: new.username.as_str(), now_ms };
            let user = insert_row(conn, &row, Error::UsernameTaken, &audit)?;
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
fn check_sign(gateway: &Gateway, anonymous: &Anonymous, username: &Username, sign: Option<&str>) -> Result<(), Error> {
    let tenant = anonymous.tenant();
    let Some(sign) = sign.filter(|sign| !sign.is_empty()) else {
        let missing = Invalid::new("sign", Problem::Missing);
        return if tenant.is_push_sign_required { Err(missing.into()) } else { Ok(()) };
    };
    let key = tenants::secret_of(gateway, tenant);
    let expected = secret::hex(&secret::hmac(key.as_bytes(), username.as_str().as_bytes()));
    // Compared as keyed hashes: how long that takes tells nothing of the right one.
    let keyed = |text: &str| gateway.secret.mac(KeyPurpose::AppSecret, text.as_bytes());
    if keyed(&expected) == keyed(&sign.to_ascii_lowercase()) {
        Ok(())
    } else {
        Err(Invalid::new("sign", Problem::Wrong).into())
    }
}

/// Forgets all that an account says about its owner, and frees its names and contacts for others. What it did with coins
/// and what admins did to it stays written down under its number.
fn erase(conn: &mut Conn, user: UserId, audit: &AuditContext, now_ms: i64) -> Result<(), Error> {
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
    audit.done(conn, "account.delete", &user.to_string())?;
    Ok(())
}

/// A page of an app's accounts, oldest first.
pub async fn list(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Vec<UserSummary>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| users::list(conn, &tenant, page)).await?)
}

/// Closes accounts and ends their sessions: all of them or, if one is not in this app, none.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn disable(gateway: &Gateway, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    set_status(gateway, operator, ids, AccountStatus::Disabled, "account.disable").await
}

/// Opens disabled accounts again; their old sessions stay ended. All of them or none.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn enable(gateway: &Gateway, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    set_status(gateway, operator, ids, AccountStatus::Active, "account.enable").await
}

async fn set_status(
    gateway: &Gateway,
    operator: &Operator,
    ids: Vec<UserId>,
    status: AccountStatus,
    action: &'static str,
) -> Result<(), Error> {
    let (tenant, audit, now_ms) =
        (operator.tenant_id().clone(), AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    let ids: Vec<UserId> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let (changed, done) = (ids.clone(), audit.clone());
    let outcome = gateway
        .db
        .write::<(), Error>(move |conn| {
            if users::set_status(conn, &tenant, &ids, status)? != ids.len() {
                return Err(Error::UserNotFound);
            }
            if status != AccountStatus::Active {
                sessions::end_all_of(conn, &ids, EndReason::Disabled, now_ms)?;
            }
            for id in &ids {
                done.done(conn, action, &id.to_string())?;
            }
            Ok(())
        })
        .await;
    with_refusal(gateway, audit, action, format!("{} accounts", changed.len()), outcome).await?;
    if status != AccountStatus::Active {
        for user in changed {
            presence::end(gateway, operator.tenant_id(), user, None).await;
        }
    }
    Ok(())
}
