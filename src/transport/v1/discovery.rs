//! The discovery page: categories, groups, bots, advertisements.

use actix_web::web::Data;

use super::access::AsCaller;
use crate::{
    domain::discovery,
    gateway::Gateway,
    model::{Bot, Category, DiscoveryId, Group, Keyword, Page},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/recommend-category-list")
            .post(recommend_category_list, "Lists the categories of recommended groups"),
        json_native("/v1/user/recommend-list")
            .post(recommend_list, "Lists recommended groups, by category and keyword"),
        json_native("/v1/user/recommend").post(recommend, "Lists recommended bots"),
        json_native("/v1/user/get-user-show-adv").post(get_user_show_adv, "Shows which advertisements to display"),
    ]
}

async fn recommend_category_list(
    gateway: Data<Gateway>,
    AsCaller(caller, _): AsCaller<Wire<pb::RecommendCategoryListRequest>>,
) -> Reply<pb::RecommendCategoryListResponse> {
    let categories = discovery::list_categories(&gateway, caller.tenant_id(), Page::first()).await?;
    let categories = categories.items.into_iter().map(|(_, category)| category.name).collect();
    Ok(Wire(pb::RecommendCategoryListResponse { status: None, categories }))
}

async fn recommend_list(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::RecommendListRequest>>,
) -> Reply<pb::RecommendListResponse> {
    let (keyword, page) = (Keyword::parse(&req.keyword)?, Page::parse_v1(req.page, req.size)?);
    let category = Category::parse_wanted(&req.category)?;
    let groups = discovery::list_groups(&gateway, &caller, category, keyword, page).await?;
    let group_list = groups.into_iter().map(pb::RecommendedGroup::from).collect();
    Ok(Wire(pb::RecommendListResponse { status: None, group_list }))
}

async fn recommend(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::RecommendResponse> {
    let bots = discovery::list_bots(&gateway, caller.tenant_id(), Page::first()).await?.items;
    Ok(Wire(pb::RecommendResponse { status: None, bot_list: bots.into_iter().map(pb::RecommendedBot::from).collect() }))
}

async fn get_user_show_adv(
    gateway: Data<Gateway>,
    AsCaller(caller, ()): AsCaller,
) -> Reply<pb::GetUserShowAdvResponse> {
    let ads = discovery::get_ads(&gateway, caller.tenant_id()).await?;
    Ok(Wire(pb::GetUserShowAdvResponse {
        status: None,
        android_code_id: ads.android_code_id,
        bottom_height: ads.bottom_height,
        ios_code_id: ads.ios_code_id,
        is_show: i32::from(ads.is_shown),
    }))
}

impl From<(DiscoveryId, Group)> for pb::RecommendedGroup {
    fn from((id, group): (DiscoveryId, Group)) -> Self {
        Self {
            chat_id: id.0.to_string(),
            // Hidden groups are not listed.
            ban_id: 0,
            nickname: group.display.nickname,
            introduction: group.display.introduction,
            avatar_url: group.display.avatar_url,
            headcount: group.display.headcount,
            create_time: group.created_at_ms / 1000,
        }
    }
}

impl From<(DiscoveryId, Bot)> for pb::RecommendedBot {
    fn from((id, bot): (DiscoveryId, Bot)) -> Self {
        Self {
            chat_id: id.0.to_string(),
            chat_type: "3".to_owned(),
            headcount: bot.display.headcount.to_string(),
            nickname: bot.display.nickname,
            introduction: bot.display.introduction,
            introductions: String::new(),
            avatar_url: bot.display.avatar_url,
            is_add: i32::from(bot.is_add),
            is_apply: 0,
            always_agree: i32::from(bot.always_agree),
        }
    }
}
