//! Passwords.

use actix_web::web::{self, ServiceConfig, post};
use serde::Deserialize;

use super::{
    access::{AsCaller, AsImpersonator},
    answer::{Answer, DONE},
    params::{Json, required},
};
use crate::{domain::credentials, gateway::Gateway, model::Password};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/change_password").route(post().to(change_password)))
        .service(web::resource("/user/change_password_admin").route(post().to(change_password_admin)));
}

#[derive(Deserialize)]
struct ChangeBody {
    old_password: Option<String>,
    new_password: Option<String>,
}

async fn change_password(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<ChangeBody>>,
) -> Answer<bool> {
    let old = Password::parse("old_password", &required("old_password", body.old_password)?, 1)?;
    let new = required("new_password", body.new_password)?;
    let new = Password::parse("new_password", &new, gateway.config.password_min)?;
    credentials::change_password(&gateway, &caller, &old, &new).await?;
    DONE
}

#[derive(Deserialize)]
struct SetBody {
    password: Option<String>,
}

async fn change_password_admin(
    gateway: web::Data<Gateway>,
    AsImpersonator(caller, Json(body)): AsImpersonator<Json<SetBody>>,
) -> Answer<bool> {
    let password = Password::parse("password", &required("password", body.password)?, gateway.config.password_min)?;
    credentials::set_password(&gateway, &caller, &password).await?;
    DONE
}
