//! What accounts of an app show to each other.

use actix_web::web::{self, ServiceConfig, get};
use serde::{Deserialize, Serialize};

use super::{
    access::Member,
    answer::{Answer, Data},
    params::{Query, required},
};
use crate::{
    app::App,
    domain::profile,
    model::{User, UserId, Username},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/roster/name").route(get().to(by_name)))
        .service(web::resource("/roster/id").route(get().to(by_id)));
}

/// The public part of a profile: no phone, e-mail or private information (security.md 27).
#[derive(Serialize)]
struct RosterData {
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

impl From<User> for RosterData {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id.get(),
            username: user.username,
            nick_name: user.nickname,
            avatar: user.avatar_url,
            description: user.description,
            public_info: user.public_info,
        }
    }
}

#[derive(Deserialize)]
struct NameQuery {
    username: Option<String>,
}

async fn by_name(app: web::Data<App>, Member(visitor, Query(query)): Member<Query<NameQuery>>) -> Answer<RosterData> {
    let name = Username::parse(&required("username", query.username)?)?;
    Ok(Data(profile::get_by_username(&app, &visitor, name).await?.into()))
}

#[derive(Deserialize)]
struct IdQuery {
    user_id: Option<String>,
}

async fn by_id(app: web::Data<App>, Member(visitor, Query(query)): Member<Query<IdQuery>>) -> Answer<RosterData> {
    let id = UserId::parse("user_id", &required("user_id", query.user_id)?)?;
    Ok(Data(profile::get_by_id(&app, &visitor, id).await?.into()))
}
