//! Resetting the password and cancelling the account.

use actix_web::web::Data;

use super::access::{AsAnonymous, AsCaller};
use crate::{
    domain::{accounts, credentials},
    gateway::Gateway,
    model::{Code, Contact, EmailAddress, Invalid, Mobile, Password, Problem},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/forget-password")
            .post(forget_password, "Sets a new password with a code sent to the account's e-mail address"),
        json_native("/v1/user/cancel-user").post(cancel_user, "Deletes the caller's account, with a code sent to it"),
    ]
}

async fn forget_password(
    gateway: Data<Gateway>,
    AsAnonymous(anonymous, Wire(req)): AsAnonymous<Wire<pb::ForgetPasswordRequest>>,
) -> Reply<pb::StatusResponse> {
    let address = EmailAddress::parse("email", &req.email)?;
    let code = Code::parse("captcha", &req.captcha)?;
    let password = Password::parse("password", &req.password, gateway.reloadable.load().v1_password_min)?;
    credentials::reset_password(&gateway, &anonymous, address, &code, &password).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn cancel_user(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::CancelUserRequest>>,
) -> Reply<pb::StatusResponse> {
    let contact = match (req.phone.as_str(), req.email.as_str()) {
        ("", "") => return Err(Invalid::new("phone", Problem::Missing).into()),
        (phone, "") => Contact::Mobile(Mobile::parse("phone", phone)?),
        ("", email) => Contact::Email(EmailAddress::parse("email", email)?),
        (_, _) => return Err(Invalid::new("phone", Problem::Malformed).into()),
    };
    accounts::cancel(&gateway, &caller, contact, &Code::parse("captcha", &req.captcha)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}
