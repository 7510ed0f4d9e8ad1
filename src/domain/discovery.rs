//! The discovery page: groups, bots, categories and advertisements, which operators manage and users see.

use super::{Caller, Error, Operator, audit::Action, unit_of_work::as_operator};
use crate::{
    gateway::Gateway,
    model::{Ads, Bot, Category, DiscoveryId, Group, Invalid, Keyword, Listing, Page, Problem, TenantId},
    store::{Conn, StoreError, ads, bots, categories, groups, tenants},
};

/// An item of the discovery page with its id.
pub type Listed<T> = (DiscoveryId, T);

/// A page of the groups that are shown to the caller: those of one category or, without a name, all. An unknown
/// category has no groups.
pub async fn list_groups(
    gateway: &Gateway,
    caller: &Caller,
    category: Option<String>,
    keyword: Keyword,
    page: Page,
) -> Result<Vec<Listed<Group>>, Error> {
    let tenant = caller.tenant_id().clone();
    let list = move |conn: &mut Conn| -> Result<_, StoreError> {
        let category = match category {
            None => None,
            Some(name) => match categories::find_by_name(conn, &tenant, &name)? {
                Some(id) => Some(id),
                None => return Ok(Vec::new()),
            },
        };
        groups::list_shown(conn, &tenant, category, &keyword, page)
    };
    Ok(gateway.db.read(list).await?)
}

/// A tenant's advertisements; the default shows none.
pub async fn get_ads(gateway: &Gateway, tenant: &TenantId) -> Result<Ads, Error> {
    let tenant = tenant.clone();
    Ok(gateway.db.read(move |conn| ads::find(conn, &tenant)).await?.unwrap_or_default())
}

/// Applies `edit` to the advertisements of the operator's tenant.
///
/// # Errors
/// [`Error::Invalid`] if `edit` fails.
pub async fn set_ads(
    gateway: &Gateway,
    operator: &Operator,
    edit: impl FnOnce(&mut Ads) -> Result<(), Invalid> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("ads.set"), String::new(), move |tx| {
        // The row may not exist yet, so the tenant's row is locked instead.
        tenants::lock(tx.conn, tx.tenant)?;
        let mut ads = ads::find(tx.conn, tx.tenant)?.unwrap_or_default();
        edit(&mut ads)?;
        Ok(ads::save(tx.conn, tx.tenant, &ads)?)
    })
    .await
}

