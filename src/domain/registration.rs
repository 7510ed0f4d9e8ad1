//! Creating accounts.

use futures_util::{StreamExt as _, stream};

use super::{
    Anonymous, Error, Operator,
    access::authenticate,
    audit::Action,
    credentials, events, limits, passwords, tenants,
    unit_of_work::{UnitOfWork, as_anonymous, as_operator},
    webhooks::questions::{self, Who},
};
use crate::{
    gateway::Gateway,
    model::{
        Alias, BeforeEvent, DeviceKey, Invalid, Language, LoginDevice, LoginName, Mobile, Password, Platform, Problem,
        Settings, TenantId, UserId, Username,
    },
    secret::{self, KeyPurpose},
    state::Event,
    store::{
        devices, push_profiles, settings,
        users::{self, NewLogin, NewUser},
    },
    time_limit,
};

const REGISTER: Action = Action::new("account.register");

/// A new account with a password.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The login name.
    pub username: Username,
    /// The plain-text password.
    pub password: Password,
}

/// Creates an account for an anonymous requester.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::TooManyRequests`], [`Error::UsernameTaken`], [`Error::Busy`].
pub async fn register(
    gateway: &Gateway,
    anonymous: &Anonymous,
    new: Registration,
) -> Result<(UserId, Settings), Error> {
    register_from_outside(gateway, anonymous, new, PushRegistration::default()).await
}

/// Checks that an anonymous requester may create an account, and counts that towards its rate limit.
pub(super) async fn admit(gateway: &Gateway, anonymous: &Anonymous, name: &str) -> Result<(), Error> {
    if !anonymous.tenant().is_registration_open {
        return Err(Error::RegistrationClosed);
    }
    limits::count_registration(gateway, anonymous).await?;
    let who = || Who { name: Some(name.to_owned()), ..Who::default() };
    questions::ask(gateway, anonymous, BeforeEvent::Register, who).await
}

/// Creates accounts for an operator, each independently of the others. The results are in the order of `list`; an item
/// that is an error already stays one.
pub async fn register_batch(
    gateway: &Gateway,
    operator: &Operator,
    list: Vec<Result<Registration, Error>>,
) -> Vec<Result<UserId, Error>> {
    let register = |new: Result<Registration, Error>| async {
        let new = new?;
        refuse_taken(gateway, operator.tenant_id(), &new.username).await?;
        let hash = passwords::hash_in_turn(gateway, &new.password).await?;
        insert_as_operator(gateway, operator, new.username, hash).await
    };
    let at_once = gateway.config.hashing_threads.get() * 2;
    stream::iter(list).map(|new| time_limit::with_own(register(new))).buffered(at_once).collect().await
}

/// Creates an account for an operator.
///
/// # Errors
/// [`Error::UsernameTaken`], [`Error::Busy`].
pub async fn create(gateway: &Gateway, operator: &Operator, new: Registration) -> Result<UserId, Error> {
    refuse_taken(gateway, operator.tenant_id(), &new.username).await?;
    let hash = passwords::hash(gateway, &new.password).await?;
    insert_as_operator(gateway, operator, new.username, hash).await
}

/// Creates an account. If the login name exists, sets that account's password instead and ends its sessions.
///
/// # Errors
/// [`Error::Busy`].
pub async fn create_or_reset(gateway: &Gateway, operator: &Operator, new: Registration) -> Result<UserId, Error> {
    let (name, tenant) = (LoginName::Username(new.username.key()), operator.tenant_id().clone());
    let found = gateway.db.read(move |conn| users::find_credentials(conn, &tenant, &name)).await?;
    if let Some(known) = found {
        let acting = authenticate::acting_as(gateway, operator, known.user).await?;
        credentials::set_password(gateway, &acting, &new.password).await?;
        return Ok(known.user);
    }
    let hash = passwords::hash(gateway, &new.password).await?;
    insert_as_operator(gateway, operator, new.username, hash).await
}

async fn insert_as_operator(
    gateway: &Gateway,
    operator: &Operator,
    username: Username,
    hash: String,
) -> Result<UserId, Error> {
    let user = as_operator(gateway, operator, REGISTER, String::new(), move |tx| {
        let login = NewLogin::Password { username: &username, hash: &hash };
        insert(tx, login, username.as_str(), Error::UsernameTaken)
    })
    .await?;
    events::count(gateway, operator.tenant_id(), Event::Registration);
    Ok(user)
}

/// Checks that an anonymous requester could register the name. Counts as a captcha towards the limit of its source, so
/// that names can't be tried without end.
///
/// # Errors
/// [`Error::UsernameTaken`]; [`Error::TooManyRequests`].
pub async fn check_name(gateway: &Gateway, anonymous: &Anonymous, username: &Username) -> Result<(), Error> {
    limits::count_captcha(gateway, anonymous).await?;
    refuse_taken(gateway, anonymous.tenant_id(), username).await
}

