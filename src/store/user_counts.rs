//! The number of listed accounts per range of ids, so that a deep page is found without scanning all rows before it.
//! Triggers of the database maintain the counts (`migrations/…_admin_api`).

use diesel::{dsl::sum, prelude::*};

use super::{Conn, StoreError, schema::user_counts};
use crate::model::TenantId;

/// The number of consecutive ids per count; must match the triggers.
const BUCKET_IDS: i64 = 1024;

/// The number of a tenant's accounts, without deleted ones.
pub fn count(conn: &mut Conn, tenant: &TenantId) -> Result<i64, StoreError> {
    let of_tenant = user_counts::table.filter(user_counts::app_id.eq(tenant.as_str()));
    Ok(of_tenant.select(sum(user_counts::listed)).get_result::<Option<i64>>(conn)?.unwrap_or(0))
}

/// The start of a page of accounts, oldest first.
pub(super) struct PageStart {
    /// The first id of the range in which the page starts.
    pub(super) from_id: i64,
    /// The number of accounts from `from_id` on that come before the page.
    pub(super) skip: i64,
}

/// The start of the page after the first `offset` accounts; `None` if there are fewer.
pub(super) fn find_page_start(
    conn: &mut Conn,
    tenant: &TenantId,
    offset: i64,
) -> Result<Option<PageStart>, StoreError> {
    // For the first page the first of them is enough, however many accounts there are.
    let limit = if offset == 0 { 1 } else { i64::MAX };
    let counts: Vec<(i64, i32)> = user_counts::table
        .select((user_counts::bucket, user_counts::listed))
        .filter(user_counts::app_id.eq(tenant.as_str()))
        .filter(user_counts::listed.gt(0))
        .order(user_counts::bucket)
        .limit(limit)
        .load(conn)?;
    let mut skip = offset;
    for (bucket, listed) in counts {
        if skip < i64::from(listed) {
            return Ok(Some(PageStart { from_id: bucket * BUCKET_IDS, skip }));
        }
        skip -= i64::from(listed);
    }
    Ok(None)
}
