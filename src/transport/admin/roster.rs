//! The public profiles of a tenant's accounts.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsTokenHolder,
    answer::{Answer, Data},
    params::{IdsBody, Json, MAX_ITEMS, Query, ids, required},
};
use crate::{
    domain::profile,
    gateway::Gateway,
    model::{Invalid, Problem, User, UserId, Username},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/roster/name").get(by_name, "Finds an account by its login name"),
        admin("/roster/id").get(by_id, "Finds an account by its id"),
    ]
}

/// The public part of a profile: no phone, e-mail or private information (security.md 27).
#[derive(Serialize, JsonSchema)]
pub(super) struct RosterData {
    user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    nick_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    avatar: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_info: Option<String>,
}

impl From<&User> for RosterData {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.id.get(),
            username: user.username.clone(),
            nick_name: user.nickname.clone(),
            avatar: user.avatar_url.clone(),
            description: user.description.clone(),
            public_info: user.public_info.clone(),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct NameQuery {
    username: Option<String>,
}

async fn by_name(
    gateway: web::Data<Gateway>,
    AsTokenHolder(anonymous, Query(query)): AsTokenHolder<Query<NameQuery>>,
) -> Answer<RosterData> {
    let name = Username::parse(&required("username", query.username)?)?;
    Ok(Data(RosterData::from(&*profile::get_by_username(&gateway, &anonymous, name).await?)))
}

#[derive(Deserialize, JsonSchema)]
struct IdQuery {
    user_id: Option<String>,
}

async fn by_id(
    gateway: web::Data<Gateway>,
    AsTokenHolder(anonymous, Query(query)): AsTokenHolder<Query<IdQuery>>,
) -> Answer<RosterData> {
    let id = UserId::parse("user_id", &required("user_id", query.user_id)?)?;
    Ok(Data(RosterData::from(&*profile::get_by_id(&gateway, &anonymous, id).await?)))
}

/// Of each account of a list that exists, what `/roster/id` gives.
pub(super) async fn by_ids(
    gateway: web::Data<Gateway>,
    AsTokenHolder(anonymous, Json(body)): AsTokenHolder<Json<IdsBody>>,
) -> Answer<Vec<RosterData>> {
    let ids = ids("list", body.list)?;
    if ids.len() > MAX_ITEMS {
        return Err(Invalid::new("list", Problem::TooMany { max: MAX_ITEMS }).into());
    }
    let found = profile::list_by_id(&gateway, &anonymous, &ids).await?;
    Ok(Data(found.iter().map(|user| RosterData::from(&**user)).collect()))
}
