//! What accounts show of themselves, and what their owners change of it.

use std::sync::Arc;

use super::{
    Anonymous, Caller, Error, Operator, access, accounts::require_user, activity, audit::AuditContext, lookups,
    presence,
};
use crate::{
    gateway::Gateway,
    model::{
        AvatarUrl, Ban, InfoChanges, Invalid, Medal, Nickname, PersonalData, PublicDetails, Remark, User, UserId,
        Username, VipState,
    },
    store::{Conn, StoreError, devices, medals, personal_data, remarks, users},
};

/// An account as its owner sees it.
#[derive(Debug)]
pub struct OwnProfile {
    /// All of it but the password.
    pub user: User,
    /// Whether it is a VIP now.
    pub vip: VipState,
}

/// An account as others see it: no phone, e-mail or private information (security.md 27).
#[derive(Debug)]
pub struct PublicProfile {
    /// Its number.
    pub id: UserId,
    /// The display name.
    pub nickname: String,
    /// Counts the display names.
    pub name_id: i32,
    /// Empty without one.
    pub avatar_url: String,
    /// Counts the avatars.
    pub avatar_id: i64,
    /// When it was made.
    pub registered_at_ms: i64,
    /// Whether it is a VIP now.
    pub vip: VipState,
    /// When VIP ends; 0 for never a VIP.
    pub vip_expires_at_ms: i64,
    /// When it was last active; 0 for never.
    pub last_active_at_ms: i64,
    /// Days on which it was active.
    pub online_days: i32,
    /// Such days in a row up to today.
    pub continuous_days: i32,
    /// Its medals, in their order.
    pub medals: Vec<Medal>,
    /// The ban that is in force.
    pub ban: Option<Ban>,
    /// What it tells about itself.
    pub personal: PersonalData,
    /// What the one who looks noted about it.
    pub remark: Remark,
}

/// The caller's own account.
///
/// # Errors
/// [`Error::UserNotFound`] when it was deleted just now.
pub async fn get_own(gateway: &Gateway, caller: &Caller) -> Result<OwnProfile, Error> {
    let user = Arc::unwrap_or_clone(lookups::user(gateway, caller.tenant_id(), caller.user()).await?);
    Ok(OwnProfile { vip: user.vip_state(gateway.clock.now_ms()), user })
}

/// What an account of the same app shows to everyone, and what the `viewer`, if it is known, noted about it.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_public(
    gateway: &Gateway,
    anonymous: &Anonymous,
    viewer: Option<&Caller>,
    id: UserId,
) -> Result<PublicProfile, Error> {
    let user = Arc::unwrap_or_clone(lookups::user(gateway, anonymous.tenant_id(), id).await?);
    let PublicDetails { personal, medals, ban } =
        Arc::unwrap_or_clone(lookups::public_details(gateway, anonymous.tenant_id(), &user).await?);
    let remark = match viewer.map(Caller::user) {
        Some(viewer) => gateway.db.read(move |conn| remarks::find(conn, viewer, id)).await?,
        None => None,
    };
    let now_ms = gateway.clock.now_ms();
    // Who is there is active, however coarsely that is written down.
    let is_online = presence::of(gateway, anonymous.tenant_id(), id).await?.is_online();
    let last_active_at_ms = if is_online { now_ms } else { user.activity.last_active_at_ms };
    Ok(PublicProfile {
        id,
        vip: user.vip_state(now_ms),
        nickname: user.nickname,
        name_id: user.name_id,
        avatar_url: user.avatar_url,
        avatar_id: user.avatar_id,
        registered_at_ms: user.registered_at_ms,
        vip_expires_at_ms: user.vip_expires_at_ms,
        last_active_at_ms,
        online_days: user.activity.online_days,
        continuous_days: user.activity.continuous_days_on(activity::day(gateway, now_ms)),
        medals,
        ban: ban.filter(|ban| ban.is_in_force(now_ms)),
        personal,
        remark: remark.unwrap_or_default(),
    })
}

/// Changes the caller's display name.
pub async fn rename(gateway: &Gateway, caller: &Caller, name: Nickname) -> Result<(), Error> {
    change(gateway, caller, "profile.rename", move |conn, user| Ok(users::set_nickname(conn, user, &name)?)).await
}

/// Changes the caller's avatar.
pub async fn set_avatar(gateway: &Gateway, caller: &Caller, avatar: AvatarUrl) -> Result<(), Error> {
    change(gateway, caller, "profile.set_avatar", move |conn, user| Ok(users::set_avatar(conn, user, &avatar)?)).await
}

