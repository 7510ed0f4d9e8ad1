//! Captchas, and verification codes sent to a mobile number or e-mail address.

use actix_web::web::Data;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::access::{AsAnonymous, AsOptionalCaller};
use crate::{
    domain::{
        captchas,
        verification::{self, CodeRequest},
    },
    gateway::Gateway,
    model::{Contact, EmailAddress, Mobile},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/captcha").post(captcha, "Makes a captcha, which requesting a code requires"),
        json_native("/v1/verification/get-verification-code")
            .post(get_verification_code, "Sends a verification code by SMS"),
        json_native("/v1/verification/get-email-verification-code")
            .post(get_email_verification_code, "Sends a verification code by e-mail"),
    ]
}

async fn captcha(gateway: Data<Gateway>, AsAnonymous(anonymous, ()): AsAnonymous) -> Reply<pb::CaptchaResponse> {
    let challenge = captchas::make(&gateway, &anonymous).await?;
    let b64s = format!("data:image/png;base64,{}", STANDARD.encode(challenge.png));
    Ok(Wire(pb::CaptchaResponse { status: None, b64s, id: challenge.id }))
}

async fn get_verification_code(
    gateway: Data<Gateway>,
    AsOptionalCaller((anonymous, caller), Wire(req)): AsOptionalCaller<Wire<pb::GetVerificationCodeRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Mobile(Mobile::parse("mobile", &req.mobile)?);
    let request = CodeRequest { contact, is_for_reset: false, captcha_id: &req.id, captcha_answer: &req.code };
    verification::send_code(&gateway, &anonymous, caller.as_ref(), request).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn get_email_verification_code(
    gateway: Data<Gateway>,
    AsOptionalCaller((anonymous, caller), Wire(req)): AsOptionalCaller<Wire<pb::GetEmailVerificationCodeRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Email(EmailAddress::parse("email", &req.email)?);
    let is_for_reset = req.typ == "forget_password";
    let request = CodeRequest { contact, is_for_reset, captcha_id: &req.id, captcha_answer: &req.code };
    verification::send_code(&gateway, &anonymous, caller.as_ref(), request).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
