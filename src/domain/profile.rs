//! Profiles: what an account shows to its owner and to others, and changes by its owner.

use std::sync::Arc;

use futures_util::future;

use super::{
    Anonymous, Caller, Error,
    access::Actor,
    audit::Action,
    invitations, lookups, presence,
    unit_of_work::{as_caller, change_own},
};
use crate::{
    gateway::Gateway,
    model::{
        Avatar, Ban, Cents, InfoChanges, Invalid, Medal, Nickname, PersonalData, PublicDetails, Remark, User, UserId,
        Username, VipState,
    },
    store::{
        Conn, StoreError, devices, medals, personal_data, remarks,
        statements::{Statement, execute_together},
        users,
    },
};

/// An account as its owner sees it.
#[derive(Debug)]
pub struct OwnProfile {
    /// The account.
    pub user: Arc<User>,
    /// The current VIP state.
    pub vip: VipState,
}

/// An account as others see it: no phone, e-mail or private information (security.md 27).
#[derive(Debug)]
pub struct PublicProfile {
    /// The account's id.
    pub id: UserId,
    /// The display name.
    pub nickname: String,
    /// Incremented with each change of the display name.
    pub name_id: i32,
    /// The avatar's URL; empty without an avatar.
    pub avatar_url: String,
    /// Incremented with each change of the avatar.
    pub avatar_id: i64,
    /// The time of registration.
    pub registered_at_ms: i64,
    /// The current VIP state.
    pub vip: VipState,
    /// When VIP ends; 0 if the account never was a VIP.
    pub vip_expires_at_ms: i64,
    /// When the account was last active; 0 for never.
    pub last_active_at_ms: i64,
    /// The number of days on which the account was active.
    pub online_days: i32,
    /// The number of consecutive active days up to today.
    pub continuous_days: i32,
    /// Where its last login came from; empty if unknown, without a file of places, and without a viewer.
    pub place: String,
    /// The medals and the personal data.
    pub details: Arc<PublicDetails>,
    /// The ban that is in force.
    pub ban: Option<Ban>,
    /// The viewer's remark about the account.
    pub remark: Remark,
}

/// The caller's own account.
///
/// # Errors
/// [`Error::UserNotFound`] if it was deleted in the meantime.
pub async fn get_own(gateway: &Gateway, caller: &Caller) -> Result<OwnProfile, Error> {
    let user = lookups::user(gateway, caller.tenant_id(), caller.user()).await?;
    Ok(OwnProfile { vip: user.vip_state(gateway.clock.now_ms()), user })
}

/// The public profile of an account of the same tenant, with the remark of the `viewer`, if any.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_public(
    gateway: &Gateway,
    anonymous: &Anonymous,
    viewer: Option<&Caller>,
    id: UserId,
) -> Result<PublicProfile, Error> {
    let (user, details) = lookups::public_account(gateway, anonymous.tenant_id(), id).await?;
    let remark = match viewer.map(Caller::user) {
        Some(viewer) => lookups::remark(gateway, anonymous.tenant_id(), viewer, id).await?,
        None => None,
    };
    let now_ms = gateway.clock.now_ms();
    // Activity is stored at intervals, but an online user is active now.
    let is_online = presence::is_online_lately(gateway, anonymous.tenant_id(), id).await?;
    let last_active_at_ms = if is_online { now_ms } else { user.activity.last_active_at_ms };
    Ok(PublicProfile {
        id,
        vip: user.vip_state(now_ms),
        nickname: user.nickname.clone(),
        name_id: user.name_id,
        avatar_url: user.avatar_url.clone(),
        avatar_id: user.avatar_id,
        registered_at_ms: user.registered_at_ms,
        vip_expires_at_ms: user.vip_expires_at_ms,
        last_active_at_ms,
        online_days: user.activity.online_days,
        continuous_days: user.activity.continuous_days_on(gateway.calendar.day(now_ms)),
        place: viewer.and(gateway.places.as_ref()).map(|_| user.place.clone()).unwrap_or_default(),
        ban: details.ban.clone().filter(|ban| ban.is_in_force(now_ms)),
        details,
        remark: remark.unwrap_or_default(),
    })
}

/// Changes the caller's display name.
pub async fn rename(gateway: &Gateway, caller: &Caller, name: Nickname) -> Result<(), Error> {
    edit_and_pay(gateway, caller, Action::routine("profile.rename"), FirstEdit::Nickname, move |user| {
        vec![users::set_nickname(user, &name)]
    })
    .await
}

/// A change that an app may pay for, once.
#[derive(Clone, Copy)]
enum FirstEdit {
    Nickname,
    Avatar,
}

impl FirstEdit {
    /// Whether the account has not been changed so yet.
    const fn is_first(self, user: &User) -> bool {
        match self {
            Self::Nickname => user.name_id == 1,
            Self::Avatar => user.avatar_id == 0,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Nickname => "first-nickname",
            Self::Avatar => "first-avatar",
        }
    }
}

