//! What SDKs of the admin API do before and after a login: captchas, codes by SMS, and the mobile number of an account.

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::header, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::{AsAnonymous, AsCaller, AsOptionalCaller},
    answer::{Answer, DONE, Data},
    params::{Json, Query, required},
};
use crate::{
    domain::{
        access::authenticate,
        captchas, contacts,
        mobile_proofs::{self, CodeLogin},
        registration, verification,
    },
    gateway::Gateway,
    model::{Code, Contact, Mobile, Password, TenantId, Username},
    transport::{
        access::origin,
        error::{Error, Protocol},
        openapi::{Described, Description},
        path::{Path, admin},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/app/captcha/image")
            .post(new_captcha, "Makes the id of a captcha")
            .get(captcha_image, "Draws the captcha of an id"),
        admin("/app/captcha/sms").get(send_code, "Sends a verification code by SMS"),
        admin("/app/captcha/sms_web").get(send_code, "Sends a verification code by SMS"),
        admin("/app/user/name_check").get(check_name, "Whether a login name can be registered"),
        admin("/app/user/info_pwd")
            .get(exchange_code, "Gets a name and a password for one login, or a proof, for a code"),
        admin("/app/user/mobile_bind").post(bind, "Binds a mobile number with a code"),
        admin("/app/user/mobile_bind_with_sign").post(bind_with_proof, "Binds a mobile number with a proof"),
        admin("/app/user/mobile_prechange_by_password")
            .post(begin_change_by_password, "Begins a change of the mobile number with the password"),
        admin("/app/user/mobile_prechange_by_mobile")
            .post(begin_change_by_code, "Begins a change of the mobile number with a code sent to it"),
        admin("/app/user/mobile_change").post(change, "Changes the mobile number with a code and a proof"),
    ]
}

async fn new_captcha(gateway: web::Data<Gateway>, AsAnonymous(_, ()): AsAnonymous) -> Answer<String> {
    Ok(Data(captchas::new_id(&gateway)?))
}

/// An image element sends no headers, so the app is in the query.
#[derive(Deserialize, JsonSchema)]
struct ImageQuery {
    app_id: Option<String>,
    image_id: Option<String>,
}

/// A picture.
struct Png(Vec<u8>);

impl Responder for Png {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/png")).body(self.0)
    }
}

impl Described for Png {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_file(&["image/png"]);
    }
}

async fn captcha_image(
    gateway: web::Data<Gateway>,
    req: HttpRequest,
    Query(query): Query<ImageQuery>,
) -> Result<Png, Error> {
    let app = query.app_id.filter(|app| !app.is_empty()).ok_or(Protocol::TenantMissing)?;
    let anonymous = authenticate::anonymous(&gateway, TenantId::parse(&app)?, origin(&req)?).await?;
    Ok(Png(captchas::draw(&gateway, &anonymous, &required("image_id", query.image_id)?).await?))
}

#[derive(Deserialize, JsonSchema)]
struct SmsQuery {
    mobile: Option<String>,
    /// The letters and digits of the captcha; not needed with a user's token.
    captcha: Option<String>,
    image_id: Option<String>,
}

async fn send_code(
    gateway: web::Data<Gateway>,
    AsOptionalCaller((anonymous, caller), Query(query)): AsOptionalCaller<Query<SmsQuery>>,
) -> Answer<bool> {
    let contact = Contact::Mobile(mobile(query.mobile)?);
    match (caller, query.image_id) {
        (Some(caller), None) => verification::send_code_to_user(&gateway, &anonymous, &caller, contact).await?,
        (caller, image_id) => {
            let (id, answer) = (required("image_id", image_id)?, required("captcha", query.captcha)?);
            let request =
                verification::CodeRequest { contact, is_for_reset: false, captcha_id: &id, captcha_answer: &answer };
            verification::send_code(&gateway, &anonymous, caller.as_ref(), request).await?;
        }
    }
    DONE
}

