//! Login for SDKs.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsAnonymous,
    answer::{Answer, Data},
    params::{Id, Json, required},
};
use crate::{
    domain::{
        Anonymous,
        sessions::{self, Login},
    },
    gateway::Gateway,
    model::{DeviceKey, LoginDevice, LoginName, Password, Platform},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/token/user").post(by_username, "Logs in with a login name"),
        admin("/token/id").post(by_id, "Logs in with a user id"),
        admin("/token/login").post(by_login_name, "Logs in with any name: login name, e-mail address, number or id"),
        admin("/app/token").post(by_username, "Logs in with a login name"),
        admin("/app/token_id").post(by_id, "Logs in with a user id"),
    ]
}

#[derive(Serialize, JsonSchema)]
struct LoginData {
    token: String,
    user_id: i64,
    /// When the token expires, ms since the Unix epoch.
    expire: i64,
}

impl From<Login> for LoginData {
    fn from(login: Login) -> Self {
        Self { token: login.token.reveal().to_owned(), user_id: login.user.get(), expire: login.expires_at_ms }
    }
}

/// The fields that all logins have besides the name.
#[derive(Deserialize, JsonSchema)]
struct Proof {
    password: Option<String>,
    device_guid: Option<String>,
}

async fn log_in(gateway: &Gateway, anonymous: &Anonymous, name: LoginName, proof: Proof) -> Answer<LoginData> {
    let password = Password::parse("password", &required("password", proof.password)?, 1)?;
    let key = DeviceKey::parse("device_guid", proof.device_guid.as_deref().unwrap_or_default())?;
    let device = LoginDevice::new(key, Platform::default());
    Ok(Data(sessions::login_with_password(gateway, anonymous, name, &password, device).await?.into()))
}

#[derive(Deserialize, JsonSchema)]
struct UsernameBody {
    name: Option<String>,
    /// SDKs send this instead of the name.
    mobile: Option<String>,
    #[serde(flatten)]
    proof: Proof,
}

async fn by_username(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Json(body)): AsAnonymous<Json<UsernameBody>>,
) -> Answer<LoginData> {
    let name = LoginName::parse("name", &required("name", body.name.or(body.mobile))?)?;
    log_in(&gateway, &anonymous, name, body.proof).await
}

#[derive(Deserialize, JsonSchema)]
struct LoginIdBody {
    user_id: Option<Id>,
    #[serde(flatten)]
    proof: Proof,
}

async fn by_id(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Json(body)): AsAnonymous<Json<LoginIdBody>>,
) -> Answer<LoginData> {
    let id = required("user_id", body.user_id)?.user("user_id")?;
    log_in(&gateway, &anonymous, LoginName::Id(id), body.proof).await
}

#[derive(Deserialize, JsonSchema)]
struct LoginNameBody {
    login_name: Option<String>,
    #[serde(flatten)]
    proof: Proof,
}

async fn by_login_name(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Json(body)): AsAnonymous<Json<LoginNameBody>>,
) -> Answer<LoginData> {
    let name = LoginName::parse("login_name", &required("login_name", body.login_name)?)?;
    log_in(&gateway, &anonymous, name, body.proof).await
}
