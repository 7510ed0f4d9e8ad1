//! Advertisements: at most one row per tenant.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::ads, selection};
use crate::model::{Ads, TenantId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = ads)]
struct AdsRow {
    is_shown: bool,
    android_code_id: String,
    ios_code_id: String,
    bottom_height: i32,
}

/// The tenant's advertisements, if any were set.
pub fn find(conn: &mut Conn, tenant: &TenantId) -> Result<Option<Ads>, StoreError> {
    let row: Option<AdsRow> =
        ads::table.find(tenant.as_str()).select(selection::<AdsRow>()).get_result(conn).optional()?;
    Ok(row.map(|row| Ads {
        is_shown: row.is_shown,
        android_code_id: row.android_code_id,
        ios_code_id: row.ios_code_id,
        bottom_height: row.bottom_height,
    }))
}

/// Stores the tenant's advertisements.
pub fn save(conn: &mut Conn, tenant: &TenantId, new: &Ads) -> Result<(), StoreError> {
    let values = (
        ads::is_shown.eq(new.is_shown),
        ads::android_code_id.eq(&new.android_code_id),
        ads::ios_code_id.eq(&new.ios_code_id),
        ads::bottom_height.eq(new.bottom_height),
    );
    let insert = diesel::insert_into(ads::table).values((ads::app_id.eq(tenant.as_str()), values));
    on_backend!(conn, |conn| insert.on_conflict(ads::app_id).do_update().set(values).execute(conn))?;
    Ok(())
}
