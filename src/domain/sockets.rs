//! Sockets as the domain sees them: a login, heartbeats, and their end when the session behind them ends. The database is
//! the truth: what ends a session on another node is seen by [`sweep`] within a second.

use super::{
    Caller, Error, Visitor,
    access::{self, Actor, Door},
    presence,
};
use crate::{
    app::App,
    model::{SessionId, Token, UserId},
    store::sessions,
};

/// Who is behind a socket: a caller, and the token that shows it again at every heartbeat.
pub struct SocketLogin {
    caller: Caller,
    session: SessionId,
    door: Door,
}

impl SocketLogin {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.caller.user()
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }
}

/// Finds out who is behind a socket. The same rules as for a request with that token (security.md 7).
///
/// # Errors
/// [`Error::TokenUnknown`], also when the token is not that of the user that the client names; [`Error::TokenEnded`].
pub async fn log_in(app: &App, visitor: &Visitor, user: Option<UserId>, token: &str) -> Result<SocketLogin, Error> {
    let token = Token::parse(token);
    let door = Door { app: visitor.app().clone(), origin: visitor.origin().clone(), token };
    let caller = access::user(app, door.clone()).await?;
    let Actor::User { session, .. } = caller.actor() else { return Err(Error::TokenUnknown) };
    if user.is_some_and(|user| user != caller.user()) {
        return Err(Error::TokenUnknown);
    }
    Ok(SocketLogin { caller, session, door })
}

/// Notes that the client behind a socket is there.
///
/// # Errors
/// [`Error::TokenEnded`] when the session is over.
pub async fn heartbeat(app: &App, login: &SocketLogin) -> Result<(), Error> {
    access::user(app, login.door.clone()).await.map(drop)
}

/// Notes that a socket was closed.
pub async fn closed(app: &App, login: &SocketLogin) {
    if let Actor::User { device, .. } = login.caller.actor() {
        presence::end(app, login.caller.app(), login.user(), Some(device)).await;
    }
}

/// Closes the sockets of these users on this node whose sessions have ended; for whoever ended some just now.
pub(super) async fn close_ended(app: &App, users: &[UserId]) {
    let open = app.sockets.sessions(Some(users));
    if let Err(error) = close_those_ended(app, open).await {
        log::warn!("sockets of ended sessions stay open for a moment: {error}");
    }
}

/// Closes all sockets on this node whose sessions have ended, on whatever node that happened. To be called every second.
///
/// # Errors
/// When the database can't be asked.
pub async fn sweep(app: &App) -> Result<(), Error> {
    close_those_ended(app, app.sockets.sessions(None)).await
}

async fn close_those_ended(app: &App, open: Vec<SessionId>) -> Result<(), Error> {
    if open.is_empty() {
        return Ok(());
    }
    let now_ms = app.clock.now_ms();
    let asked = open.clone();
    let live = app.db.read(move |conn| sessions::filter_live(conn, &asked, now_ms)).await?;
    let ended: Vec<SessionId> = open.into_iter().filter(|session| !live.contains(session)).collect();
    app.sockets.close(&ended);
    Ok(())
}
