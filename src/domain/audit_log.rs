//! The audit log as operators read it, and the deletion of its old rows.

use super::{
    Error, Operator,
    audit::Action,
    unit_of_work::{as_operator, recheck_operator},
};
use crate::{
    gateway::Gateway,
    model::{AuditEntry, AuditFilter, Days, Listing, Page, TenantId},
    store::{Conn, audit, audit_pruning},
};

/// A page of the rows of the operator's tenant that match the filter, newest first.
pub async fn list(
    gateway: &Gateway,
    operator: &Operator,
    filter: AuditFilter,
    page: Page,
) -> Result<Listing<AuditEntry>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| audit::list(conn, &tenant, &filter, page)).await?)
}

/// An export of the rows that match a filter, newest first, which reads them a page at a time.
pub struct Export {
    operator: Operator,
    filter: AuditFilter,
    next: Option<Page>,
}

/// Begins an export of the rows of the operator's tenant that match the filter. The export itself is audited.
pub async fn export(gateway: &Gateway, operator: &Operator, filter: AuditFilter) -> Result<Export, Error> {
    as_operator(gateway, operator, Action::new("audit.export"), filter.to_string(), |_| Ok(())).await?;
    Ok(Export { operator: operator.clone(), filter, next: Some(Page::first()) })
}

impl Export {
    /// The next rows; `None` after the last ones.
    ///
    /// # Errors
    /// [`Error::TokenEnded`] if the operator's token has ended since.
    pub async fn next(&mut self, gateway: &Gateway) -> Result<Option<Vec<AuditEntry>>, Error> {
        let Some(page) = self.next else { return Ok(None) };
        let (kind, now_ms) = (self.operator.kind().clone(), gateway.clock.now_ms());
        let (tenant, filter) = (self.operator.tenant_id().clone(), self.filter.clone());
        let read = move |conn: &mut Conn| -> Result<_, Error> {
            recheck_operator(conn, &kind, now_ms)?;
            Ok(audit::list(conn, &tenant, &filter, page)?)
        };
        let listed = gateway.db.read(read).await?;
        self.next = listed.next.map(Page::after);
        Ok(Some(listed.items))
    }
}

/// Deletes the rows of the operator's tenant that are older than `days`, and returns their number.
pub async fn prune(gateway: &Gateway, operator: &Operator, days: Days) -> Result<usize, Error> {
    let target = format!("older than {} days", days.get());
    as_operator(gateway, operator, Action::new("audit.prune"), target, |_| Ok(())).await?;
    let before_ms = gateway.clock.now_ms().saturating_sub(days.ms());
    prune_tenant(gateway, operator.tenant_id(), before_ms).await
}

/// Deletes the rows of all tenants that are older than `days`, and returns their number. Several nodes may do so at once.
pub(super) async fn prune_all(gateway: &Gateway, days: Days) -> Result<usize, Error> {
    let before_ms = gateway.clock.now_ms().saturating_sub(days.ms());
    let (mut deleted, mut known) = (0, None);
    loop {
        let after = known.clone();
        let next = gateway.db.read(move |conn| audit_pruning::find_next_tenant(conn, after.as_ref())).await?;
        let Some(tenant) = next else { return Ok(deleted) };
        deleted += prune_tenant(gateway, &tenant, before_ms).await?;
        known = Some(tenant);
    }
}

/// Deletes a tenant's rows from before `before_ms`, a few at a time, so that no other write waits for long.
async fn prune_tenant(gateway: &Gateway, tenant: &TenantId, before_ms: i64) -> Result<usize, Error> {
    let mut deleted = 0;
    loop {
        let tenant = tenant.clone();
        let some = gateway.db.write(move |conn| audit_pruning::prune_some(conn, &tenant, before_ms)).await?;
        if some == 0 {
            return Ok(deleted);
        }
        deleted += some;
    }
}
