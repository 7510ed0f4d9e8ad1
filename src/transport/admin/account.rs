//! Accounts: registering, listing, disabling and enabling them.

use actix_web::{
    HttpRequest,
    web::{self, ServiceConfig, get, post, put},
};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, DONE, Data},
    params::{Id, Json, Query, number, required},
    settings::SettingsData,
};
use crate::{
    app::App,
    domain::{
        self,
        accounts::{self, Registration},
    },
    model::{Invalid, Password, Problem, UserId, UserSummary, Username},
    transport::{
        access::{AdminOnly, Outsider},
        context::Context,
        error::{Api, Error, Language},
    },
};

/// Items of a batch at the most (behaviour.md §3).
const MAX_BATCH: usize = 100;

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

#[derive(Deserialize)]
struct BatchBody<T> {
    list: Option<Vec<T>>,
}

#[derive(Serialize)]
struct RegisterResult {
    username: String,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

async fn register_batch(
    app: web::Data<App>,
    AdminOnly(operator, Json(body)): AdminOnly<Json<BatchBody<RegisterBody>>>,
    req: HttpRequest,
) -> Answer<Vec<RegisterResult>> {
    let list = batch(body)?;
    let names: Vec<String> = list.iter().map(|item| item.username.clone().unwrap_or_default()).collect();
    let parsed = list.into_iter().map(|item| item.parse(&app).map_err(domain::Error::from)).collect();
    let results = accounts::register_batch(&app, &operator, parsed).await;
    let language = Context::get(&req).map_or(Language::En, |context| context.language);
    let result = |(username, result): (String, Result<UserId, domain::Error>)| match result {
        Ok(user) => RegisterResult { username, success: true, user_id: Some(user.get()), reason: None },
        Err(error) => RegisterResult { username, success: false, user_id: None, reason: Some(reason(error, language)) },
    };
    Ok(Data(names.into_iter().zip(results).map(result).collect()))
}

fn batch<T>(body: BatchBody<T>) -> Result<Vec<T>, Invalid> {
    let list = required("list", body.list)?;
    match list.len() {
        1..=MAX_BATCH => Ok(list),
        0 => Err(Invalid::new("list", Problem::Missing)),
        _ => Err(Invalid::new("list", Problem::OutOfRange { min: 1, max: 100 })),
    }
}

fn reason(error: domain::Error, language: Language) -> String {
    let shown = Error::from(error).shown(Api::Admin, language);
    if let Some(cause) = shown.cause {
        log::error!("an item of a batch failed: {cause}");
    }
    shown.text
}

#[derive(Deserialize)]
struct PageQuery {
    page_num: Option<String>,
    page_size: Option<String>,
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
    let page_num = number("page_num", query.page_num.as_deref())?;
    let (page, size) = accounts::page(page_num, number("page_size", query.page_size.as_deref())?)?;
    let users = accounts::list(&app, &operator, page, size).await?;
    let row =
        |user: UserSummary| UserData { user_id: user.id.get(), username: user.username, status: user.standing.code() };
    Ok(Data(users.into_iter().map(row).collect()))
}

#[derive(Deserialize)]
struct IdsBody {
    list: Option<Vec<Id>>,
}

impl IdsBody {
    fn ids(self) -> Vec<UserId> {
        self.list.unwrap_or_default().into_iter().map(|id| id.0).collect()
    }
}

async fn disable(app: web::Data<App>, AdminOnly(operator, Json(body)): AdminOnly<Json<IdsBody>>) -> Answer<bool> {
    accounts::disable(&app, &operator, body.ids()).await?;
    DONE
}

async fn enable(app: web::Data<App>, AdminOnly(operator, Json(body)): AdminOnly<Json<IdsBody>>) -> Answer<bool> {
    accounts::enable(&app, &operator, body.ids()).await?;
    DONE
}
