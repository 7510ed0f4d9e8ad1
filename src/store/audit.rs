//! The audit log: who did what, for whom, from where. Rows are added and never changed; triggers refuse all else.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::audit_log};
use crate::model::TenantId;

/// A row to be added to the log.
pub struct NewAuditRow<'a> {
    /// When.
    pub at_ms: i64,
    /// The tenant.
    pub tenant: &'a TenantId,
    /// 0 nobody known yet, 1 a user, 2 an admin token, 3 the command line.
    pub actor_kind: i16,
    /// The user's or the admin token's number.
    pub actor_id: Option<i64>,
    /// The user that an admin token acted for.
    pub for_user: Option<i64>,
    /// What was done, as `resource.verb`.
    pub action: &'a str,
    /// To what.
    pub target: &'a str,
    /// The source address.
    pub address: &'a str,
    /// The request.
    pub request_id: &'a str,
    /// `ok`, or why not.
    pub result: &'a str,
}

/// Adds a row.
pub fn insert(conn: &mut Conn, row: &NewAuditRow<'_>) -> Result<(), StoreError> {
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::at_ms.eq(row.at_ms),
            audit_log::app_id.eq(row.tenant.as_str()),
            audit_log::actor_kind.eq(row.actor_kind),
            audit_log::actor_id.eq(row.actor_id),
            audit_log::for_user.eq(row.for_user),
            audit_log::action.eq(row.action),
            audit_log::target.eq(row.target),
            audit_log::address.eq(row.address),
            audit_log::request_id.eq(row.request_id),
            audit_log::result.eq(row.result),
        ))
        .execute(conn)?;
    Ok(())
}
