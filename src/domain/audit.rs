//! The audit log: who did what (security.md 29). A row is written in the same transaction as the change that it
//! describes; the row of a refusal in a transaction of its own.

use super::{Anonymous, Caller, Error, Operator, Origin, access::Actor, access::OperatorKind};
use crate::{
    gateway::Gateway,
    model::{TenantId, UserId},
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

/// The actor in an audit row.
#[derive(Clone)]
pub(super) struct AuditContext {
    tenant_id: TenantId,
    actor_kind: i16,
    actor_id: Option<i64>,
    for_user: Option<UserId>,
    origin: Option<Origin>,
}

impl AuditContext {
    const ANONYMOUS: i16 = 0;
    const USER: i16 = 1;
    const ADMIN_TOKEN: i16 = 2;
    const COMMAND_LINE: i16 = 3;

    pub(super) fn of_anonymous(anonymous: &Anonymous) -> Self {
        Self {
            tenant_id: anonymous.tenant_id().clone(),
            actor_kind: Self::ANONYMOUS,
            actor_id: None,
            for_user: None,
            origin: Some(anonymous.origin().clone()),
        }
    }

    pub(super) fn of_caller(caller: &Caller) -> Self {
        let (actor_kind, actor_id, for_user) = match caller.actor() {
            Actor::User(_) => (Self::USER, Some(caller.user().get()), None),
            Actor::Operator(kind) => {
                let (actor_kind, actor_id) = Self::operator_kind(kind);
                (actor_kind, actor_id, Some(caller.user()))
            }
        };
        let (tenant_id, origin) = (caller.tenant_id().clone(), caller.actor().origin().cloned());
        Self { tenant_id, actor_kind, actor_id, for_user, origin }
    }

    pub(super) fn of_operator(operator: &Operator) -> Self {
        let (actor_kind, actor_id) = Self::operator_kind(operator.kind());
        let (tenant_id, origin) = (operator.tenant_id().clone(), operator.kind().origin().cloned());
        Self { tenant_id, actor_kind, actor_id, for_user: None, origin }
    }

    const fn operator_kind(kind: &OperatorKind) -> (i16, Option<i64>) {
        match kind {
            OperatorKind::AdminToken(token, _) => (Self::ADMIN_TOKEN, Some(token.0)),
            OperatorKind::CommandLine => (Self::COMMAND_LINE, None),
        }
    }

    /// The tenant that the row belongs to.
    pub(super) const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// Whether an operator acts, possibly on behalf of a user.
    pub(super) const fn is_operator(&self) -> bool {
        matches!(self.actor_kind, Self::ADMIN_TOKEN | Self::COMMAND_LINE)
    }

    /// A row for an `action` that was done to `target`; none for what is not audited.
    pub(super) fn done(&self, action: Action, target: &str, now_ms: i64) -> Option<Statement> {
        let is_audited = !action.is_routine || self.is_operator();
        is_audited.then(|| self.row(action, target, "ok", now_ms))
    }

    /// Writes a row for an `action` on `target` that was refused, in a transaction of its own.
    pub(super) async fn write_refusal(
        self,
        gateway: &Gateway,
        action: Action,
        target: String,
        refusal: &Error,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let why = refusal.to_string();
        let write = move |conn: &mut Conn| execute_together(conn, &[self.row(action, &target, &why, now_ms)]);
        gateway.db.write(write).await
    }

    fn row(&self, action: Action, target: &str, result: &str, now_ms: i64) -> Statement {
        audit::insert(&NewAuditRow {
            at_ms: now_ms,
            tenant: &self.tenant_id,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            for_user: self.for_user.map(UserId::get),
            action: action.name,
            target,
            address: &self.origin.as_ref().map_or_else(String::new, |origin| origin.address.to_string()),
            request_id: self.origin.as_ref().map_or("", |origin| &origin.request_id),
            result,
        })
    }
}
