//! Ways in and out of an account.

use actix_web::web::{Data, ServiceConfig, get, post};

use crate::{
    app::App,
    domain::{
        access::{self, Door},
        sessions,
    },
    model::{Code, DeviceKey, LoggedInDevice, LoginDevice, LoginName, Mobile, Password, Platform, Token},
    transport::{
        pb,
        wire::{Reply, Wire, json_native, protobuf_native},
    },
};

use super::{
    access::{Guest, SignedIn},
    values,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(json_native("/v1/user/verification-login").route(post().to(verification_login)))
        .service(json_native("/v1/user/email-login").route(post().to(email_login)))
        .service(json_native("/v1/user/logout").route(post().to(logout)))
        .service(json_native("/v1/user/get-token").route(get().to(get_token)))
        .service(protobuf_native("/v1/user/clients").route(get().to(clients)))
        .service(json_native("/v1/user/device-offline").route(post().to(device_offline)));
}

async fn verification_login(
    app: Data<App>,
    Guest(visitor, Wire(req)): Guest<Wire<pb::VerificationLoginRequest>>,
) -> Reply<pb::LoginResponse> {
    let (mobile, code) = (Mobile::parse("mobile", &req.mobile)?, Code::parse("captcha", &req.captcha)?);
    let device = LoginDevice::new(DeviceKey::parse("deviceId", &req.device_id)?, Platform::parse(&req.platform)?);
    let login = sessions::login_with_code(&app, &visitor, mobile, &code, device).await?;
    Ok(Wire(pb::LoginResponse { status: None, token: login.token.reveal().to_owned() }))
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

async fn get_token(
    app: Data<App>,
    Guest(visitor, Wire(req)): Guest<Wire<pb::GetTokenRequest>>,
) -> Reply<pb::LoginResponse> {
    let token = Token::parse(&req.token);
    let door = Door { app: visitor.app().clone(), origin: visitor.origin().clone(), token };
    let caller = access::user(&app, door).await?;
    let login = sessions::open_another(&app, &visitor, &caller).await?;
    Ok(Wire(pb::LoginResponse { status: None, token: login.token.reveal().to_owned() }))
}

async fn clients(app: Data<App>, SignedIn(caller, ()): SignedIn) -> Reply<pb::ClientsResponse> {
    let client = |device: LoggedInDevice| pb::Client {
        user_id: caller.user().to_string(),
        platform: device.platform_name,
        device_id: device.key.unwrap_or_default(),
        login_timestamp: values::unix_secs(device.last_login_at_ms),
    };
    let devices = sessions::list_devices(&app, &caller).await?.into_iter().map(client).collect();
    Ok(Wire(pb::ClientsResponse { status: None, devices }))
}

async fn device_offline(
    app: Data<App>,
    SignedIn(caller, Wire(req)): SignedIn<Wire<pb::DeviceOfflineRequest>>,
) -> Reply<pb::StatusResponse> {
    sessions::take_offline(&app, &caller, DeviceKey::required("deviceId", &req.device_id)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
