//! How push messages find an account.

use std::collections::BTreeSet;

use actix_web::web::{self, ServiceConfig, delete, get, post};
use serde::Deserialize;

use super::{
    access::AnyUser,
    answer::{Answer, DONE, Data},
    params::{Json, required},
};
use crate::{
    app::App,
    domain::push,
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

async fn set_alias(app: web::Data<App>, AnyUser(caller, Json(body)): AnyUser<Json<AliasBody>>) -> Answer<bool> {
    let alias = Alias::parse(&required("alias", body.alias)?)?;
    push::set_alias(&app, &caller, alias, body.push_token).await?;
    DONE
}

#[derive(Deserialize)]
struct BadgeBody {
    badge: Option<i64>,
}

async fn set_badge(app: web::Data<App>, AnyUser(caller, Json(body)): AnyUser<Json<BadgeBody>>) -> Answer<bool> {
    push::set_badge(&app, &caller, Badge::parse(required("badge", body.badge)?)?).await?;
    DONE
}

async fn list_tags(app: web::Data<App>, AnyUser(caller, ()): AnyUser) -> Answer<Vec<String>> {
    Ok(Data(push::list_tags(&app, &caller).await?))
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

async fn add_tags(app: web::Data<App>, AnyUser(caller, Json(body)): AnyUser<Json<TagsBody>>) -> Answer<bool> {
    push::add_tags(&app, &caller, body.parse()?).await?;
    DONE
}

async fn remove_tags(app: web::Data<App>, AnyUser(caller, Json(body)): AnyUser<Json<TagsBody>>) -> Answer<bool> {
    push::remove_tags(&app, &caller, body.parse()?).await?;
    DONE
}

async fn clear_tags(app: web::Data<App>, AnyUser(caller, ()): AnyUser) -> Answer<bool> {
    push::clear_tags(&app, &caller).await?;
    DONE
}
