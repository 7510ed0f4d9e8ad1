//! Awards that admins grant to users: VIP time and medals.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{Answer, DONE, Data, ListAnswer, Part},
    params::{CursorQuery, Id, Json, Query, required},
};
use crate::{
    domain::awards,
    gateway::Gateway,
    model::{Days, Invalid, Medal, MedalDefinition, MedalId, UserId},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/vip/grant").post(grant_vip, "Extends the VIP time of a user"),
        admin("/admin/v1/medals/define").post(define_medal, "Defines a medal"),
        admin("/admin/v1/medals/list").get(list_medals, "Lists the medals of the app"),
        admin("/admin/v1/medals/grant").post(grant_medal, "Grants a medal to a user"),
        admin("/admin/v1/medals/revoke").post(revoke_medal, "Revokes a medal of a user"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct VipBody {
    user_id: Option<Id>,
    days: Option<i64>,
}

async fn grant_vip(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<VipBody>>,
) -> Answer<bool> {
    let user = required("user_id", body.user_id)?.user("user_id")?;
    let days = Days::parse("days", required("days", body.days)?)?;
    awards::grant_vip(&gateway, &operator, user, days).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct DefineMedalBody {
    name: Option<String>,
    desc: Option<String>,
    image_url: Option<String>,
    sort: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct DefinedData {
    id: i64,
}

async fn define_medal(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<DefineMedalBody>>,
) -> Answer<DefinedData> {
    let name = required("name", body.name)?;
    let (desc, image_url) = (body.desc.unwrap_or_default(), body.image_url.unwrap_or_default());
    let medal = MedalDefinition::parse(&name, ("desc", &desc), &image_url, body.sort.unwrap_or(0))?;
    let id = awards::define_medal(&gateway, &operator, medal).await?;
    Ok(Data(DefinedData { id: id.0 }))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct MedalData {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) desc: String,
    pub(crate) image_url: String,
    pub(crate) sort: i32,
}

impl From<Medal> for MedalData {
    fn from(Medal { id, name, description, image_url, sort }: Medal) -> Self {
        Self { id: id.0, name, desc: description, image_url, sort }
    }
}

async fn list_medals(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<CursorQuery>>,
) -> ListAnswer<MedalData> {
    let medals = awards::list_medals(&gateway, &operator, query.page()?).await?;
    Ok(Part::of(medals, MedalData::from))
}

#[derive(Deserialize, JsonSchema)]
struct UserMedalBody {
    user_id: Option<Id>,
    medal_id: Option<Id>,
}

impl UserMedalBody {
    fn parse(self) -> Result<(UserId, MedalId), Invalid> {
        let user = required("user_id", self.user_id)?.user("user_id")?;
        Ok((user, MedalId(required("medal_id", self.medal_id)?.number("medal_id")?)))
    }
}

async fn grant_medal(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<UserMedalBody>>,
) -> Answer<bool> {
    let (user, medal) = body.parse()?;
    awards::grant_medal(&gateway, &operator, user, medal).await?;
    DONE
}

async fn revoke_medal(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<UserMedalBody>>,
) -> Answer<bool> {
    let (user, medal) = body.parse()?;
    awards::revoke_medal(&gateway, &operator, user, medal).await?;
    DONE
}
