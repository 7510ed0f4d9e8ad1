//! Passwords.

use actix_web::web::{self, ServiceConfig, post};
use serde::Deserialize;

use super::{
    access::{AdminAs, AnyUser},
    answer::{Answer, DONE},
    params::{Json, required},
};
use crate::{app::App, domain::credentials, model::Password};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/change_password").route(post().to(change_password)))
        .service(web::resource("/user/change_password_admin").route(post().to(change_password_admin)));
}

#[derive(Deserialize)]
struct ChangeBody {
    old_password: Option<String>,
    new_password: Option<String>,
}

async fn change_password(app: web::Data<App>, AnyUser(caller, Json(body)): AnyUser<Json<ChangeBody>>) -> Answer<bool> {
    let old = Password::parse("old_password", &required("old_password", body.old_password)?, 1)?;
    let new = required("new_password", body.new_password)?;
    let new = Password::parse("new_password", &new, app.config.password_min)?;
    credentials::change_password(&app, &caller, &old, &new).await?;
    DONE
}

#[derive(Deserialize)]
struct SetBody {
    password: Option<String>,
}

async fn change_password_admin(
    app: web::Data<App>,
    AdminAs(caller, Json(body)): AdminAs<Json<SetBody>>,
) -> Answer<bool> {
    let password = Password::parse("password", &required("password", body.password)?, app.config.password_min)?;
    credentials::set_password(&app, &caller, &password).await?;
    DONE
}