/// Creates an account for an anonymous requester, with a login name that begins as `new.username` and goes on at random.
/// Returns the name, too.
///
/// # Errors
/// As [`register`].
pub async fn register_with_prefix(
    gateway: &Gateway,
    anonymous: &Anonymous,
    new: Registration,
) -> Result<(UserId, Settings, Username), Error> {
    const RANDOM_CHARS: usize = 12;
    let name = format!("{}_{}", new.username.as_str(), gateway.random.base62(RANDOM_CHARS)?);
    let username = Username::parse(&name)?;
    let (user, settings) = register(gateway, anonymous, Registration { username: username.clone(), ..new }).await?;
    Ok((user, settings, username))
}

/// Refuses a taken name before the expensive hash. The unique index still decides when the account is inserted.
async fn refuse_taken(gateway: &Gateway, tenant: &TenantId, username: &Username) -> Result<(), Error> {
    let (tenant, username) = (tenant.clone(), username.clone());
    if gateway.db.read(move |conn| users::is_username_taken(conn, &tenant, &username)).await? {
        return Err(Error::UsernameTaken);
    }
    Ok(())
}

fn insert(tx: &mut UnitOfWork<'_>, login: NewLogin<'_>, nickname: &str, taken: Error) -> Result<UserId, Error> {
    let new = NewUser { tenant: tx.tenant, login, nickname, now_ms: tx.now_ms };
    let user = users::insert(tx.conn, &new).map_err(taken.if_taken())?;
    tx.set_target(user);
    Ok(user)
}

/// Creates an account for the verified owner of a mobile number, without a login name or a password. The display name
/// must not reveal the number.
///
/// # Errors
/// [`Error::Busy`] if another account took the number at the same time.
pub(super) fn insert_by_mobile(tx: &mut UnitOfWork<'_>, mobile: &Mobile, nickname: &str) -> Result<UserId, Error> {
    insert(tx, NewLogin::Mobile(mobile), nickname, Error::Busy)
}

/// A random display name for an account without a login name.
pub(super) fn first_nickname(gateway: &Gateway, language: Language) -> Result<String, Error> {
    const RANDOM_CHARS: usize = 8;
    let name = gateway.random.base62(RANDOM_CHARS)?;
    Ok(match language {
        Language::Zh => format!("用户{name}"),
        Language::En => format!("User {name}"),
    })
}

/// The optional parameters of a push registration.
#[derive(Clone, Debug, Default)]
pub struct PushRegistration {
    /// The alias of the new account.
    pub alias: Option<Alias>,
    /// The device that registers.
    pub device: Option<DeviceKey>,
    /// The push service's token.
    pub push_token: Option<String>,
    /// HMAC-SHA-256 over the username under the tenant's secret, in hexadecimal.
    pub sign: Option<String>,
}

/// Creates an account for an anonymous requester, together with its data for push messages.
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
    register_from_outside(gateway, anonymous, new, push).await
}

async fn register_from_outside(
    gateway: &Gateway,
    anonymous: &Anonymous,
    new: Registration,
    push: PushRegistration,
) -> Result<(UserId, Settings), Error> {
    admit(gateway, anonymous, new.username.as_str()).await?;
    refuse_taken(gateway, anonymous.tenant_id(), &new.username).await?;
    let hash = passwords::hash(gateway, &new.password).await?;
    let mut initial = Settings::default();
    push.push_token.map_or(Ok(()), |token| initial.set_push_token(&token))?;
    let user_agent = anonymous.origin().user_agent.clone();
    let registered = as_anonymous(gateway, anonymous, REGISTER, None, move |tx| {
        let login = NewLogin::Password { username: &new.username, hash: &hash };
        let user = insert(tx, login, new.username.as_str(), Error::UsernameTaken)?;
        if initial != Settings::default() {
            settings::save(tx.conn, user, &initial)?;
        }
        if let Some(alias) = &push.alias {
            push_profiles::set_alias(tx.conn, tx.tenant, user, alias).map_err(Error::AliasTaken.if_taken())?;
        }
        if push.device.is_some() {
            let sn = users::next_device_sn(tx.conn, user)?;
            let device = LoginDevice::new(push.device, Platform::default());
            tx.at_end([devices::insert(user, sn, &device, &user_agent, tx.now_ms)]);
            users::bump_devices_version(tx.conn, user)?;
        }
        Ok((user, initial))
    })
    .await?;
    events::count(gateway, anonymous.tenant_id(), Event::Registration);
    Ok(registered)
}

/// A signature is required if the tenant demands it, and must be valid if it is present.
fn check_sign(gateway: &Gateway, anonymous: &Anonymous, username: &Username, sign: Option<&str>) -> Result<(), Error> {
    let tenant = anonymous.tenant();
    let Some(sign) = sign.filter(|sign| !sign.is_empty()) else {
        let missing = Invalid::new("sign", Problem::Missing);
        return if tenant.is_push_sign_required { Err(missing.into()) } else { Ok(()) };
    };
    let key = tenants::secret_of(gateway, tenant);
    let expected = secret::hex(&secret::hmac(key.as_bytes(), username.as_str().as_bytes()));
    // Compared as keyed hashes, so that the timing reveals nothing about the expected signature.
    let keyed = |text: &str| gateway.secret.mac(KeyPurpose::AppSecret, text.as_bytes());
    if keyed(&expected) == keyed(&sign.to_ascii_lowercase()) {
        Ok(())
    } else {
        Err(Invalid::new("sign", Problem::Wrong).into())
    }
}
