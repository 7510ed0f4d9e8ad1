//! Bots of the discovery page.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::recommended_bots, selection};
use crate::model::{Bot, DiscoveryId, DisplayInfo, Listing, Page, Position, TenantId};

/// The columns that inserts and updates write.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = recommended_bots)]
struct BotColumns<'a> {
    nickname: &'a str,
    introduction: &'a str,
    avatar_url: &'a str,
    headcount: i32,
    is_add: bool,
    always_agree: bool,
}

impl<'a> From<&'a Bot> for BotColumns<'a> {
    fn from(bot: &'a Bot) -> Self {
        Self {
            nickname: &bot.display.nickname,
            introduction: &bot.display.introduction,
            avatar_url: &bot.display.avatar_url,
            headcount: bot.display.headcount,
            is_add: bot.is_add,
            always_agree: bot.always_agree,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = recommended_bots)]
struct BotRow {
    id: i64,
    nickname: String,
    introduction: String,
    avatar_url: String,
    headcount: i32,
    is_add: bool,
    always_agree: bool,
}

impl From<BotRow> for (DiscoveryId, Bot) {
    fn from(row: BotRow) -> Self {
        let display = DisplayInfo {
            nickname: row.nickname,
            introduction: row.introduction,
            avatar_url: row.avatar_url,
            headcount: row.headcount,
        };
        (DiscoveryId(row.id), Bot { display, is_add: row.is_add, always_agree: row.always_agree })
    }
}

/// Inserts a bot.
pub fn insert(conn: &mut Conn, tenant: &TenantId, new: &Bot) -> Result<DiscoveryId, StoreError> {
    let id: i64 = diesel::insert_into(recommended_bots::table)
        .values((recommended_bots::app_id.eq(tenant.as_str()), BotColumns::from(new)))
        .returning(recommended_bots::id)
        .get_result(conn)?;
    Ok(DiscoveryId(id))
}

/// Reads a bot and locks it until the end of the transaction.
pub fn lock(conn: &mut Conn, tenant: &TenantId, id: DiscoveryId) -> Result<Option<Bot>, StoreError> {
    let bot = recommended_bots::table
        .select(selection::<BotRow>())
        .filter(recommended_bots::id.eq(id.0))
        .filter(recommended_bots::app_id.eq(tenant.as_str()));
    let row: Option<BotRow> = get_locked!(conn, bot).optional()?;
    Ok(row.map(|row| <(DiscoveryId, Bot)>::from(row).1))
}

/// A page of the tenant's bots, oldest first.
pub fn list(conn: &mut Conn, tenant: &TenantId, page: Page) -> Result<Listing<(DiscoveryId, Bot)>, StoreError> {
    let mut query = recommended_bots::table
        .select(selection::<BotRow>())
        .filter(recommended_bots::app_id.eq(tenant.as_str()))
        .order(recommended_bots::id)
        .offset(page.offset())
        .limit(page.limit())
        .into_boxed();
    if let Some(Position { id, .. }) = page.position() {
        query = query.filter(recommended_bots::id.gt(id));
    }
    let rows: Vec<BotRow> = query.load(conn)?;
    let bots = rows.into_iter().map(Into::into).collect();
    Ok(Listing::new(page, bots, |(id, _): &(DiscoveryId, Bot)| Position { sort: 0, id: id.0 }))
}

/// Changes a bot.
pub fn update(conn: &mut Conn, id: DiscoveryId, new: &Bot) -> Result<(), StoreError> {
    diesel::update(recommended_bots::table.find(id.0)).set(BotColumns::from(new)).execute(conn)?;
    Ok(())
}

/// Deletes a bot.
pub fn delete(conn: &mut Conn, id: DiscoveryId) -> Result<(), StoreError> {
    diesel::delete(recommended_bots::table.find(id.0)).execute(conn)?;
    Ok(())
}
