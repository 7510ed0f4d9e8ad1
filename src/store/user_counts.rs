//! How many accounts are listed of each range of ids, so that a deep page need not be counted to. Triggers of the database
//! keep the counts (`migrations/…_admin_api`).

use diesel::prelude::*;

use super::{Conn, StoreError, schema::user_counts};
use crate::model::TenantId;

/// How many successive ids one count is about; the triggers know it too.
const BUCKET_IDS: i64 = 1024;

/// Where a page of accounts starts, oldest first.
pub(super) struct PageStart {
    /// From this id.
    pub(super) from_id: i64,
    /// After so many of those.
    pub(super) skip: i64,
}

/// Where the page after the first `offset` accounts starts; `None` when there are not so many.
pub(super) fn find_page_start(
    conn: &mut Conn,
    tenant: &TenantId,
    offset: i64,
) -> Result<Option<PageStart>, StoreError> {
    let counts: Vec<(i64, i32)> = user_counts::table
        .select((user_counts::bucket, user_counts::listed))
        .filter(user_counts::app_id.eq(tenant.as_str()))
        .order(user_counts::bucket)
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
