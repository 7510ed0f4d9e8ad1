//! The change of a password in two steps, as SDKs of the admin API do it.

use actix_web::web;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    access::AsCaller,
    answer::{Answer, DONE, Data},
    app_mobile::{MobileBody, PasswordBody, ProofData, mobile},
    params::{Json, required},
};
use crate::{
    domain::password_proofs,
    gateway::Gateway,
    model::{Invalid, Password, Problem},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/app/pwd_change/verify_by_password")
            .post(begin_by_password, "Begins a change of the password with the current one"),
        admin("/app/pwd_change/verify_by_mobile")
            .post(begin_by_code, "Begins a change of the password with a code sent to the mobile number"),
        admin("/app/pwd_change").post(change, "Changes the password with a proof"),
    ]
}

async fn begin_by_password(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<PasswordBody>>,
) -> Answer<ProofData> {
    let password = Password::parse("password", &required("password", body.password)?, 1)?;
    let sign = password_proofs::begin_by_password(&gateway, &caller, &password).await?;
    Ok(Data(ProofData { sign }))
}

async fn begin_by_code(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<MobileBody>>,
) -> Answer<ProofData> {
    let code = body.code()?;
    let sign = password_proofs::begin_by_code(&gateway, &caller, mobile(body.mobile)?, &code).await?;
    Ok(Data(ProofData { sign }))
}

#[derive(Deserialize, JsonSchema)]
struct PasswordChangeBody {
    new_password: Option<String>,
    /// The new password again; need not be sent.
    new_password_check: Option<String>,
    /// The proof of the first step.
    sign: Option<String>,
}

async fn change(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<PasswordChangeBody>>,
) -> Answer<bool> {
    let (new, proof) = (required("new_password", body.new_password)?, required("sign", body.sign)?);
    if body.new_password_check.is_some_and(|again| again != new) {
        return Err(Invalid::new("new_password_check", Problem::Wrong).into());
    }
    let new = Password::parse("new_password", &new, gateway.reloadable.load().password_min)?;
    password_proofs::change(&gateway, &caller, &new, &proof).await?;
    DONE
}