/// The caller's medals, in their order.
pub async fn list_medals(gateway: &Gateway, caller: &Caller) -> Result<Vec<Medal>, Error> {
    let user = caller.user();
    Ok(gateway.db.read(move |conn| medals::list_of(conn, user)).await?)
}

/// What the caller told about itself, and when it last logged in.
pub async fn get_personal_data(gateway: &Gateway, caller: &Caller) -> Result<(PersonalData, Option<i64>), Error> {
    let user = caller.user();
    let find = move |conn: &mut Conn| -> Result<_, StoreError> {
        let data = personal_data::find(conn, user)?.unwrap_or_default();
        Ok((data, devices::last_login_at_ms(conn, user)?))
    };
    Ok(gateway.db.read(find).await?)
}

/// Changes what the caller tells about itself; what `edit` leaves alone stays.
///
/// # Errors
/// What `edit` refuses.
pub async fn edit_personal_data(
    gateway: &Gateway,
    caller: &Caller,
    edit: impl FnOnce(&mut PersonalData) -> Result<(), Invalid> + Send + 'static,
) -> Result<(), Error> {
    let now_ms = gateway.clock.now_ms();
    change(gateway, caller, "profile.edit", move |conn, user| {
        let mut data = personal_data::find(conn, user)?.unwrap_or_default();
        edit(&mut data)?;
        data.updated_at_ms = now_ms;
        Ok(personal_data::save(conn, user, data)?)
    })
    .await
}

/// Stores what the caller notes about another account of its app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn save_remark(gateway: &Gateway, caller: &Caller, friend: UserId, remark: Remark) -> Result<(), Error> {
    let tenant = caller.tenant_id().clone();
    change(gateway, caller, "profile.remark", move |conn, user| {
        require_user(conn, &tenant, friend)?;
        Ok(remarks::save(conn, user, friend, &remark)?)
    })
    .await
}

/// What an account changes of its profile; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ProfileChanges {
    /// The display name.
    pub nickname: Option<Nickname>,
    /// What it says of itself.
    pub info: InfoChanges,
}

/// Changes the caller's profile.
pub async fn edit(gateway: &Gateway, caller: &Caller, changes: ProfileChanges) -> Result<(), Error> {
    change(gateway, caller, "profile.edit", move |conn, user| {
        if let Some(name) = &changes.nickname {
            users::set_nickname(conn, user, name)?;
        }
        Ok(users::set_info(conn, user, &changes.info)?)
    })
    .await
}

/// All of one account of the operator's app but its password.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_of(gateway: &Gateway, operator: &Operator, user: UserId) -> Result<User, Error> {
    lookups::user(gateway, operator.tenant_id(), user).await.map(Arc::unwrap_or_clone)
}

/// Changes the profile of one account of the operator's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn edit_of(
    gateway: &Gateway,
    operator: &Operator,
    user: UserId,
    changes: ProfileChanges,
) -> Result<(), Error> {
    edit(gateway, &access::acting_as(gateway, operator, user).await?, changes).await
}

/// Changes the avatar of one account of the operator's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn set_avatar_of(
    gateway: &Gateway,
    operator: &Operator,
    user: UserId,
    avatar: AvatarUrl,
) -> Result<(), Error> {
    set_avatar(gateway, &access::acting_as(gateway, operator, user).await?, avatar).await
}

/// The account of that number in the anonymous's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_by_id(gateway: &Gateway, anonymous: &Anonymous, id: UserId) -> Result<User, Error> {
    lookups::user(gateway, anonymous.tenant_id(), id).await.map(Arc::unwrap_or_clone)
}

/// The account of that login name in the anonymous's app.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_by_username(gateway: &Gateway, anonymous: &Anonymous, name: Username) -> Result<User, Error> {
    let tenant = anonymous.tenant_id().clone();
    gateway.db.read(move |conn| users::find_by_username(conn, &tenant, &name)).await?.ok_or(Error::UserNotFound)
}

/// Changes something of the caller's account, whose row is locked meanwhile; unless the account or the session has ended
/// since the request began.
pub(super) async fn change(
    gateway: &Gateway,
    caller: &Caller,
    action: &'static str,
    queries: impl FnOnce(&mut Conn, UserId) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let (audit, user, caller) = (AuditContext::of_caller(gateway, caller), caller.user(), caller.clone());
    gateway
        .db
        .write(move |conn| {
            access::lock_and_recheck(conn, &caller)?;
            queries(conn, user)?;
            audit.done_by_admin(conn, action, &user.to_string())?;
            Ok(())
        })
        .await
}
