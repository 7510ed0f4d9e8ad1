//! What accounts show of themselves, and what their owners change of it.

use super::{Caller, Error, Visitor, audit::Trail};
use crate::{
    app::App,
    model::{AppId, Nickname, User, UserId, VipState},
    store::users,
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
}

/// The caller's own account.
///
/// # Errors
/// [`Error::UserNotFound`] when it was deleted just now.
pub async fn get_own(app: &App, caller: &Caller) -> Result<OwnProfile, Error> {
    let user = get(app, caller.app(), caller.user()).await?;
    Ok(OwnProfile { vip: user.vip_state(app.clock.now_ms()), user })
}

/// What an account of the same app shows to everyone.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn get_public(app: &App, visitor: &Visitor, user: UserId) -> Result<PublicProfile, Error> {
    let user = get(app, visitor.app(), user).await?;
    Ok(PublicProfile {
        vip: user.vip_state(app.clock.now_ms()),
        id: user.id,
        nickname: user.nickname,
        name_id: user.name_id,
        avatar_url: user.avatar_url,
        avatar_id: user.avatar_id,
        registered_at_ms: user.registered_at_ms,
        vip_expires_at_ms: user.vip_expires_at_ms,
    })
}

async fn get(app: &App, tenant: &AppId, user: UserId) -> Result<User, Error> {
    let tenant = tenant.clone();
    app.db.read(move |conn| users::find(conn, &tenant, user)).await?.ok_or(Error::UserNotFound)
}

/// Changes the caller's display name.
///
/// # Errors
/// When the database can't be asked.
pub async fn rename(app: &App, caller: &Caller, name: Nickname) -> Result<(), Error> {
    let (trail, user) = (Trail::of_caller(app, caller), caller.user());
    app.db
        .write(move |conn| {
            users::set_nickname(conn, user, &name)?;
            trail.done_by_admin(conn, "profile.rename", &user.to_string())?;
            Ok(())
        })
        .await
}
