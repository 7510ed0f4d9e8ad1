//! Login, logout and the devices of the caller.

use actix_web::web::Data;

use crate::{
    domain::{
        access::{PresentedToken, authenticate},
        access_tokens, sessions,
    },
    gateway::Gateway,
    model::{
        Code, DeviceKey, InvitationCode, LoggedInDevice, LoginDevice, LoginName, Mobile, Password, Platform, Token,
    },
    transport::{
        path::{Path, json_native, protobuf_native},
        pb,
        wire::{Reply, Wire},
    },
};

use super::{
    access::{AsAnonymous, AsCaller},
    values,
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/verification-login")
            .post(verification_login, "Logs in with a code sent by SMS; creates an account for a new number"),
        json_native("/v1/user/email-login")
            .post(email_login, "Logs in with an e-mail address, or another name, and a password"),
        json_native("/v1/user/logout").post(logout, "Ends the caller's session"),
        json_native("/v1/user/get-token").get(get_token, "Opens another session for the caller"),
        json_native("/v1/user/access-token")
            .post(access_token, "Issues a signed access token, which other servers verify by themselves"),
        protobuf_native("/v1/user/clients").get(clients, "Lists the devices that the caller is logged in on"),
        json_native("/v1/user/device-offline").post(device_offline, "Ends the session on one of the caller's devices"),
    ]
}

async fn verification_login(
    gateway: Data<Gateway>,
    AsAnonymous(anonymous, Wire(req)): AsAnonymous<Wire<pb::VerificationLoginRequest>>,
) -> Reply<pb::LoginResponse> {
    let (mobile, code) = (Mobile::parse("mobile", &req.mobile)?, Code::parse("captcha", &req.captcha)?);
    let device = LoginDevice::new(DeviceKey::parse("deviceId", &req.device_id)?, Platform::parse(&req.platform)?);
    let invitation = match req.invitation_code.as_str() {
        "" => None,
        code => Some(InvitationCode::parse("invitationCode", code)?),
    };
    let login = sessions::login_with_code(&gateway, &anonymous, mobile, &code, invitation, device).await?;
    Ok(Wire(pb::LoginResponse { status: None, token: login.token.reveal().to_owned() }))
}

async fn email_login(
    gateway: Data<Gateway>,
    AsAnonymous(anonymous, Wire(req)): AsAnonymous<Wire<pb::EmailLoginRequest>>,
) -> Reply<pb::LoginResponse> {
    let name = LoginName::parse("email", &req.email)?;
    let password = Password::parse("password", &req.password, 1)?;
    let device = LoginDevice::new(DeviceKey::parse("deviceId", &req.device_id)?, Platform::parse(&req.platform)?);
    let login = sessions::login_with_password(&gateway, &anonymous, name, &password, device).await?;
    Ok(Wire(pb::LoginResponse { status: None, token: login.token.reveal().to_owned() }))
}

async fn logout(
    gateway: Data<Gateway>,
    AsCaller(caller, _): AsCaller<Wire<pb::LogoutRequest>>,
) -> Reply<pb::StatusResponse> {
    sessions::logout(&gateway, &caller).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn get_token(
    gateway: Data<Gateway>,
    AsAnonymous(anonymous, Wire(req)): AsAnonymous<Wire<pb::GetTokenRequest>>,
) -> Reply<pb::LoginResponse> {
    let token = Token::parse(&req.token);
    let presented =
        PresentedToken { tenant_id: anonymous.tenant_id().clone(), origin: anonymous.origin().clone(), token };
    let caller = authenticate::user(&gateway, presented).await?;
    let login = sessions::open_another(&gateway, &anonymous, &caller).await?;
    Ok(Wire(pb::LoginResponse { status: None, token: login.token.reveal().to_owned() }))
}

async fn access_token(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::AccessTokenRequest>>,
) -> Reply<pb::AccessTokenResponse> {
    let audience = Some(req.audience.as_str()).filter(|audience| !audience.is_empty());
    let token = access_tokens::issue(&gateway, &caller, audience).await?;
    Ok(Wire(pb::AccessTokenResponse {
        status: None,
        access_token: token.text,
        token_type: "Bearer".to_owned(),
        expires_in: token.lifetime_secs.try_into().unwrap_or_default(),
    }))
}

async fn clients(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::ClientsResponse> {
    let client = |device: LoggedInDevice| pb::Client {
        user_id: caller.user().to_string(),
        platform: device.platform_name,
        device_id: device.key.unwrap_or_default(),
        login_timestamp: values::unix_secs(device.last_login_at_ms),
    };
    let devices = sessions::list_devices(&gateway, &caller).await?.into_iter().map(client).collect();
    Ok(Wire(pb::ClientsResponse { status: None, devices }))
}

async fn device_offline(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::DeviceOfflineRequest>>,
) -> Reply<pb::StatusResponse> {
    sessions::take_offline(&gateway, &caller, DeviceKey::required("deviceId", &req.device_id)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
