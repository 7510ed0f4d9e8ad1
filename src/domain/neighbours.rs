//! What servers of other projects ask about accounts in protocols of their own. Users show them tokens, never passwords,
//! so that no one can guess passwords through them.

use super::{
    Error, Operator,
    audit::Action,
    introspection::{self, ValidToken},
    lookups,
    unit_of_work::as_operator,
};
use crate::{
    gateway::Gateway,
    model::{TinodeUid, UserId},
    store::{tinode_links, users},
};

/// Whether the operator's tenant has the account; a disabled one counts, a deleted one does not.
pub async fn exists(gateway: &Gateway, operator: &Operator, user: UserId) -> Result<bool, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| users::exists(conn, &tenant, user)).await?)
}

/// Whether `token` is a valid token of that account.
pub async fn is_token_of(gateway: &Gateway, operator: &Operator, user: UserId, token: &str) -> Result<bool, Error> {
    let found = introspection::introspect(gateway, operator, token).await?;
    Ok(found.is_some_and(|valid| valid.user == user))
}

/// A user who logs in at a Tinode server.
pub struct TinodeLogin {
    /// The account.
    pub user: UserId,
    /// How long the token is valid still.
    pub lifetime_secs: i64,
    /// The display name.
    pub nickname: String,
    /// Tinode's id of the account, after the first login.
    pub uid: Option<TinodeUid>,
}

/// The user who shows `token` to a Tinode server as `login`: with its number or its login name, or without either.
/// `None` if the token is not valid, or another user's.
pub async fn tinode_login(
    gateway: &Gateway,
    operator: &Operator,
    login: Option<&str>,
    token: &str,
) -> Result<Option<TinodeLogin>, Error> {
    let is_named = |valid: &ValidToken| {
        login.is_none_or(|login| valid.user.to_string() == login || valid.username.as_deref() == Some(login))
    };
    let Some(valid) = introspection::introspect(gateway, operator, token).await?.filter(is_named) else {
        return Ok(None);
    };
    let user = valid.user;
    let uid = gateway.db.read(move |conn| tinode_links::find(conn, user)).await?;
    let account = lookups::user(gateway, operator.tenant_id(), user).await?;
    let lifetime_secs = valid.expires_at - gateway.clock.now_ms().div_euclid(1000);
    Ok(Some(TinodeLogin { user, lifetime_secs, nickname: account.nickname.clone(), uid }))
}

/// Notes the account that a Tinode server has made for a user.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::UsernameTaken`] if the user has another account there.
pub async fn link_tinode(gateway: &Gateway, operator: &Operator, user: UserId, uid: TinodeUid) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    as_operator(gateway, operator, Action::new("tinode.link"), user, move |tx| {
        if !users::exists(tx.conn, &tenant, user)? {
            return Err(Error::UserNotFound);
        }
        match tinode_links::find(tx.conn, user)? {
            Some(known) if known == uid => tx.set_unchanged(),
            Some(_) => return Err(Error::UsernameTaken),
            None => {
                let (taken, now_ms) = (Error::UsernameTaken.if_taken(), tx.now_ms);
                tinode_links::insert(tx.conn, user, &uid, now_ms).map_err(taken)?;
            }
        }
        Ok(())
    })
    .await
}
