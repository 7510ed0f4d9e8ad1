//! The deletion of old rows of the audit log, the only one that its triggers let pass: in a transaction that has a row in
//! this table, which can't be committed (docs/adr/0017-audit-log-retention.md).

use diesel::prelude::*;

use super::{
    Conn, MAX_PARAMETERS, StoreError,
    schema::{audit_log, audit_pruning},
};
use crate::model::TenantId;

/// Deletes some of the tenant's rows from before `before_ms`, the oldest first, and returns their number; 0 when there are
/// none, or when another node deletes the same ones.
pub fn prune_some(conn: &mut Conn, tenant: &TenantId, before_ms: i64) -> Result<usize, StoreError> {
    let old = audit_log::table
        .select(audit_log::id)
        .filter(audit_log::app_id.eq(tenant.as_str()))
        .filter(audit_log::at_ms.lt(before_ms))
        .order((audit_log::at_ms, audit_log::id))
        .limit(i64::try_from(MAX_PARAMETERS).unwrap_or(i64::MAX));
    let ids: Vec<i64> = old.load(conn)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let pruning = (audit_pruning::id.eq(1), audit_pruning::before_ms.eq(before_ms));
    diesel::insert_into(audit_pruning::table).values(pruning).execute(conn)?;
    let deleted = diesel::delete(audit_log::table.filter(audit_log::id.eq_any(ids))).execute(conn)?;
    diesel::delete(audit_pruning::table).execute(conn)?;
    Ok(deleted)
}

/// The first tenant after `known`, by name, that has rows in the log.
pub fn find_next_tenant(conn: &mut Conn, known: Option<&TenantId>) -> Result<Option<TenantId>, StoreError> {
    let after = audit_log::table.filter(audit_log::app_id.gt(known.map_or("", TenantId::as_str)));
    let next: Option<String> = after.select(audit_log::app_id).order(audit_log::app_id).first(conn).optional()?;
    Ok(next.map(TenantId::stored))
}