/// Changes the caller's own account, and pays for the first change of the kind if the app does.
async fn edit_and_pay(
    gateway: &Gateway,
    caller: &Caller,
    action: Action,
    kind: FirstEdit,
    statements: impl Fn(UserId) -> Vec<Statement> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    /// The kind of a ledger's row for a first change (behaviour.md §4).
    const FIRST_EDIT: i16 = 4;
    let reward = lookups::tenant(gateway, caller.tenant_id()).await?.rewards.first_edit;
    let is_own = matches!(caller.actor(), Actor::User(_));
    if reward == Cents(0) || !is_own {
        return change_own(gateway, caller, action, statements).await;
    }
    as_caller(gateway, caller, action, move |tx| {
        let before = users::find(tx.conn, tx.tenant, tx.user)?.ok_or(Error::UserNotFound)?;
        execute_together(tx.conn, &statements(tx.user))?;
        let after = users::find(tx.conn, tx.tenant, tx.user)?.ok_or(Error::UserNotFound)?;
        if kind.is_first(&before) && !kind.is_first(&after) {
            invitations::pay(tx.conn, tx.user, FIRST_EDIT, reward, kind.key(), tx.now_ms)?;
        }
        Ok(())
    })
    .await
}

/// Changes the caller's avatar.
pub async fn set_avatar(gateway: &Gateway, caller: &Caller, avatar: Avatar) -> Result<(), Error> {
    edit_and_pay(gateway, caller, Action::routine("profile.set_avatar"), FirstEdit::Avatar, move |user| {
        vec![users::set_avatar(user, &avatar)]
    })
    .await
}

/// The caller's medals, in their order.
pub async fn list_medals(gateway: &Gateway, caller: &Caller) -> Result<Vec<Medal>, Error> {
    let user = caller.user();
    Ok(gateway.db.read(move |conn| medals::list_of(conn, user)).await?)
}

/// The caller's personal data, and when the caller last logged in.
pub async fn get_personal_data(gateway: &Gateway, caller: &Caller) -> Result<(PersonalData, Option<i64>), Error> {
    let user = caller.user();
    let find = move |conn: &mut Conn| -> Result<_, StoreError> {
        let data = personal_data::find(conn, user)?.unwrap_or_default();
        Ok((data, devices::last_login_at_ms(conn, user)?))
    };
    Ok(gateway.db.read(find).await?)
}

/// Applies `edit` to the caller's personal data.
///
/// # Errors
/// [`Error::Invalid`] if `edit` fails.
pub async fn edit_personal_data(
    gateway: &Gateway,
    caller: &Caller,
    edit: impl FnOnce(&mut PersonalData) -> Result<(), Invalid> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("profile.edit"), move |tx| {
        let mut data = personal_data::find(tx.conn, tx.user)?.unwrap_or_default();
        edit(&mut data)?;
        data.updated_at_ms = tx.now_ms;
        Ok(personal_data::save(tx.conn, tx.user, data)?)
    })
    .await
}

/// Stores the caller's remark about another account of the tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn save_remark(gateway: &Gateway, caller: &Caller, friend: UserId, remark: Remark) -> Result<(), Error> {
    as_caller(gateway, caller, Action::routine("profile.remark"), move |tx| {
        if !users::exists(tx.conn, tx.tenant, friend)? {
            return Err(Error::UserNotFound);
        }
        Ok(remarks::save(tx.conn, tx.user, friend, &remark)?)
    })
    .await
}

/// Changes to a profile; `None` leaves a field unchanged.
#[derive(Clone, Debug, Default)]
pub struct ProfileChanges {
    /// The display name.
    pub nickname: Option<Nickname>,
    /// The descriptive fields.
    pub info: InfoChanges,
}

/// Changes the caller's profile.
pub async fn edit(gateway: &Gateway, caller: &Caller, changes: ProfileChanges) -> Result<(), Error> {
    change_own(gateway, caller, Action::routine("profile.edit"), move |user| {
        users::set_profile(user, changes.nickname.as_ref(), &changes.info).into_iter().collect()
    })
    .await
}

/// The account with that id in the requester's tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_by_id(gateway: &Gateway, anonymous: &Anonymous, id: UserId) -> Result<Arc<User>, Error> {
    lookups::user(gateway, anonymous.tenant_id(), id).await
}

/// Those of the accounts that the requester's tenant has, in the order of `ids`.
pub async fn list_by_id(gateway: &Gateway, anonymous: &Anonymous, ids: &[UserId]) -> Result<Vec<Arc<User>>, Error> {
    let find = async |id: &UserId| match get_by_id(gateway, anonymous, *id).await {
        Ok(user) => Ok(Some(user)),
        Err(Error::UserNotFound) => Ok(None),
        Err(error) => Err(error),
    };
    let found = future::try_join_all(ids.iter().map(find)).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The account with that login name in the requester's tenant.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_by_username(gateway: &Gateway, anonymous: &Anonymous, name: Username) -> Result<Arc<User>, Error> {
    let tenant = anonymous.tenant_id().clone();
    let found = gateway.db.read(move |conn| users::find_by_username(conn, &tenant, &name)).await?;
    found.map(|user| Arc::new(lookups::shown(gateway, user))).ok_or(Error::UserNotFound)
}
