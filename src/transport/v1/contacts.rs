//! The mobile number and e-mail address bound to the caller's account.

use actix_web::web::Data;

use super::access::AsCaller;
use crate::{
    domain::contacts,
    gateway::Gateway,
    model::{Code, Contact, EmailAddress, Mobile},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/bing-phone").post(bind_phone, "Binds a mobile number, with a code sent to it"),
        json_native("/v1/user/change-phone-check")
            .post(bind_phone, "Changes the mobile number, with a code sent to the new one"),
        json_native("/v1/user/bing-email").post(bind_email, "Binds an e-mail address, with a code sent to it"),
        json_native("/v1/user/change-email-check")
            .post(bind_email, "Changes the e-mail address, with a code sent to the new one"),
    ]
}

async fn bind_phone(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::PhoneRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Mobile(Mobile::parse("phone", &req.phone)?);
    contacts::bind(&gateway, &caller, contact, &Code::parse("captcha", &req.captcha)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn bind_email(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::EmailRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Email(EmailAddress::parse("email", &req.email)?);
    contacts::bind(&gateway, &caller, contact, &Code::parse("captcha", &req.captcha)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
