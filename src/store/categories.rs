//! Categories of groups.

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, StoreError,
    schema::{categories, recommended_groups},
};
use crate::model::{Category, DiscoveryId, Listing, Page, Position, TenantId};

/// Inserts a category.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant has a category of that name.
pub fn insert(conn: &mut Conn, tenant: &TenantId, new: &Category) -> Result<DiscoveryId, StoreError> {
    let id: i64 = diesel::insert_into(categories::table)
        .values((categories::app_id.eq(tenant.as_str()), categories::name.eq(&new.name), categories::sort.eq(new.sort)))
        .returning(categories::id)
        .get_result(conn)?;
    Ok(DiscoveryId(id))
}

/// Reads a category and locks it until the end of the transaction.
pub fn lock(conn: &mut Conn, tenant: &TenantId, id: DiscoveryId) -> Result<Option<Category>, StoreError> {
    let category = categories::table
        .select((categories::name, categories::sort))
        .filter(categories::id.eq(id.0))
        .filter(categories::app_id.eq(tenant.as_str()));
    let row: Option<(String, i32)> = get_locked!(conn, category).optional()?;
    Ok(row.map(|(name, sort)| Category { name, sort }))
}

/// The id of the tenant's category with that name.
pub fn find_by_name(conn: &mut Conn, tenant: &TenantId, name: &str) -> Result<Option<DiscoveryId>, StoreError> {
    let id: Option<i64> = categories::table
        .select(categories::id)
        .filter(categories::app_id.eq(tenant.as_str()))
        .filter(categories::name.eq(name))
        .get_result(conn)
        .optional()?;
    Ok(id.map(DiscoveryId))
}

/// A page of the tenant's categories, in their display order.
pub fn list(conn: &mut Conn, tenant: &TenantId, page: Page) -> Result<Listing<(DiscoveryId, Category)>, StoreError> {
    let mut query = categories::table
        .select((categories::id, categories::name, categories::sort))
        .filter(categories::app_id.eq(tenant.as_str()))
        .order((categories::sort, categories::id))
        .offset(page.offset())
        .limit(page.limit())
        .into_boxed();
    if let Some(position @ Position { id, .. }) = page.position() {
        let sort = position.sort_32();
        query = query.filter(categories::sort.gt(sort).or(categories::sort.eq(sort).and(categories::id.gt(id))));
    }
    let rows: Vec<(i64, String, i32)> = query.load(conn)?;
    let categories = rows.into_iter().map(|(id, name, sort)| (DiscoveryId(id), Category { name, sort })).collect();
    Ok(Listing::new(page, categories, |(id, category)| Position { sort: category.sort.into(), id: id.0 }))
}

/// Changes a category.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant has another category of that name.
pub fn update(conn: &mut Conn, id: DiscoveryId, new: &Category) -> Result<(), StoreError> {
    diesel::update(categories::table.find(id.0))
        .set((categories::name.eq(&new.name), categories::sort.eq(new.sort)))
        .execute(conn)?;
    Ok(())
}

/// Whether the category contains any group.
pub fn is_used(conn: &mut Conn, id: DiscoveryId) -> Result<bool, StoreError> {
    let matches = recommended_groups::table.filter(recommended_groups::category_id.eq(id.0));
    Ok(diesel::select(diesel::dsl::exists(matches)).get_result(conn)?)
}

/// Deletes a category, which must not contain any group.
pub fn delete(conn: &mut Conn, id: DiscoveryId) -> Result<(), StoreError> {
    diesel::delete(categories::table.find(id.0)).execute(conn)?;
    Ok(())
}
