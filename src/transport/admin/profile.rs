//! The profile of an account.

use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::{AsCaller, AsOperator},
    answer::{Answer, BatchAnswer, BatchResult, DONE, Data},
    params::{Batch, Id, Json, QueryOrBody, Raw, item, required},
};
use crate::{
    domain::{
        Caller, Error,
        access::authenticate,
        avatars,
        profile::{self, ProfileChanges},
    },
    gateway::Gateway,
    model::{Avatar, Info, InfoChanges, Invalid, Nickname, UserId},
    transport::{
        path::{Path, admin},
        upload::base_url,
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/user/profile").get(own, "Shows the profile").put_or_post(edit, "Changes the profile"),
        admin("/user/profile/batch").put_or_post(edit_batch, "Changes the profiles of users"),
        admin("/user/nickname").put_or_post(set_nickname, "Changes the display name"),
        admin("/user/avatar").put_or_post(set_avatar, "Changes the avatar"),
        admin("/user/avatar/batch").put_or_post(set_avatar_batch, "Changes the avatars of users"),
        admin("/user/private").put_or_post(set_private, "Sets the information that only the account sees"),
        admin("/user/public").put_or_post(set_public, "Sets the information that everyone sees"),
    ]
}

/// The profile as its owner sees it (admin document 1.16); unset fields are omitted.
#[derive(Serialize, JsonSchema)]
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

async fn own(gateway: web::Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Answer<ProfileData> {
    let user = profile::get_own(&gateway, &caller).await?.user;
    Ok(Data(ProfileData {
        user_id: user.id.get(),
        username: user.username.clone(),
        nick_name: user.nickname.clone(),
        avatar: user.avatar_url.clone(),
        description: user.description.clone(),
        email: user.email.clone(),
        mobile: user.mobile.clone(),
        private_info: user.private_info.clone(),
        public_info: user.public_info.clone(),
    }))
}

#[derive(Deserialize, JsonSchema)]
struct NicknameQuery {
    nick_name: Option<String>,
}

async fn set_nickname(
    gateway: web::Data<Gateway>,
    AsCaller(caller, QueryOrBody(query)): AsCaller<QueryOrBody<NicknameQuery>>,
) -> Answer<bool> {
    let name = Nickname::parse("nick_name", &required("nick_name", query.nick_name)?)?;
    profile::rename(&gateway, &caller, name).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct ProfileBody {
    description: Option<String>,
    nick_name: Option<String>,
    private_info: Option<String>,
    public_info: Option<String>,
}

impl ProfileBody {
    fn parse(self) -> Result<ProfileChanges, Invalid> {
        let info = |what, text: Option<String>| text.map(|text| Info::parse(what, &text)).transpose();
        Ok(ProfileChanges {
            nickname: self.nick_name.map(|name| Nickname::parse("nick_name", &name)).transpose()?,
            info: InfoChanges {
                description: info("description", self.description)?,
                private_info: info("private_info", self.private_info)?,
                public_info: info("public_info", self.public_info)?,
            },
        })
    }
}

async fn edit(gateway: web::Data<Gateway>, AsCaller(caller, Json(body)): AsCaller<Json<ProfileBody>>) -> Answer<bool> {
    profile::edit(&gateway, &caller, body.parse()?).await?;
    DONE
}

/// An item of a batch: the user, and the fields of the operation.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ItemOf{T}")]
struct UserItem<T> {
    user_id: Option<Id>,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize, JsonSchema)]
struct UserResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
}

/// The id in an item, if it is a number.
fn named(item: &serde_json::Value) -> UserResult {
    let id = &item["user_id"];
    UserResult { user_id: id.as_i64().or_else(|| id.as_str()?.parse().ok()) }
}

fn user_of(id: Option<Id>) -> Result<UserId, Invalid> {
    required("user_id", id)?.user("user_id")
}

async fn edit_batch(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<Batch<UserItem<ProfileBody>>>>,
) -> BatchAnswer<UserResult> {
    let mut results = Vec::new();
    for value in body.items()? {
        let named = named(&value);
        let work = async {
            let UserItem { user_id, body } = item::<UserItem<ProfileBody>>(value)?;
            let acting = authenticate::acting_as(&gateway, &operator, user_of(user_id)?).await?;
            profile::edit(&gateway, &acting, body.parse()?).await
        };
        results.push(BatchResult::of(named, work).await);
    }
    Ok(results.into_iter().collect())
}

#[derive(Deserialize, JsonSchema)]
struct AvatarBody {
    avatar: Option<String>,
}

impl AvatarBody {
    async fn parse(self, gateway: &Gateway, caller: &Caller, base_url: &str) -> Result<Avatar, Error> {
        avatars::parse(gateway, caller, "avatar", &required("avatar", self.avatar)?, base_url).await
    }
}

async fn set_avatar(
    gateway: web::Data<Gateway>,
    req: HttpRequest,
    AsCaller(caller, Json(body)): AsCaller<Json<AvatarBody>>,
) -> Answer<bool> {
    let avatar = body.parse(&gateway, &caller, &base_url(&gateway, &req)).await?;
    profile::set_avatar(&gateway, &caller, avatar).await?;
    DONE
}

async fn set_avatar_batch(
    gateway: web::Data<Gateway>,
    req: HttpRequest,
    AsOperator(operator, Json(body)): AsOperator<Json<Batch<UserItem<AvatarBody>>>>,
) -> BatchAnswer<UserResult> {
    let (mut results, base_url) = (Vec::new(), base_url(&gateway, &req));
    for value in body.items()? {
        let named = named(&value);
        let work = async {
            let UserItem { user_id, body } = item::<UserItem<AvatarBody>>(value)?;
            let acting = authenticate::acting_as(&gateway, &operator, user_of(user_id)?).await?;
            profile::set_avatar(&gateway, &acting, body.parse(&gateway, &acting, &base_url).await?).await
        };
        results.push(BatchResult::of(named, work).await);
    }
    Ok(results.into_iter().collect())
}

async fn set_private(gateway: web::Data<Gateway>, AsCaller(caller, Raw(text)): AsCaller<Raw>) -> Answer<bool> {
    let info = InfoChanges { private_info: Some(Info::parse("body", &text)?), ..InfoChanges::default() };
    profile::edit(&gateway, &caller, ProfileChanges { nickname: None, info }).await?;
    DONE
}

async fn set_public(gateway: web::Data<Gateway>, AsCaller(caller, Raw(text)): AsCaller<Raw>) -> Answer<bool> {
    let info = InfoChanges { public_info: Some(Info::parse("body", &text)?), ..InfoChanges::default() };
    profile::edit(&gateway, &caller, ProfileChanges { nickname: None, info }).await?;
    DONE
}
