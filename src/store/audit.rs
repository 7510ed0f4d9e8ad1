//! The audit log: who did what, for whom, from where. It is append-only, which triggers enforce.

use diesel::prelude::*;

use super::{schema::audit_log, statements::Statement};
use crate::model::TenantId;

/// A new row of the log.
pub struct NewAuditRow<'a> {
    /// The time.
    pub at_ms: i64,
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The kind of actor: 0 anonymous, 1 a user, 2 an admin token, 3 the command line.
    pub actor_kind: i16,
    /// The id of the user or the admin token.
    pub actor_id: Option<i64>,
    /// The user that an operator acted for.
    pub for_user: Option<i64>,
    /// The operation, as `resource.verb`.
    pub action: &'a str,
    /// The target of the operation.
    pub target: &'a str,
    /// The source address.
    pub address: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
    /// `ok`, or the reason of the refusal.
    pub result: &'a str,
}

/// Inserts a row.
#[must_use]
pub fn insert(row: &NewAuditRow<'_>) -> Statement {
    Statement::new(diesel::insert_into(audit_log::table).values((
        audit_log::at_ms.eq(row.at_ms),
        audit_log::app_id.eq(row.tenant.as_str().to_owned()),
        audit_log::actor_kind.eq(row.actor_kind),
        audit_log::actor_id.eq(row.actor_id),
        audit_log::for_user.eq(row.for_user),
        audit_log::action.eq(row.action.to_owned()),
        audit_log::target.eq(row.target.to_owned()),
        audit_log::address.eq(row.address.to_owned()),
        audit_log::request_id.eq(row.request_id.to_owned()),
        audit_log::result.eq(row.result.to_owned()),
    )))
}
