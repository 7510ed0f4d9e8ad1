//! Writes down who did what (security.md 29). A row goes into the transaction that it tells of.

use super::{
    Anonymous, Caller, Error, Operator, Origin,
    access::{Actor, OperatorKind},
};
use crate::{
    gateway::Gateway,
    model::{TenantId, UserId},
    store::{
        Conn, StoreError,
        audit::{self, NewAuditRow},
    },
};

/// The part of an audit row that says who acts and when, ready to be taken into a transaction.
#[derive(Clone)]
pub(super) struct AuditContext {
    at_ms: i64,
    tenant_id: TenantId,
    actor_kind: i16,
    actor_id: Option<i64>,
    for_user: Option<UserId>,
    origin: Option<Origin>,
}

impl AuditContext {
    const NOBODY: i16 = 0;
    const USER: i16 = 1;
    const ADMIN: i16 = 2;
    const COMMAND_LINE: i16 = 3;

    /// Someone whom no token tells.
    pub(super) fn of_anonymous(gateway: &Gateway, anonymous: &Anonymous) -> Self {
        Self {
            at_ms: gateway.clock.now_ms(),
            tenant_id: anonymous.tenant_id().clone(),
            actor_kind: Self::NOBODY,
            actor_id: None,
            for_user: None,
            origin: Some(anonymous.origin().clone()),
        }
    }

    /// A user, or an admin acting as one.
    pub(super) fn of_caller(gateway: &Gateway, caller: &Caller) -> Self {
        let (actor_kind, actor_id, for_user) = match caller.actor() {
            Actor::User { .. } => (Self::USER, caller.user().get(), None),
            Actor::Admin(token) => (Self::ADMIN, token.0, Some(caller.user())),
        };
        Self {
            at_ms: gateway.clock.now_ms(),
            tenant_id: caller.tenant_id().clone(),
            actor_kind,
            actor_id: Some(actor_id),
            for_user,
            origin: Some(caller.origin().clone()),
        }
    }

    /// An admin, or someone at the command line.
    pub(super) fn of_operator(gateway: &Gateway, operator: &Operator) -> Self {
        let (actor_kind, actor_id, origin) = match operator.kind() {
            OperatorKind::Token(token, origin) => (Self::ADMIN, Some(token.0), Some(origin.clone())),
            OperatorKind::CommandLine => (Self::COMMAND_LINE, None, None),
        };
        let tenant_id = operator.tenant_id().clone();
        Self { at_ms: gateway.clock.now_ms(), tenant_id, actor_kind, actor_id, for_user: None, origin }
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
            tenant: &self.tenant_id,
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
    gateway: &Gateway,
    operator: &Operator,
    action: &'static str,
    target: String,
    queries: impl FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let audit = AuditContext::of_operator(gateway, operator);
    let (done, done_to) = (audit.clone(), target.clone());
    let outcome = gateway
        .db
        .write(move |conn| {
            let value = queries(conn)?;
            done.done(conn, action, &done_to)?;
            Ok(value)
        })
        .await;
    with_refusal(gateway, audit, action, target, outcome).await
}

/// The same outcome; if it is a refusal, it is written down.
pub(super) async fn with_refusal<T>(
    gateway: &Gateway,
    audit: AuditContext,
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
        gateway.db.write(move |conn| audit.refused(conn, action, &target, &why)).await?;
    }
    outcome
}
