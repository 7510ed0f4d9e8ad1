//! Groups of the discovery page.

use diesel::{OptionalExtension as _, prelude::*};

use super::{
    Conn, StoreError, group_counts,
    schema::{categories, recommended_groups},
    selection,
};
use crate::model::{DiscoveryId, DisplayInfo, Group, Keyword, Listing, Page, Position, TenantId};

/// The columns that inserts and updates write.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = recommended_groups)]
struct GroupColumns<'a> {
    category_id: i64,
    nickname: &'a str,
    search_text: String,
    introduction: &'a str,
    avatar_url: &'a str,
    headcount: i32,
    is_banned: bool,
}

impl<'a> GroupColumns<'a> {
    fn new(category: DiscoveryId, group: &'a Group) -> Self {
        Self {
            category_id: category.0,
            nickname: &group.display.nickname,
            search_text: search_text(&group.display),
            introduction: &group.display.introduction,
            avatar_url: &group.display.avatar_url,
            headcount: group.display.headcount,
            is_banned: group.is_banned,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = recommended_groups)]
struct GroupRow {
    id: i64,
    nickname: String,
    introduction: String,
    avatar_url: String,
    headcount: i32,
    is_banned: bool,
    created_at_ms: i64,
}

/// Builds a group from its row and the name of its category.
fn group_of((row, category): (GroupRow, String)) -> (DiscoveryId, Group) {
    let display = DisplayInfo {
        nickname: row.nickname,
        introduction: row.introduction,
        avatar_url: row.avatar_url,
        headcount: row.headcount,
    };
    let group = Group { display, category, is_banned: row.is_banned, created_at_ms: row.created_at_ms };
    (DiscoveryId(row.id), group)
}

/// The text that is searched for keywords.
fn search_text(display: &DisplayInfo) -> String {
    format!("{}\n{}", display.nickname, display.introduction).to_lowercase()
}

/// Inserts a group into a category.
pub fn insert(
    conn: &mut Conn,
    tenant: &TenantId,
    category: DiscoveryId,
    new: &Group,
) -> Result<DiscoveryId, StoreError> {
    let id: i64 = diesel::insert_into(recommended_groups::table)
        .values((
            recommended_groups::app_id.eq(tenant.as_str()),
            GroupColumns::new(category, new),
            recommended_groups::created_at_ms.eq(new.created_at_ms),
        ))
        .returning(recommended_groups::id)
        .get_result(conn)?;
    let id = DiscoveryId(id);
    group_counts::add(conn, tenant, category, id, shown(new))?;
    Ok(id)
}

/// The group's contribution to the counts: 1 if it is shown, else 0.
fn shown(group: &Group) -> i32 {
    i32::from(!group.is_banned)
}

/// Reads a group and locks it until the end of the transaction.
pub fn lock(conn: &mut Conn, tenant: &TenantId, id: DiscoveryId) -> Result<Option<Group>, StoreError> {
    let group = recommended_groups::table
        .select((selection::<GroupRow>(), recommended_groups::category_id))
        .filter(recommended_groups::id.eq(id.0))
        .filter(recommended_groups::app_id.eq(tenant.as_str()));
    let row: Option<(GroupRow, i64)> = get_locked!(conn, group).optional()?;
    let Some((row, category)) = row else { return Ok(None) };
    let name: String = categories::table.find(category).select(categories::name).get_result(conn)?;
    Ok(Some(group_of((row, name)).1))
}

/// A page of all groups of the tenant, newest first, including banned ones.
pub fn list(conn: &mut Conn, tenant: &TenantId, page: Page) -> Result<Listing<(DiscoveryId, Group)>, StoreError> {
    let mut query = recommended_groups::table
        .inner_join(categories::table.on(categories::id.eq(recommended_groups::category_id)))
        .select((selection::<GroupRow>(), categories::name))
        .filter(recommended_groups::app_id.eq(tenant.as_str()))
        .order(recommended_groups::id.desc())
        .offset(page.offset())
        .limit(page.limit())
        .into_boxed();
    if let Some(Position { id, .. }) = page.position() {
        query = query.filter(recommended_groups::id.lt(id));
    }
    let rows: Vec<(GroupRow, String)> = query.load(conn)?;
    let groups = rows.into_iter().map(group_of).collect();
    Ok(Listing::new(page, groups, |(id, _)| Position { sort: 0, id: id.0 }))
}

/// A page of the tenant's shown groups, newest first, without banned ones: those of one or all categories whose name or
/// introduction contains the keyword.
pub fn list_shown(
    conn: &mut Conn,
    tenant: &TenantId,
    category: Option<DiscoveryId>,
    keyword: &Keyword,
    page: Page,
) -> Result<Vec<(DiscoveryId, Group)>, StoreError> {
    let mut query = recommended_groups::table
        .inner_join(categories::table.on(categories::id.eq(recommended_groups::category_id)))
        .select((selection::<GroupRow>(), categories::name))
        .filter(recommended_groups::app_id.eq(tenant.as_str()))
        .filter(recommended_groups::is_banned.eq(false))
        .order(recommended_groups::id.desc())
        .limit(page.size())
        .into_boxed();
    if let Some(category) = category {
        query = query.filter(recommended_groups::category_id.eq(category.0));
    }
    if keyword.as_str().is_empty() {
        let start = group_counts::find_page_start(conn, tenant, category, page.offset())?;
        let Some(start) = start else { return Ok(Vec::new()) };
        query = query.filter(recommended_groups::id.lt(start.below_id)).offset(start.skip);
    } else {
        query = query.filter(recommended_groups::search_text.like(containing(keyword)).escape('!'));
        query = query.offset(page.offset());
    }
    let rows: Vec<(GroupRow, String)> = query.load(conn)?;
    Ok(rows.into_iter().map(group_of).collect())
}

/// A LIKE pattern for texts that contain the keyword, with its wildcards escaped (security.md 36).
fn containing(keyword: &Keyword) -> String {
    let mut pattern = String::from("%");
    for letter in keyword.as_str().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Changes a group.
pub fn update(
    conn: &mut Conn,
    tenant: &TenantId,
    id: DiscoveryId,
    category: DiscoveryId,
    new: &Group,
) -> Result<(), StoreError> {
    uncount(conn, tenant, id)?;
    let columns = GroupColumns::new(category, new);
    diesel::update(recommended_groups::table.find(id.0)).set(columns).execute(conn)?;
    group_counts::add(conn, tenant, category, id, shown(new))
}

/// Deletes a group.
pub fn delete(conn: &mut Conn, tenant: &TenantId, id: DiscoveryId) -> Result<(), StoreError> {
    uncount(conn, tenant, id)?;
    diesel::delete(recommended_groups::table.find(id.0)).execute(conn)?;
    Ok(())
}

/// Removes a group from the counts. Locks its row until the end of the transaction, so that it can't be removed twice.
fn uncount(conn: &mut Conn, tenant: &TenantId, id: DiscoveryId) -> Result<(), StoreError> {
    let columns = (recommended_groups::category_id, recommended_groups::is_banned);
    let known: Option<(i64, bool)> =
        get_locked!(conn, recommended_groups::table.find(id.0).select(columns)).optional()?;
    match known {
        Some((category, false)) => group_counts::add(conn, tenant, DiscoveryId(category), id, -1),
        Some((_, true)) | None => Ok(()),
    }
}
