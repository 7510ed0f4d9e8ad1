//! The number and the address that the caller's account is bound to.

use actix_web::web::{Data, ServiceConfig, post};

use super::access::SignedIn;
use crate::{
    app::App,
    domain::contacts,
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
    app: Data<App>,
    SignedIn(caller, Wire(req)): SignedIn<Wire<pb::PhoneRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Mobile(Mobile::parse("phone", &req.phone)?);
    contacts::bind(&app, &caller, contact, &Code::parse("captcha", &req.captcha)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn bind_email(
    app: Data<App>,
    SignedIn(caller, Wire(req)): SignedIn<Wire<pb::EmailRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = Contact::Email(EmailAddress::parse("email", &req.email)?);
    contacts::bind(&app, &caller, contact, &Code::parse("captcha", &req.captcha)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
