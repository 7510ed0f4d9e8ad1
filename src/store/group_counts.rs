//! The number of shown groups per range of ids, so that a deep page is found without scanning all rows before it.

use diesel::{prelude::*, upsert::excluded};

use super::{Conn, StoreError, schema::recommended_group_counts};
use crate::model::{DiscoveryId, TenantId};

/// The number of consecutive ids per count.
const BUCKET_IDS: i64 = 1024;

/// The pseudo-category with the counts over all categories.
const ALL: i64 = 0;

/// The start of a page of shown groups, newest first.
pub(super) struct PageStart {
    /// The page starts below this id.
    pub(super) below_id: i64,
    /// The number of groups below `below_id` that come before the page.
    pub(super) skip: i64,
}

/// Adds `change` to the counts of the range of `id`.
pub(super) fn add(
    conn: &mut Conn,
    tenant: &TenantId,
    category: DiscoveryId,
    id: DiscoveryId,
    change: i32,
) -> Result<(), StoreError> {
    for scope in [ALL, category.0] {
        let values = (
            recommended_group_counts::app_id.eq(tenant.as_str()),
            recommended_group_counts::category_id.eq(scope),
            recommended_group_counts::bucket.eq(id.0 / BUCKET_IDS),
            recommended_group_counts::shown.eq(change),
        );
        let key =
            (recommended_group_counts::app_id, recommended_group_counts::category_id, recommended_group_counts::bucket);
        let sum = recommended_group_counts::shown
            .eq(recommended_group_counts::shown + excluded(recommended_group_counts::shown));
        let insert = diesel::insert_into(recommended_group_counts::table).values(values);
        on_backend!(conn, |conn| insert.on_conflict(key).do_update().set(sum).execute(conn))?;
    }
    Ok(())
}

/// The start of the page after the first `offset` shown groups; `None` if there are fewer.
pub(super) fn find_page_start(
    conn: &mut Conn,
    tenant: &TenantId,
    category: Option<DiscoveryId>,
    offset: i64,
) -> Result<Option<PageStart>, StoreError> {
    let counts: Vec<(i64, i32)> = recommended_group_counts::table
        .select((recommended_group_counts::bucket, recommended_group_counts::shown))
        .filter(recommended_group_counts::app_id.eq(tenant.as_str()))
        .filter(recommended_group_counts::category_id.eq(category.map_or(ALL, |category| category.0)))
        .order(recommended_group_counts::bucket.desc())
        .load(conn)?;
    let mut skip = offset;
    for (bucket, shown) in counts {
        if skip < i64::from(shown) {
            return Ok(Some(PageStart { below_id: (bucket + 1) * BUCKET_IDS, skip }));
        }
        skip -= i64::from(shown);
    }
    Ok(None)
}
