//! Ways in and out of an account.

use actix_web::web::{Data, ServiceConfig, post};

use crate::{
    app::App,
    domain::sessions,
    model::{DeviceKey, LoginDevice, LoginName, Password, Platform},
    transport::{
        pb,
        wire::{Reply, Wire, json_native},
    },
};

use super::access::{Guest, SignedIn};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(json_native("/v1/user/email-login").route(post().to(email_login)))
        .service(json_native("/v1/user/logout").route(post().to(logout)));
}

async fn email_login(
    app: Data<App>,
    Guest(visitor, Wire(req)): Guest<Wire<pb::EmailLoginRequest>>,
) -> Reply<pb::LoginResponse> {
    let name = LoginName::parse("email", &req.email)?;
    let password = Password::parse("password", &req.password, 1)?;
    let device = LoginDevice::new(DeviceKey::parse("deviceId", &req.device_id)?, Platform::parse(&req.platform)?);
    let login = sessions::login_with_password(&app, &visitor, name, &password, device).await?;
    Ok(Wire(pb::LoginResponse { status: None, token: login.token.reveal().to_owned() }))
}

async fn logout(app: Data<App>, SignedIn(caller, _): SignedIn<Wire<pb::LogoutRequest>>) -> Reply<pb::StatusResponse> {
    sessions::logout(&app, &caller).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