/// A number as it is in a query, where an unescaped plus sign decodes as a space.
pub(super) fn mobile(text: Option<String>) -> Result<Mobile, Error> {
    let text = required("mobile", text)?;
    let text = if text.starts_with(' ') { text.replacen(' ', "+", 1) } else { text };
    Ok(Mobile::parse("mobile", &text)?)
}

#[derive(Deserialize, JsonSchema)]
struct NameQuery {
    username: Option<String>,
}

async fn check_name(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Query(query)): AsAnonymous<Query<NameQuery>>,
) -> Answer<bool> {
    let name = Username::parse(&required("username", query.username)?)?;
    registration::check_name(&gateway, &anonymous, &name).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct CodeQuery {
    mobile: Option<String>,
    /// The code that was sent.
    captcha: Option<String>,
}

/// The name and the password for one login, or the proof for an account to be bound.
#[derive(Default, Serialize, JsonSchema)]
struct CodeLoginData {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Valid for one login within five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// Valid for 15 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign: Option<String>,
}

async fn exchange_code(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Query(query)): AsAnonymous<Query<CodeQuery>>,
) -> Answer<CodeLoginData> {
    let (mobile, code) = (mobile(query.mobile)?, Code::parse("captcha", &required("captcha", query.captcha)?)?);
    Ok(Data(match mobile_proofs::exchange_code(&gateway, &anonymous, &mobile, &code).await? {
        CodeLogin::Account { name, password } => {
            CodeLoginData { username: Some(name), password: Some(password), ..CodeLoginData::default() }
        }
        CodeLogin::Proof(proof) => CodeLoginData { sign: Some(proof), ..CodeLoginData::default() },
    }))
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct MobileBody {
    pub(super) mobile: Option<String>,
    /// The code that was sent to the number.
    captcha: Option<String>,
    /// The proof of an earlier request.
    sign: Option<String>,
}

impl MobileBody {
    pub(super) fn code(&self) -> Result<Code, Error> {
        Ok(Code::parse("captcha", required("captcha", self.captcha.as_deref())?)?)
    }
}

async fn bind(gateway: web::Data<Gateway>, AsCaller(caller, Json(body)): AsCaller<Json<MobileBody>>) -> Answer<bool> {
    let code = body.code()?;
    contacts::bind(&gateway, &caller, Contact::Mobile(mobile(body.mobile)?), &code).await?;
    DONE
}

async fn bind_with_proof(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<MobileBody>>,
) -> Answer<bool> {
    let proof = required("sign", body.sign)?;
    mobile_proofs::bind(&gateway, &caller, mobile(body.mobile)?, &proof).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct PasswordBody {
    pub(super) password: Option<String>,
}

/// The proof for the second step of a change.
#[derive(Serialize, JsonSchema)]
pub(super) struct ProofData {
    /// Valid for 15 minutes.
    pub(super) sign: String,
}

async fn begin_change_by_password(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<PasswordBody>>,
) -> Answer<ProofData> {
    let password = Password::parse("password", &required("password", body.password)?, 1)?;
    let sign = mobile_proofs::begin_change_by_password(&gateway, &caller, &password).await?;
    Ok(Data(ProofData { sign }))
}

async fn begin_change_by_code(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<MobileBody>>,
) -> Answer<ProofData> {
    let code = body.code()?;
    let sign = mobile_proofs::begin_change_by_code(&gateway, &caller, mobile(body.mobile)?, &code).await?;
    Ok(Data(ProofData { sign }))
}

async fn change(gateway: web::Data<Gateway>, AsCaller(caller, Json(body)): AsCaller<Json<MobileBody>>) -> Answer<bool> {
    let (code, proof) = (body.code()?, required("sign", body.sign)?);
    mobile_proofs::change(&gateway, &caller, mobile(body.mobile)?, &code, &proof).await?;
    DONE
}