/// Creates a category.
///
/// # Errors
/// [`Error::NameTaken`].
pub async fn create_category(gateway: &Gateway, operator: &Operator, new: Category) -> Result<DiscoveryId, Error> {
    as_operator(gateway, operator, Action::new("category.create"), new.name.clone(), move |tx| {
        categories::insert(tx.conn, tx.tenant, &new).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// Applies `edit` to a category.
///
/// # Errors
/// [`Error::NotListed`], [`Error::NameTaken`]; [`Error::Invalid`] if `edit` fails.
pub async fn update_category(
    gateway: &Gateway,
    operator: &Operator,
    id: DiscoveryId,
    edit: impl FnOnce(Category) -> Result<Category, Invalid> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("category.update"), id.0.to_string(), move |tx| {
        let known = categories::lock(tx.conn, tx.tenant, id)?.ok_or(Error::NotListed)?;
        categories::update(tx.conn, id, &edit(known)?).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// Deletes a category, which must contain no groups.
///
/// # Errors
/// [`Error::NotListed`], [`Error::CategoryUsed`].
pub async fn delete_category(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("category.delete"), id.0.to_string(), move |tx| {
        categories::lock(tx.conn, tx.tenant, id)?.ok_or(Error::NotListed)?;
        if categories::is_used(tx.conn, id)? {
            return Err(Error::CategoryUsed);
        }
        Ok(categories::delete(tx.conn, id)?)
    })
    .await
}

/// A page of a tenant's categories, in their display order.
pub async fn list_categories(
    gateway: &Gateway,
    tenant: &TenantId,
    page: Page,
) -> Result<Listing<Listed<Category>>, Error> {
    let tenant = tenant.clone();
    Ok(gateway.db.read(move |conn| categories::list(conn, &tenant, page)).await?)
}

/// Adds a group.
///
/// # Errors
/// [`Error::Invalid`] if its category does not exist.
pub async fn create_group(gateway: &Gateway, operator: &Operator, mut new: Group) -> Result<DiscoveryId, Error> {
    new.created_at_ms = gateway.clock.now_ms();
    as_operator(gateway, operator, Action::new("group.create"), new.display.nickname.clone(), move |tx| {
        let category = category_of(tx.conn, tx.tenant, &new)?;
        Ok(groups::insert(tx.conn, tx.tenant, category, &new)?)
    })
    .await
}

/// Applies `edit` to a group.
///
/// # Errors
/// [`Error::NotListed`]; [`Error::Invalid`] if its category does not exist or `edit` fails.
pub async fn update_group(
    gateway: &Gateway,
    operator: &Operator,
    id: DiscoveryId,
    edit: impl FnOnce(&mut Group) -> Result<(), Invalid> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("group.update"), id.0.to_string(), move |tx| {
        let mut group = groups::lock(tx.conn, tx.tenant, id)?.ok_or(Error::NotListed)?;
        edit(&mut group)?;
        let category = category_of(tx.conn, tx.tenant, &group)?;
        Ok(groups::update(tx.conn, tx.tenant, id, category, &group)?)
    })
    .await
}

/// Deletes a group.
///
/// # Errors
/// [`Error::NotListed`].
pub async fn delete_group(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("group.delete"), id.0.to_string(), move |tx| {
        groups::lock(tx.conn, tx.tenant, id)?.ok_or(Error::NotListed)?;
        Ok(groups::delete(tx.conn, tx.tenant, id)?)
    })
    .await
}

/// A page of all groups of the operator's tenant, newest first, including hidden ones.
pub async fn list_all_groups(
    gateway: &Gateway,
    operator: &Operator,
    page: Page,
) -> Result<Listing<Listed<Group>>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| groups::list(conn, &tenant, page)).await?)
}

/// Adds a bot.
pub async fn create_bot(gateway: &Gateway, operator: &Operator, new: Bot) -> Result<DiscoveryId, Error> {
    let name = new.display.nickname.clone();
    as_operator(gateway, operator, Action::new("bot.create"), name, move |tx| {
        Ok(bots::insert(tx.conn, tx.tenant, &new)?)
    })
    .await
}

/// Applies `edit` to a bot.
///
/// # Errors
/// [`Error::NotListed`]; [`Error::Invalid`] if `edit` fails.
pub async fn update_bot(
    gateway: &Gateway,
    operator: &Operator,
    id: DiscoveryId,
    edit: impl FnOnce(&mut Bot) -> Result<(), Invalid> + Clone + Send + Sync + 'static,
) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("bot.update"), id.0.to_string(), move |tx| {
        let mut bot = bots::lock(tx.conn, tx.tenant, id)?.ok_or(Error::NotListed)?;
        edit(&mut bot)?;
        Ok(bots::update(tx.conn, id, &bot)?)
    })
    .await
}

/// Deletes a bot.
///
/// # Errors
/// [`Error::NotListed`].
pub async fn delete_bot(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
    as_operator(gateway, operator, Action::new("bot.delete"), id.0.to_string(), move |tx| {
        bots::lock(tx.conn, tx.tenant, id)?.ok_or(Error::NotListed)?;
        Ok(bots::delete(tx.conn, id)?)
    })
    .await
}

/// A page of a tenant's bots, oldest first.
pub async fn list_bots(gateway: &Gateway, tenant: &TenantId, page: Page) -> Result<Listing<Listed<Bot>>, Error> {
    let tenant = tenant.clone();
    Ok(gateway.db.read(move |conn| bots::list(conn, &tenant, page)).await?)
}

fn category_of(conn: &mut Conn, tenant: &TenantId, group: &Group) -> Result<DiscoveryId, Error> {
    let found = categories::find_by_name(conn, tenant, &group.category)?;
    found.ok_or(Error::Invalid(Invalid::new("category", Problem::Unknown)))
}
