//! Making accounts.

use futures_util::{StreamExt as _, stream};

use super::{
    Anonymous, Error, Operator,
    access::authenticate,
    audit::Action,
    credentials, limits, passwords, tenants,
    unit_of_work::{UnitOfWork, as_anonymous, as_operator},
};
use crate::{
    gateway::Gateway,
    model::{
        Alias, DeviceKey, Invalid, Language, LoginDevice, LoginName, Mobile, Password, Platform, Problem, Settings,
        TenantId, UserId, Username,
    },
    secret::{self, KeyPurpose},
    store::{
        devices, push_profiles, settings,
        users::{self, NewLogin, NewUser},
    },
};

const REGISTER: Action = Action::new("account.register");

/// An account to be made, valid in form.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The login name.
    pub username: Username,
    /// The password in clear.
    pub password: Password,
}

/// Makes an account for a requester from outside.
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

/// Whether a requester from outside may make an account; counts it.
pub(super) async fn admit(gateway: &Gateway, anonymous: &Anonymous) -> Result<(), Error> {
    if !anonymous.tenant().is_registration_open {
        return Err(Error::RegistrationClosed);
    }
    limits::count_registration(gateway, anonymous).await
}

/// Makes many accounts for an operator, each on its own: one that fails harms no other. The results are in the order of
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
        insert_as_operator(gateway, operator, new.username, hash).await
    };
    let at_once = gateway.config.hashing_threads.get() * 2;
    stream::iter(list).map(register).buffered(at_once).collect().await
}

/// Makes an account, or sets the password of the one of that name and ends its sessions.
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
    as_operator(gateway, operator, REGISTER, String::new(), move |tx| {
        let login = NewLogin::Password { username: &username, hash: &hash };
        insert(tx, login, username.as_str(), Error::UsernameTaken)
    })
    .await
}

/// Before the costly hash; the insert itself decides.
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
    tx.set_target(user.to_string());
    Ok(user)
}

/// Makes an account for someone who has shown to own a mobile number. It has no login name and no password; the display
/// name tells nothing of the number.
///
/// # Errors
/// [`Error::Busy`] when another account got the number just now.
pub(super) fn insert_by_mobile(tx: &mut UnitOfWork<'_>, mobile: &Mobile, nickname: &str) -> Result<UserId, Error> {
    insert(tx, NewLogin::Mobile(mobile), nickname, Error::Busy)
}

/// A display name in that language for an account without a login name.
pub(super) fn first_nickname(gateway: &Gateway, language: Language) -> Result<String, Error> {
    const RANDOM_CHARS: usize = 8;
    let name = gateway.random.base62(RANDOM_CHARS)?;
    Ok(match language {
        Language::Zh => format!("用户{name}"),
        Language::En => format!("User {name}"),
    })
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
    /// HMAC-SHA-256 over the username under the tenant's secret, in hexadecimal.
    pub sign: Option<String>,
}

/// Makes an account for a requester from outside, ready for push messages.
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
    admit(gateway, anonymous).await?;
    refuse_taken(gateway, anonymous.tenant_id(), &new.username).await?;
    let hash = passwords::hash(gateway, &new.password).await?;
    let mut initial = Settings::default();
    push.push_token.map_or(Ok(()), |token| initial.set_push_token(&token))?;
    let user_agent = anonymous.origin().user_agent.clone();
    as_anonymous(gateway, anonymous, REGISTER, move |tx| {
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
            devices::insert(tx.conn, user, sn, &device, &user_agent, tx.now_ms)?;
            users::bump_devices_version(tx.conn, user)?;
        }
        Ok((user, initial))
    })
    .await
}

/// A signature must be there when the tenant demands one, and right when it is there.
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
