//! Management of the discovery page: categories, groups, bots, advertisements.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{Answer, DONE, Data, ListAnswer, Part},
    params::{CursorQuery, Flag, Id, Json, Query, required},
};
use crate::{
    domain::discovery,
    gateway::Gateway,
    model::{Ads, Bot, Category, DiscoveryId, DisplayInfo, Group, Invalid, Problem},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/categories/create").post(create_category, "Creates a category of groups"),
        admin("/admin/v1/categories/update").post(update_category, "Changes a category of groups"),
        admin("/admin/v1/categories/delete").post(delete_category, "Deletes a category of groups"),
        admin("/admin/v1/categories/list").get(list_categories, "Lists the categories of groups of the app"),
        admin("/admin/v1/groups/create").post(create_group, "Creates a recommended group"),
        admin("/admin/v1/groups/update").post(update_group, "Changes a recommended group"),
        admin("/admin/v1/groups/delete").post(delete_group, "Deletes a recommended group"),
        admin("/admin/v1/groups/list").get(list_groups, "Lists the recommended groups of the app"),
        admin("/admin/v1/bots/create").post(create_bot, "Creates a recommended bot"),
        admin("/admin/v1/bots/update").post(update_bot, "Changes a recommended bot"),
        admin("/admin/v1/bots/delete").post(delete_bot, "Deletes a recommended bot"),
        admin("/admin/v1/bots/list").get(list_bots, "Lists the recommended bots of the app"),
        admin("/admin/v1/ads/set").post(set_ads, "Sets the advertisements of the app"),
        admin("/admin/v1/ads/get").get(get_ads, "Shows the advertisements of the app"),
    ]
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CreatedData {
    pub(crate) id: i64,
}

impl From<DiscoveryId> for CreatedData {
    fn from(id: DiscoveryId) -> Self {
        Self { id: id.0 }
    }
}

#[derive(Deserialize, JsonSchema)]
struct IdBody {
    id: Option<Id>,
}

fn discovery_id(id: Option<Id>) -> Result<DiscoveryId, Invalid> {
    Ok(DiscoveryId(required("id", id)?.number("id")?))
}

#[derive(Deserialize, JsonSchema)]
struct CategoryBody {
    id: Option<Id>,
    name: Option<String>,
    sort: Option<i32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CategoryData {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) sort: i32,
}

impl From<(DiscoveryId, Category)> for CategoryData {
    fn from((id, category): (DiscoveryId, Category)) -> Self {
        Self { id: id.0, name: category.name, sort: category.sort }
    }
}

async fn create_category(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<CategoryBody>>,
) -> Answer<CreatedData> {
    let new = Category::parse(&required("name", body.name)?, body.sort.unwrap_or(0))?;
    Ok(Data(discovery::create_category(&gateway, &operator, new).await?.into()))
}

async fn update_category(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<CategoryBody>>,
) -> Answer<bool> {
    let edit = move |known: Category| {
        Category::parse(body.name.as_deref().unwrap_or(&known.name), body.sort.unwrap_or(known.sort))
    };
    discovery::update_category(&gateway, &operator, discovery_id(body.id)?, edit).await?;
    DONE
}

async fn delete_category(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<IdBody>>,
) -> Answer<bool> {
    discovery::delete_category(&gateway, &operator, discovery_id(body.id)?).await?;
    DONE
}

async fn list_categories(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<CursorQuery>>,
) -> ListAnswer<CategoryData> {
    let listed = discovery::list_categories(&gateway, operator.tenant_id(), query.page()?).await?;
    Ok(Part::of(listed, CategoryData::from))
}

/// The fields that bodies of groups and bots share.
#[derive(Clone, Deserialize, JsonSchema)]
struct CardBody {
    nickname: Option<String>,
    introduction: Option<String>,
    avatar_url: Option<String>,
    headcount: Option<i64>,
}

impl CardBody {
    /// Sets the fields that are present.
    fn apply(&self, display: &mut DisplayInfo) -> Result<(), Invalid> {
        self.nickname.as_deref().map_or(Ok(()), |text| display.set_nickname(text))?;
        self.introduction.as_deref().map_or(Ok(()), |text| display.set_introduction(text))?;
        self.avatar_url.as_deref().map_or(Ok(()), |text| display.set_avatar_url(text))?;
        self.headcount.map_or(Ok(()), |count| display.set_headcount(count))
    }

    /// Checks that the name is present, as creating a group or bot requires.
    fn require_name(&self) -> Result<(), Invalid> {
        self.nickname.as_ref().map(drop).ok_or(Invalid::new("nickname", Problem::Missing))
    }
}

#[derive(Clone, Deserialize, JsonSchema)]
struct GroupBody {
    id: Option<Id>,
    category: Option<String>,
    is_banned: Option<Flag>,
    #[serde(flatten)]
    display: CardBody,
}

