//! What an account shows of itself.

use actix_web::web::{self, ServiceConfig, get, post, put};
use serde::{Deserialize, Serialize};

use super::{
    access::AnyUser,
    answer::{Answer, DONE, Data},
    params::{Query, required},
};
use crate::{app::App, domain::profile, model::Nickname};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/profile").route(get().to(own)))
        .service(web::resource("/user/nickname").route(put().to(set_nickname)).route(post().to(set_nickname)));
}

/// The profile as its owner sees it (admin document 1.16); what is unset is left out.
#[derive(Serialize)]
struct ProfileData {
    user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    nick_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    avatar: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_info: Option<String>,
}

async fn own(app: web::Data<App>, AnyUser(caller, ()): AnyUser) -> Answer<ProfileData> {
    let user = profile::get_own(&app, &caller).await?.user;
    Ok(Data(ProfileData {
        user_id: user.id.get(),
        username: user.username,
        nick_name: user.nickname,
        avatar: user.avatar_url,
        description: user.description,
        email: user.email,
        mobile: user.mobile,
        private_info: user.private_info,
        public_info: user.public_info,
    }))
}

#[derive(Deserialize)]
struct NicknameQuery {
    nick_name: Option<String>,
}

async fn set_nickname(
    app: web::Data<App>,
    AnyUser(caller, Query(query)): AnyUser<Query<NicknameQuery>>,
) -> Answer<bool> {
    let name = Nickname::parse(&required("nick_name", query.nick_name)?)?;
    profile::rename(&app, &caller, name).await?;
    DONE
}
