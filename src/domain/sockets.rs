//! The domain's part in a socket's life: login, heartbeats, and closing. The end of a session closes its sockets on
//! every node (`feed.rs`).

use std::collections::HashSet;

use super::{
    Anonymous, Caller, Error,
    access::{LoggedIn, PresentedToken, authenticate},
    activity, presence,
};
use crate::{
    gateway::Gateway,
    model::{Platform, SessionId, Token, UserId},
    sockets::Identity,
    store::{StoreError, devices, sessions},
};

/// An authenticated socket: its identity, and the token that is checked again at every heartbeat.
pub struct SocketLogin {
    identity: Identity,
    expires_at_ms: i64,
    presented: PresentedToken,
}

impl SocketLogin {
    /// The user, device and session of the socket.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When the session expires, regardless of its use.
    #[must_use]
    pub const fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms
    }
}

/// Authenticates a socket, by the same rules as a request with that token (security.md 7).
///
/// # Errors
/// [`Error::TokenUnknown`], also if the token belongs to another user than the given one; [`Error::TokenEnded`].
pub async fn log_in(
    gateway: &Gateway,
    anonymous: &Anonymous,
    user: Option<UserId>,
    token: &str,
) -> Result<SocketLogin, Error> {
    let token = Token::parse(token);
    let presented =
        PresentedToken { tenant_id: anonymous.tenant_id().clone(), origin: anonymous.origin().clone(), token };
    let (caller, expires_at_ms) = authenticate::user_until(gateway, presented.clone()).await?;
    if user.is_some_and(|user| user != caller.user()) {
        return Err(Error::TokenUnknown);
    }
    Ok(SocketLogin { identity: identity(&caller)?, expires_at_ms, presented })
}

fn identity(caller: &Caller) -> Result<Identity, Error> {
    let &LoggedIn { session, device, .. } = caller.logged_in()?;
    Ok(Identity { tenant_id: caller.tenant_id().clone(), user: caller.user(), session, device })
}

/// Stores the platform that a socket's client names, if the login of its device named none: some kinds of login can't.
pub async fn note_platform(gateway: &Gateway, login: &SocketLogin, platform: Platform) -> Result<(), Error> {
    let Identity { user, device, .. } = login.identity;
    if platform == Platform::default()
        || !gateway.db.read(move |conn| devices::lacks_platform(conn, user, device)).await?
    {
        return Ok(());
    }
    Ok(gateway.db.write(move |conn| devices::set_platform(conn, user, device, &platform)).await?)
}

/// Handles a heartbeat: checks the session again and renews the device's presence.
///
/// # Errors
/// [`Error::TokenEnded`] if the session has ended.
pub async fn heartbeat(gateway: &Gateway, login: &SocketLogin) -> Result<(), Error> {
    authenticate::user(gateway, login.presented.clone()).await?;
    presence::note_sockets(gateway, std::slice::from_ref(&login.identity)).await;
    Ok(())
}

/// Notes that a socket was closed: `is_for_good` unless the node is stopping and the client will connect to another
/// one.
pub async fn closed(gateway: &Gateway, login: &SocketLogin, is_for_good: bool) {
    if is_for_good {
        activity::note_end(gateway, login.identity.user).await;
    }
    presence::end_socket(gateway, &login.identity).await;
}

/// Closes the sockets on this node whose sessions have ended, for a node that may have missed entries of the change
/// feed.
pub(super) async fn close_ended(gateway: &Gateway) -> Result<(), StoreError> {
    let open = gateway.sockets.identities();
    if open.is_empty() {
        return Ok(());
    }
    let (now_ms, ids) =
        (gateway.clock.now_ms(), open.iter().map(|identity| identity.session).collect::<Vec<SessionId>>());
    let live: HashSet<SessionId> = gateway.db.read(move |conn| sessions::filter_live(conn, &ids, now_ms)).await?;
    for Identity { user, session, .. } in open.into_iter().filter(|identity| !live.contains(&identity.session)) {
        gateway.sockets.close(user, session);
    }
    Ok(())
}
