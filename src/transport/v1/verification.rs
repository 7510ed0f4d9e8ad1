//! Telling people from programs, and finding out who reads the messages sent to a number or an address.

use actix_web::web::{Data, ServiceConfig, post};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::access::{Guest, Onlooker};
use crate::{
    app::App,
    domain::{
        captchas,
        verification::{self, CaptchaAnswer, Wish},
    },
    model::{Contact, EmailAddress, Mobile},
    transport::{
        pb,
        wire::{Reply, Wire, json_native},
    },
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(json_native("/v1/user/captcha").route(post().to(captcha)))
        .service(json_native("/v1/verification/get-verification-code").route(post().to(get_verification_code)))
        .service(
            json_native("/v1/verification/get-email-verification-code").route(post().to(get_email_verification_code)),
        );
}

async fn captcha(app: Data<App>, Guest(visitor, ()): Guest) -> Reply<pb::CaptchaResponse> {
    let challenge = captchas::make(&app, &visitor).await?;
    let b64s = format!("data:image/png;base64,{}", STANDARD.encode(challenge.png));
    Ok(Wire(pb::CaptchaResponse { status: None, b64s, id: challenge.id }))
}

async fn get_verification_code(
    app: Data<App>,
    Onlooker((visitor, caller), Wire(req)): Onlooker<Wire<pb::GetVerificationCodeRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Mobile(Mobile::parse("mobile", &req.mobile)?);
    let captcha = CaptchaAnswer { id: &req.id, answer: &req.code };
    verification::send_code(&app, &visitor, caller.as_ref(), contact, Wish::Enter, captcha).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn get_email_verification_code(
    app: Data<App>,
    Onlooker((visitor, caller), Wire(req)): Onlooker<Wire<pb::GetEmailVerificationCodeRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Email(EmailAddress::parse("email", &req.email)?);
    let wish = match req.typ.as_str() {
        "forget_password" => Wish::ResetPassword,
        _ => Wish::Enter,
    };
    let captcha = CaptchaAnswer { id: &req.id, answer: &req.code };
    verification::send_code(&app, &visitor, caller.as_ref(), contact, wish, captcha).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
