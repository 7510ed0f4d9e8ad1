//! Passwords.

use actix_web::web;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    access::{AsCaller, AsImpersonator},
    answer::{Answer, DONE},
    params::{Json, required},
};
use crate::{
    domain::credentials,
    gateway::Gateway,
    model::Password,
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/user/change_password").post(change_password, "Changes the password, with the old one"),
        admin("/user/change_password_admin").post(change_password_admin, "Sets the password of a user"),
    ]
}

#[derive(Deserialize, JsonSchema)]
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
    let new = Password::parse("new_password", &new, gateway.reloadable.load().password_min)?;
    credentials::change_password(&gateway, &caller, &old, &new).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct SetBody {
    password: Option<String>,
}

async fn change_password_admin(
    gateway: web::Data<Gateway>,
    AsImpersonator(caller, Json(body)): AsImpersonator<Json<SetBody>>,
) -> Answer<bool> {
    let password =
        Password::parse("password", &required("password", body.password)?, gateway.reloadable.load().password_min)?;
    credentials::set_password(&gateway, &caller, &password).await?;
    DONE
}
