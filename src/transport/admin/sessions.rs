//! Logging in for SDKs.

use actix_web::web::{self, ServiceConfig, post};
use serde::{Deserialize, Serialize};

use super::{
    access::Outsider,
    answer::{Answer, Data},
    params::{Json, required},
};
use crate::{
    app::App,
    domain::sessions::{self, Login},
    model::{DeviceKey, LoginDevice, LoginName, Password, Platform},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/token/user").route(post().to(by_username)));
}

#[derive(Deserialize)]
struct UsernameBody {
    name: Option<String>,
    password: Option<String>,
    device_guid: Option<String>,
}

#[derive(Serialize)]
struct LoginData {
    token: String,
    user_id: i64,
    /// When the token ends, ms since the Unix epoch.
    expire: i64,
}

impl From<Login> for LoginData {
    fn from(login: Login) -> Self {
        Self { token: login.token.reveal().to_owned(), user_id: login.user.get(), expire: login.expires_at_ms }
    }
}

async fn by_username(
    app: web::Data<App>,
    Outsider(visitor, Json(body)): Outsider<Json<UsernameBody>>,
) -> Answer<LoginData> {
    let name = LoginName::parse("name", &required("name", body.name)?)?;
    let password = Password::parse("password", &required("password", body.password)?, 1)?;
    let key = DeviceKey::parse("device_guid", body.device_guid.as_deref().unwrap_or_default())?;
    let device = LoginDevice::new(key, Platform::default());
    let login = sessions::login_with_password(&app, &visitor, name, &password, device).await?;
    Ok(Data(login.into()))
}
