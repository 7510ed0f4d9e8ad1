//! Writes down who did what (security.md 29). A row goes into the transaction that it tells of.

use super::{
    Caller, Error, Operator, Origin, Visitor,
    access::{Actor, Office},
};
use crate::{
    app::App,
    model::{AppId, UserId},
    store::{
        Conn, StoreError,
        audit::{self, NewAuditRow},
    },
};

/// The part of an audit row that says who acts and when, ready to be taken into a transaction.
#[derive(Clone)]
pub(super) struct Trail {
    at_ms: i64,
    app: AppId,
    actor_kind: i16,
    actor_id: Option<i64>,
    for_user: Option<UserId>,
    origin: Option<Origin>,
}

impl Trail {
    const NOBODY: i16 = 0;
    const USER: i16 = 1;
    const ADMIN: i16 = 2;
    const COMMAND_LINE: i16 = 3;

    /// Someone whom no token tells.
    pub(super) fn of_visitor(app: &App, visitor: &Visitor) -> Self {
        Self {
            at_ms: app.clock.now_ms(),
            app: visitor.app().clone(),
            actor_kind: Self::NOBODY,
            actor_id: None,
            for_user: None,
            origin: Some(visitor.origin().clone()),
        }
    }

    /// A user, or an admin acting as one.
    pub(super) fn of_caller(app: &App, caller: &Caller) -> Self {
        let (actor_kind, actor_id, for_user) = match caller.actor() {
            Actor::User { .. } => (Self::USER, caller.user().get(), None),
            Actor::Admin(token) => (Self::ADMIN, token.0, Some(caller.user())),
        };
        Self {
            at_ms: app.clock.now_ms(),
            app: caller.app().clone(),
            actor_kind,
            actor_id: Some(actor_id),
            for_user,
            origin: Some(caller.origin().clone()),
        }
    }

    /// An admin, or someone at the command line.
    pub(super) fn of_operator(app: &App, operator: &Operator) -> Self {
        let (actor_kind, actor_id, origin) = match operator.office() {
            Office::Token(token, origin) => (Self::ADMIN, Some(token.0), Some(origin.clone())),
            Office::CommandLine => (Self::COMMAND_LINE, None, None),
        };
        let app_id = operator.app().clone();
        Self { at_ms: app.clock.now_ms(), app: app_id, actor_kind, actor_id, for_user: None, origin }
    }

    /// Adds a row: `action` (as `resource.verb`) was done to `target`.
    pub(super) fn done(&self, conn: &mut Conn, action: &str, target: &str) -> Result<(), StoreError> {
        self.write(conn, action, target, "ok")
    }

    /// The same for what users do to their own accounts all the time: only an admin's doing it is written down.
    pub(super) fn done_by_admin(&self, conn: &mut Conn, action: &str, target: &str) -> Result<(), StoreError> {
        if self.actor_kind == Self::ADMIN { self.done(conn, action, target) } else { Ok(()) }
    }

    /// Adds a row: `action` on `target` was refused, and `why`.
    pub(super) fn refused(&self, conn: &mut Conn, action: &str, target: &str, why: &str) -> Result<(), StoreError> {
        self.write(conn, action, target, why)
    }

    fn write(&self, conn: &mut Conn, action: &str, target: &str, result: &str) -> Result<(), StoreError> {
        let new = NewAuditRow {
            at_ms: self.at_ms,
            app: &self.app,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            for_user: self.for_user.map(UserId::get),
            action,
            target,
            address: &self.origin.as_ref().map_or_else(String::new, |origin| origin.address.to_string()),
            request_id: self.origin.as_ref().map_or("", |origin| &origin.request_id),
            result,
        };
        audit::insert(conn, &new)
    }
}

/// Changes something for an operator and writes it down, in one transaction.
pub(super) async fn change<T: Send + 'static>(
    app: &App,
    operator: &Operator,
    action: &'static str,
    target: String,
    queries: impl FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let trail = Trail::of_operator(app, operator);
    let (done, done_to) = (trail.clone(), target.clone());
    let outcome = app
        .db
        .write(move |conn| {
            let value = queries(conn)?;
            done.done(conn, action, &done_to)?;
            Ok(value)
        })
        .await;
    with_refusal(app, trail, action, target, outcome).await
}

/// The same outcome; if it is a refusal, it is written down.
pub(super) async fn with_refusal<T>(
    app: &App,
    trail: Trail,
    action: &'static str,
    target: String,
    outcome: Result<T, Error>,
) -> Result<T, Error> {
    if let Err(
        refusal @ (Error::UserNotFound
        | Error::MedalNotFound
        | Error::NotListed
        | Error::NameTaken
        | Error::CategoryUsed
        | Error::CoinsInsufficient
        | Error::KeyReused),
    ) = &outcome
    {
        let why = refusal.to_string();
        app.db.write(move |conn| trail.refused(conn, action, &target, &why)).await?;
    }
    outcome
}
