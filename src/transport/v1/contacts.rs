//! The mobile number and e-mail address bound to the caller's account.

use actix_web::web::{Data, ServiceConfig, post};

use super::access::AsCaller;
use crate::{
    domain::contacts,
    gateway::Gateway,
    model::{Code, Contact, EmailAddress, Mobile},
    transport::{
        pb,
        wire::{Reply, Wire, json_native},
    },
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(json_native("/v1/user/bing-phone").route(post().to(bind_phone)))
        .service(json_native("/v1/user/change-phone-check").route(post().to(bind_phone)))
        .service(json_native("/v1/user/bing-email").route(post().to(bind_email)))
        .service(json_native("/v1/user/change-email-check").route(post().to(bind_email)));
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
