//! Writes down who did what (security.md 29). A row goes into the transaction that it tells of.

use super::{Caller, Operator, Origin, Visitor, access::Actor};
use crate::{
    model::{AppId, UserId},
    store::{
        Conn, StoreError,
        audit::{self, AuditRow},
    },
};

/// The part of an audit row that says who acts, ready to be taken into a transaction.
pub(super) struct Trail {
    app: AppId,
    actor_kind: i16,
    actor_id: Option<i64>,
    for_user: Option<i64>,
    address: String,
    request_id: String,
}

impl Trail {
    const NOBODY: i16 = 0;
    const USER: i16 = 1;
    const ADMIN: i16 = 2;
    const COMMAND_LINE: i16 = 3;

    fn new(app: &AppId, actor_kind: i16, actor_id: Option<i64>, for_user: Option<UserId>, origin: &Origin) -> Self {
        Self {
            app: app.clone(),
            actor_kind,
            actor_id,
            for_user: for_user.map(UserId::get),
            address: origin.address.to_string(),
            request_id: origin.request_id.clone(),
        }
    }

    /// Someone whom no token tells.
    pub(super) fn of_visitor(visitor: &Visitor) -> Self {
        Self::new(visitor.app(), Self::NOBODY, None, None, visitor.origin())
    }

    /// A user, or an admin acting as one.
    pub(super) fn of_caller(caller: &Caller) -> Self {
        let (kind, actor, for_user) = match caller.actor() {
            Actor::User(_) => (Self::USER, caller.user().get(), None),
            Actor::Admin(token) => (Self::ADMIN, token.0, Some(caller.user())),
        };
        Self::new(caller.app(), kind, Some(actor), for_user, caller.origin())
    }

    /// An admin.
    pub(super) fn of_operator(operator: &Operator) -> Self {
        Self::new(operator.app(), Self::ADMIN, Some(operator.token().0), None, operator.origin())
    }

    /// Someone at the command line.
    pub(super) fn of_command_line(app: &AppId) -> Self {
        Self {
            app: app.clone(),
            actor_kind: Self::COMMAND_LINE,
            actor_id: None,
            for_user: None,
            address: String::new(),
            request_id: String::new(),
        }
    }

    /// Adds the row: `action` was done to `target`, with that `result`.
    pub(super) fn write(
        &self,
        conn: &mut Conn,
        at_ms: i64,
        action: &str,
        target: &str,
        result: &str,
    ) -> Result<(), StoreError> {
        audit::insert(
            conn,
            &AuditRow {
                at_ms,
                app: &self.app,
                actor_kind: self.actor_kind,
                actor_id: self.actor_id,
                for_user: self.for_user,
                action,
                target,
                address: &self.address,
                request_id: &self.request_id,
                result,
            },
        )
    }
}
