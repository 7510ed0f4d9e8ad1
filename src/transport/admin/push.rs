//! The push profile of an account: alias, badge and tags.

use std::collections::BTreeSet;

use actix_web::web;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    access::AsCaller,
    answer::{Answer, DONE, Data},
    params::{Json, required},
};
use crate::{
    domain::push,
    gateway::Gateway,
    model::{Alias, Badge, Invalid, Tag},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/user/push/alias").post(set_alias, "Sets the push alias"),
        admin("/user/push/badge").post(set_badge, "Sets the number on the app's icon"),
        admin("/user/push/tag")
            .get(list_tags, "Lists the push tags")
            .post(add_tags, "Adds push tags")
            .delete(remove_tags, "Removes push tags"),
        admin("/user/push/tag/all").delete(clear_tags, "Removes all push tags"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct AliasBody {
    alias: Option<String>,
    push_token: Option<String>,
}

async fn set_alias(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<AliasBody>>,
) -> Answer<bool> {
    let alias = Alias::parse(&required("alias", body.alias)?)?;
    push::set_alias(&gateway, &caller, alias, body.push_token).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct BadgeBody {
    badge: Option<i64>,
}

async fn set_badge(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<BadgeBody>>,
) -> Answer<bool> {
    push::set_badge(&gateway, &caller, Badge::parse(required("badge", body.badge)?)?).await?;
    DONE
}

async fn list_tags(gateway: web::Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Answer<Vec<String>> {
    Ok(Data(push::list_tags(&gateway, &caller).await?))
}

#[derive(Deserialize, JsonSchema)]
struct TagsBody {
    tags: Option<Vec<String>>,
}

impl TagsBody {
    /// The tags; an absent list is empty.
    fn parse(self) -> Result<BTreeSet<Tag>, Invalid> {
        self.tags.unwrap_or_default().iter().map(|tag| Tag::parse(tag)).collect()
    }
}

async fn add_tags(gateway: web::Data<Gateway>, AsCaller(caller, Json(body)): AsCaller<Json<TagsBody>>) -> Answer<bool> {
    push::add_tags(&gateway, &caller, body.parse()?).await?;
    DONE
}

async fn remove_tags(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<TagsBody>>,
) -> Answer<bool> {
    push::remove_tags(&gateway, &caller, body.parse()?).await?;
    DONE
}

async fn clear_tags(gateway: web::Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Answer<bool> {
    push::clear_tags(&gateway, &caller).await?;
    DONE
}