impl GroupBody {
    fn apply(&self, group: &mut Group) -> Result<(), Invalid> {
        self.category.as_deref().map_or(Ok(()), |name| group.set_category(name))?;
        if let Some(is_banned) = self.is_banned {
            group.is_banned = is_banned.get();
        }
        self.display.apply(&mut group.display)
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct GroupData {
    pub(crate) id: i64,
    pub(crate) nickname: String,
    pub(crate) category: String,
    pub(crate) introduction: String,
    pub(crate) avatar_url: String,
    pub(crate) headcount: i32,
    pub(crate) is_banned: bool,
}

impl From<(DiscoveryId, Group)> for GroupData {
    fn from((id, group): (DiscoveryId, Group)) -> Self {
        Self {
            id: id.0,
            nickname: group.display.nickname,
            category: group.category,
            introduction: group.display.introduction,
            avatar_url: group.display.avatar_url,
            headcount: group.display.headcount,
            is_banned: group.is_banned,
        }
    }
}

async fn create_group(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<GroupBody>>,
) -> Answer<CreatedData> {
    body.display.require_name()?;
    if body.category.is_none() {
        return Err(Invalid::new("category", Problem::Missing).into());
    }
    let mut new = Group::default();
    body.apply(&mut new)?;
    Ok(Data(discovery::create_group(&gateway, &operator, new).await?.into()))
}

async fn update_group(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(mut body)): AsOperator<Json<GroupBody>>,
) -> Answer<bool> {
    let id = discovery_id(body.id.take())?;
    discovery::update_group(&gateway, &operator, id, move |group| body.apply(group)).await?;
    DONE
}

async fn delete_group(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<IdBody>>,
) -> Answer<bool> {
    discovery::delete_group(&gateway, &operator, discovery_id(body.id)?).await?;
    DONE
}

async fn list_groups(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<CursorQuery>>,
) -> ListAnswer<GroupData> {
    let listed = discovery::list_all_groups(&gateway, &operator, query.page()?).await?;
    Ok(Part::of(listed, GroupData::from))
}

#[derive(Clone, Deserialize, JsonSchema)]
struct BotBody {
    id: Option<Id>,
    is_add: Option<Flag>,
    always_agree: Option<Flag>,
    #[serde(flatten)]
    display: CardBody,
}

impl BotBody {
    fn apply(&self, bot: &mut Bot) -> Result<(), Invalid> {
        bot.is_add = self.is_add.map_or(bot.is_add, Flag::get);
        bot.always_agree = self.always_agree.map_or(bot.always_agree, Flag::get);
        self.display.apply(&mut bot.display)
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct BotData {
    pub(crate) id: i64,
    pub(crate) nickname: String,
    pub(crate) introduction: String,
    pub(crate) avatar_url: String,
    pub(crate) headcount: i32,
    pub(crate) is_add: bool,
    pub(crate) always_agree: bool,
}

impl From<(DiscoveryId, Bot)> for BotData {
    fn from((id, bot): (DiscoveryId, Bot)) -> Self {
        Self {
            id: id.0,
            nickname: bot.display.nickname,
            introduction: bot.display.introduction,
            avatar_url: bot.display.avatar_url,
            headcount: bot.display.headcount,
            is_add: bot.is_add,
            always_agree: bot.always_agree,
        }
    }
}

async fn create_bot(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<BotBody>>,
) -> Answer<CreatedData> {
    body.display.require_name()?;
    let mut new = Bot::default();
    body.apply(&mut new)?;
    Ok(Data(discovery::create_bot(&gateway, &operator, new).await?.into()))
}

async fn update_bot(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(mut body)): AsOperator<Json<BotBody>>,
) -> Answer<bool> {
    let id = discovery_id(body.id.take())?;
    discovery::update_bot(&gateway, &operator, id, move |bot| body.apply(bot)).await?;
    DONE
}

async fn delete_bot(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<IdBody>>,
) -> Answer<bool> {
    discovery::delete_bot(&gateway, &operator, discovery_id(body.id)?).await?;
    DONE
}

async fn list_bots(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<CursorQuery>>,
) -> ListAnswer<BotData> {
    let listed = discovery::list_bots(&gateway, operator.tenant_id(), query.page()?).await?;
    Ok(Part::of(listed, BotData::from))
}

#[derive(Deserialize, JsonSchema)]
struct AdsBody {
    is_show: Option<Flag>,
    android_code_id: Option<String>,
    ios_code_id: Option<String>,
    bottom_height: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AdsData {
    pub(crate) is_show: bool,
    pub(crate) android_code_id: String,
    pub(crate) ios_code_id: String,
    pub(crate) bottom_height: i32,
}

impl From<Ads> for AdsData {
    fn from(ads: Ads) -> Self {
        Self {
            is_show: ads.is_shown,
            android_code_id: ads.android_code_id,
            ios_code_id: ads.ios_code_id,
            bottom_height: ads.bottom_height,
        }
    }
}

async fn set_ads(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<AdsBody>>,
) -> Answer<bool> {
    let edit = move |ads: &mut Ads| -> Result<(), Invalid> {
        ads.is_shown = body.is_show.map_or(ads.is_shown, Flag::get);
        if let Some(code) = body.android_code_id {
            ads.android_code_id = Ads::parse_code_id("android_code_id", &code)?;
        }
        if let Some(code) = body.ios_code_id {
            ads.ios_code_id = Ads::parse_code_id("ios_code_id", &code)?;
        }
        body.bottom_height.map_or(Ok(()), |height| ads.set_bottom_height(height))
    };
    discovery::set_ads(&gateway, &operator, edit).await?;
    DONE
}

async fn get_ads(gateway: web::Data<Gateway>, AsOperator(operator, ()): AsOperator) -> Answer<AdsData> {
    Ok(Data(discovery::get_ads(&gateway, operator.tenant_id()).await?.into()))
}
