//! Accounts: registering, listing, disabling and enabling them.

use actix_web::web::{self, ServiceConfig, get, post, put};
use serde::{Deserialize, Serialize};

use super::{
    access::{AdminOnly, Outsider},
    answer::{Answer, BatchAnswer, BatchResult, DONE, Data},
    params::{Batch, Id, Json, PageQuery, Query, ids, item, required},
    settings::SettingsData,
};
use crate::{
    app::App,
    domain::accounts::{self, Registration},
    model::{Invalid, Password, UserSummary, Username},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/register/v2").route(post().to(register)))
        .service(web::resource("/user/register/batch").route(post().to(register_batch)))
        .service(web::resource("/user/list").route(get().to(list)))
        .service(web::resource("/user/disable").route(put().to(disable)))
        .service(web::resource("/user/enable").route(put().to(enable)));
}

#[derive(Deserialize)]
struct RegisterBody {
    username: Option<String>,
    password: Option<String>,
}

impl RegisterBody {
    fn parse(self, app: &App) -> Result<Registration, Invalid> {
        Ok(Registration {
            username: Username::parse(&required("username", self.username)?)?,
            password: Password::parse("password", &required("password", self.password)?, app.config.password_min)?,
        })
    }
}

async fn register(
    app: web::Data<App>,
    Outsider(visitor, Json(body)): Outsider<Json<RegisterBody>>,
) -> Answer<SettingsData> {
    let (user, settings) = accounts::register(&app, &visitor, body.parse(&app)?).await?;
    Ok(Data(SettingsData::new(user, settings)))
}

/// A result of a batch of registrations, in front of what all batches have.
#[derive(Serialize)]
struct RegisterResult {
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
}

async fn register_batch(
    app: web::Data<App>,
    AdminOnly(operator, Json(body)): AdminOnly<Json<Batch>>,
) -> BatchAnswer<RegisterResult> {
    let list = body.items()?;
    let names: Vec<String> = list.iter().map(|item| item["username"].as_str().unwrap_or_default().to_owned()).collect();
    let parse = |value| Ok(item::<RegisterBody>(value)?.parse(&app)?);
    let parsed = list.into_iter().map(parse).collect();
    let results = accounts::register_batch(&app, &operator, parsed).await;
    let results = names.into_iter().zip(results).map(|(username, result)| {
        let user_id = result.as_ref().ok().map(|user| user.get());
        BatchResult { item: RegisterResult { username, user_id }, result: result.map(drop) }
    });
    Ok(results.collect())
}

#[derive(Serialize)]
struct UserData {
    user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// 0 active, 1 disabled.
    status: i16,
}

async fn list(
    app: web::Data<App>,
    AdminOnly(operator, Query(query)): AdminOnly<Query<PageQuery>>,
) -> Answer<Vec<UserData>> {
    let users = accounts::list(&app, &operator, query.page()?).await?;
    let row =
        |user: UserSummary| UserData { user_id: user.id.get(), username: user.username, status: user.standing.code() };
    Ok(Data(users.into_iter().map(row).collect()))
}

#[derive(Deserialize)]
struct IdsBody {
    list: Option<Vec<Id>>,
}

async fn disable(app: web::Data<App>, AdminOnly(operator, Json(body)): AdminOnly<Json<IdsBody>>) -> Answer<bool> {
    accounts::disable(&app, &operator, ids("list", body.list)?).await?;
    DONE
}

async fn enable(app: web::Data<App>, AdminOnly(operator, Json(body)): AdminOnly<Json<IdsBody>>) -> Answer<bool> {
    accounts::enable(&app, &operator, ids("list", body.list)?).await?;
    DONE
}
