//! The audit log: who did what (security.md 29). A row is written in the same transaction as the change that it
//! describes; the row of a refusal in a transaction of its own.

use super::{
    Anonymous, Caller, Error, Operator, Origin,
    access::{Actor, OperatorKind},
};
use crate::{
    gateway::Gateway,
    model::{AuditActor, TenantId, UserId},
    store::{
        Conn, StoreError,
        audit::{self, NewAuditRow},
        statements::{Statement, execute_together},
    },
};

/// An audited operation, named `resource.verb`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action {
    name: &'static str,
    is_routine: bool,
}

impl Action {
    /// An action that is always audited.
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, is_routine: false }
    }

    /// A frequent operation of users on their own accounts, audited only if an operator acts for them.
    pub(super) const fn routine(name: &'static str) -> Self {
        Self { name, is_routine: true }
    }
}

/// The target in an audit row, with the account that the row is about, if the target is one.
#[derive(Clone)]
pub(super) struct Target {
    text: String,
    user: Option<UserId>,
}

impl Target {
    /// A target that is about an account, or a part of it.
    pub(super) fn of(user: UserId, text: String) -> Self {
        Self { text, user: Some(user) }
    }

    /// The target.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl From<UserId> for Target {
    fn from(user: UserId) -> Self {
        Self::of(user, user.to_string())
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        Self { text, user: None }
    }
}

/// The actor in an audit row.
#[derive(Clone)]
pub(super) struct AuditContext {
    tenant_id: TenantId,
    actor: AuditActor,
    for_user: Option<UserId>,
    /// The account that rows are about whose target is none.
    user: Option<UserId>,
    origin: Option<Origin>,
}

impl AuditContext {
    /// Someone without a token, who may be about to prove to own `account`.
    pub(super) fn of_anonymous(anonymous: &Anonymous, account: Option<UserId>) -> Self {
        Self {
            tenant_id: anonymous.tenant_id().clone(),
            actor: AuditActor::Anonymous,
            for_user: None,
            user: account,
            origin: Some(anonymous.origin().clone()),
        }
    }

    pub(super) fn of_caller(caller: &Caller) -> Self {
        let (actor, for_user) = match caller.actor() {
            Actor::User(_) => (AuditActor::User(caller.user()), None),
            Actor::Operator(kind) => (Self::actor_of(kind), Some(caller.user())),
        };
        let (tenant_id, origin) = (caller.tenant_id().clone(), caller.actor().origin().cloned());
        Self { tenant_id, actor, for_user, user: Some(caller.user()), origin }
    }

    pub(super) fn of_operator(operator: &Operator) -> Self {
        let (tenant_id, origin) = (operator.tenant_id().clone(), operator.kind().origin().cloned());
        Self { tenant_id, actor: Self::actor_of(operator.kind()), for_user: None, user: None, origin }
    }

    const fn actor_of(kind: &OperatorKind) -> AuditActor {
        match kind {
            OperatorKind::AdminToken(token, _) => AuditActor::AdminToken(*token),
            OperatorKind::CommandLine => AuditActor::CommandLine,
        }
    }

    /// The tenant that the row belongs to.
    pub(super) const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// Whether an operator acts, possibly on behalf of a user.
    pub(super) const fn is_operator(&self) -> bool {
        matches!(self.actor, AuditActor::AdminToken(_) | AuditActor::CommandLine)
    }

    /// Whether an `action` that was done gets a row.
    pub(super) const fn is_audited(&self, action: Action) -> bool {
        !action.is_routine || self.is_operator()
    }

    /// A row for an `action` that was done to `target`; none for what is not audited.
    pub(super) fn done(&self, action: Action, target: &Target, now_ms: i64) -> Option<Statement> {
        self.is_audited(action).then(|| self.row(action, target, "ok", now_ms))
    }

    /// Writes a row for an `action` on `target` that was refused, in a transaction of its own.
    pub(super) async fn write_refusal(
        self,
        gateway: &Gateway,
        action: Action,
        target: Target,
        refusal: &Error,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let why = refusal.to_string();
        let write = move |conn: &mut Conn| execute_together(conn, &[self.row(action, &target, &why, now_ms)]);
        gateway.db.write(write).await?;
        gateway.metrics.accounts.audit_rows.inc();
        Ok(())
    }

    fn row(&self, action: Action, target: &Target, result: &str, now_ms: i64) -> Statement {
        let (actor_kind, actor_id) = self.actor.columns();
        audit::insert(&NewAuditRow {
            at_ms: now_ms,
            tenant: &self.tenant_id,
            actor_kind,
            actor_id,
            for_user: self.for_user.map(UserId::get),
            user: target.user.or(self.user),
            action: action.name,
            target: &target.text,
            address: &self.origin.as_ref().map_or_else(String::new, |origin| origin.address.to_string()),
            request_id: self.origin.as_ref().map_or("", |origin| &origin.request_id),
            result,
        })
    }
}
