//! The discovery page: what it shows to users, and what admins put on it.

use super::{Caller, Error, Operator, audit::change};
use crate::{
    gateway::Gateway,
    model::{Ads, Bot, Category, DiscoveryId, Group, Invalid, Keyword, Page, Problem, TenantId},
    store::{Conn, StoreError, ads, bots, categories, groups},
};

/// A page of what admins put on the discovery page, each with its number.
pub type Listed<T> = Vec<(DiscoveryId, T)>;

/// The groups that the caller's app shows: of one category or, without a name, of all; an unknown category has none.
pub async fn list_groups(
    gateway: &Gateway,
    caller: &Caller,
    category: Option<String>,
    keyword: Keyword,
    page: Page,
) -> Result<Listed<Group>, Error> {
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

/// The advertisements of an app; none are shown unless an admin set them.
pub async fn get_ads(gateway: &Gateway, tenant: &TenantId) -> Result<Ads, Error> {
    let tenant = tenant.clone();
    Ok(gateway.db.read(move |conn| ads::find(conn, &tenant)).await?.unwrap_or_default())
}

/// Changes the advertisements of an app; what `edit` leaves alone stays.
///
/// # Errors
/// What `edit` refuses.
pub async fn set_ads(
    gateway: &Gateway,
    operator: &Operator,
    edit: impl FnOnce(&mut Ads) -> Result<(), Invalid> + Send + 'static,
) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "ads.set", String::new(), move |conn| {
        let mut ads = ads::find(conn, &tenant)?.unwrap_or_default();
        edit(&mut ads)?;
        Ok(ads::save(conn, &tenant, &ads)?)
    })
    .await
}

/// Makes a category.
///
/// # Errors
/// [`Error::NameTaken`].
pub async fn create_category(gateway: &Gateway, operator: &Operator, new: Category) -> Result<DiscoveryId, Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "category.create", new.name.clone(), move |conn| {
        categories::insert(conn, &tenant, &new).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// Changes a category; what `edit` leaves alone stays.
///
/// # Errors
/// [`Error::NotListed`], [`Error::NameTaken`], what `edit` refuses.
pub async fn update_category(
    gateway: &Gateway,
    operator: &Operator,
    id: DiscoveryId,
    edit: impl FnOnce(Category) -> Result<Category, Invalid> + Send + 'static,
) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "category.update", id.0.to_string(), move |conn| {
        let known = categories::find(conn, &tenant, id)?.ok_or(Error::NotListed)?;
        categories::update(conn, id, &edit(known)?).map_err(Error::NameTaken.if_taken())
    })
    .await
}

/// Removes a category that no group is in.
///
/// # Errors
/// [`Error::NotListed`], [`Error::CategoryUsed`].
pub async fn delete_category(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "category.delete", id.0.to_string(), move |conn| {
        categories::find(conn, &tenant, id)?.ok_or(Error::NotListed)?;
        if categories::is_used(conn, id)? {
            return Err(Error::CategoryUsed);
        }
        Ok(categories::delete(conn, id)?)
    })
    .await
}

/// A page of an app's categories, in their order.
pub async fn list_categories(gateway: &Gateway, tenant: &TenantId, page: Page) -> Result<Listed<Category>, Error> {
    let tenant = tenant.clone();
    Ok(gateway.db.read(move |conn| categories::list(conn, &tenant, page)).await?)
}

/// Adds a group.
///
/// # Errors
/// [`Error::Invalid`] when its category does not exist.
pub async fn create_group(gateway: &Gateway, operator: &Operator, mut new: Group) -> Result<DiscoveryId, Error> {
    let tenant = operator.tenant_id().clone();
    new.created_at_ms = gateway.clock.now_ms();
    change(gateway, operator, "group.create", new.display.nickname.clone(), move |conn| {
        let category = category_of(conn, &tenant, &new)?;
        Ok(groups::insert(conn, &tenant, category, &new)?)
    })
    .await
}

/// Changes a group; what `edit` leaves alone stays.
///
/// # Errors
/// [`Error::NotListed`]; [`Error::Invalid`] when its category does not exist; what `edit` refuses.
pub async fn update_group(
    gateway: &Gateway,
    operator: &Operator,
    id: DiscoveryId,
    edit: impl FnOnce(&mut Group) -> Result<(), Invalid> + Send + 'static,
) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "group.update", id.0.to_string(), move |conn| {
        let mut group = groups::find(conn, &tenant, id)?.ok_or(Error::NotListed)?;
        edit(&mut group)?;
        let category = category_of(conn, &tenant, &group)?;
        Ok(groups::update(conn, &tenant, id, category, &group)?)
    })
    .await
}

/// Removes a group.
///
/// # Errors
/// [`Error::NotListed`].
pub async fn delete_group(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "group.delete", id.0.to_string(), move |conn| {
        groups::find(conn, &tenant, id)?.ok_or(Error::NotListed)?;
        Ok(groups::delete(conn, &tenant, id)?)
    })
    .await
}

/// A page of all groups of an app, newest first, hidden ones included.
pub async fn list_all_groups(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Listed<Group>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| groups::list(conn, &tenant, page)).await?)
}

/// Adds a bot.
pub async fn create_bot(gateway: &Gateway, operator: &Operator, new: Bot) -> Result<DiscoveryId, Error> {
    let tenant = operator.tenant_id().clone();
    let name = new.display.nickname.clone();
    change(gateway, operator, "bot.create", name, move |conn| Ok(bots::insert(conn, &tenant, &new)?)).await
}

/// Changes a bot; what `edit` leaves alone stays.
///
/// # Errors
/// [`Error::NotListed`], what `edit` refuses.
pub async fn update_bot(
    gateway: &Gateway,
    operator: &Operator,
    id: DiscoveryId,
    edit: impl FnOnce(&mut Bot) -> Result<(), Invalid> + Send + 'static,
) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "bot.update", id.0.to_string(), move |conn| {
        let mut bot = bots::find(conn, &tenant, id)?.ok_or(Error::NotListed)?;
        edit(&mut bot)?;
        Ok(bots::update(conn, id, &bot)?)
    })
    .await
}

/// Removes a bot.
///
/// # Errors
/// [`Error::NotListed`].
pub async fn delete_bot(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
    let tenant = operator.tenant_id().clone();
    change(gateway, operator, "bot.delete", id.0.to_string(), move |conn| {
        bots::find(conn, &tenant, id)?.ok_or(Error::NotListed)?;
        Ok(bots::delete(conn, id)?)
    })
    .await
}

/// A page of an app's bots, oldest first.
pub async fn list_bots(gateway: &Gateway, tenant: &TenantId, page: Page) -> Result<Listed<Bot>, Error> {
    let tenant = tenant.clone();
    Ok(gateway.db.read(move |conn| bots::list(conn, &tenant, page)).await?)
}

fn category_of(conn: &mut Conn, tenant: &TenantId, group: &Group) -> Result<DiscoveryId, Error> {
    let found = categories::find_by_name(conn, tenant, &group.category)?;
    found.ok_or(Error::Invalid(Invalid::new("category", Problem::Unknown)))
}
