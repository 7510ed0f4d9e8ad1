//! The push profile of an account: alias, badge and tags.

use std::collections::BTreeSet;

use actix_web::web::{self, ServiceConfig, delete, get, post};
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
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/push/alias").route(post().to(set_alias)))
        .service(web::resource("/user/push/badge").route(post().to(set_badge)))
        .service(
            web::resource("/user/push/tag")
                .route(get().to(list_tags))
                .route(post().to(add_tags))
                .route(delete().to(remove_tags)),
        )
        .service(web::resource("/user/push/tag/all").route(delete().to(clear_tags)));
}

#[derive(Deserialize)]
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

#[derive(Deserialize)]
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

#[derive(Deserialize)]
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
