//! The table that maps every error to its codes, texts and HTTP statuses (behaviour.md §2). Both matches are
//! exhaustive, so a new error does not compile without its row.

mod protocol;

use actix_web::http::StatusCode;

use self::protocol::protocol_row;
use super::{Error, Rendered};
use crate::{
    domain,
    model::{Invalid, Language, Problem},
    transport::api::Api,
};

impl Error {
    /// The error as `api` presents it, in `language`.
    #[must_use]
    pub fn shown(&self, api: Api, language: Language) -> Rendered {
        let row = match self {
            Self::Domain(error) => domain_row(error),
            Self::Protocol(problem) => protocol_row(problem),
        };
        let (code, (zh, en)) = match api {
            Api::V1 => (row.v1, row.v1_texts.unwrap_or(row.texts)),
            Api::Admin => (row.admin, row.texts),
            Api::OAuth | Api::Tinode => (i32::from(oauth_status(row.strict).as_u16()), row.texts),
        };
        let (status, strict) = match api {
            Api::V1 | Api::Admin => (row.status, row.strict),
            Api::OAuth | Api::Tinode => (oauth_status(row.strict), oauth_status(row.strict)),
        };
        // On /user even an undecodable body is code 10002 with HTTP 200 (behaviour.md §2).
        let is_10002 = api == Api::Admin && code == INVALID_PARAMETER;
        Rendered {
            code,
            text: match language {
                Language::Zh => zh,
                Language::En => en,
            },
            status: if is_10002 { StatusCode::OK } else { status },
            strict_status: strict,
            retry_after_secs: row.retry_after_secs,
            cause: row.cause,
        }
    }
}

/// The status of an error of OAuth, which has 400 for every invalid request (RFC 6749 §5.2).
fn oauth_status(strict: StatusCode) -> StatusCode {
    if strict == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { strict }
}

const V1_REFUSED: i32 = -1;
const V1_NOT_LOGGED_IN: i32 = -101;
const V1_INVALID: i32 = 1100;
const INVALID_PARAMETER: i32 = 10002;

/// A row of the table.
struct Row {
    v1: i32,
    admin: i32,
    /// Chinese and English.
    texts: (String, String),
    /// The texts on /v1 where they differ.
    v1_texts: Option<(String, String)>,
    status: StatusCode,
    strict: StatusCode,
    retry_after_secs: Option<i64>,
    cause: Option<String>,
}

impl Row {
    /// A refusal. It is sent with HTTP 200 unless the caller is strict, because clients lose code and text on a 4xx.
    fn refusal(v1: i32, admin: i32, strict: StatusCode, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            v1,
            admin,
            texts: (zh.into(), en.into()),
            v1_texts: None,
            status: StatusCode::OK,
            strict,
            retry_after_secs: None,
            cause: None,
        }
    }

    /// A protocol error, overload or outage. It always has its own HTTP status; on /user that status is also its code.
    fn failure(v1: i32, status: StatusCode, zh: &str, en: &str) -> Self {
        let row = Self::refusal(v1, i32::from(status.as_u16()), status, zh, en);
        Self { status, ..row }
    }

    /// A refusal because there is no valid token.
    fn not_logged_in(admin: i32, zh: &str, en: &str) -> Self {
        Self::refusal(V1_NOT_LOGGED_IN, admin, StatusCode::UNAUTHORIZED, zh, en).on_v1("未登录", "not logged in")
    }

    fn on_v1(self, zh: &str, en: &str) -> Self {
        Self { v1_texts: Some((zh.to_owned(), en.to_owned())), ..self }
    }

    fn retry_after(self, secs: i64) -> Self {
        Self { retry_after_secs: Some(secs), ..self }
    }

    fn because(self, cause: String) -> Self {
        Self { cause: Some(cause), ..self }
    }
}

#[expect(clippy::too_many_lines, reason = "one row an error")]
fn domain_row(error: &domain::Error) -> Row {
    use domain::Error as E;
    let refused = |admin, strict, zh: &str, en: &str| Row::refusal(V1_REFUSED, admin, strict, zh, en);
    match error {
        E::Invalid(invalid) => invalid_row(*invalid),
        E::TenantUnknown => refused(40000, StatusCode::NOT_FOUND, "应用不存在", "app_id unknown"),
        E::TokenUnknown => Row::not_logged_in(10008, "access-token 无效", "access-token invalid"),
        E::TokenEnded => {
            Row::not_logged_in(402, "access-token 已失效，请重新登录", "access-token no longer valid, log in again")
        }
        E::ActForMissing => Row::refusal(
            V1_INVALID,
            INVALID_PARAMETER,
            StatusCode::UNPROCESSABLE_ENTITY,
            "请求参数错误: 使用管理员 token 时必须提供 user_id 请求头",
            "invalid request parameter: an admin token needs the user_id header here",
        ),
        E::NoPermission => refused(10010, StatusCode::FORBIDDEN, "没有权限", "no permission"),
        E::UserNotFound => refused(10000, StatusCode::NOT_FOUND, "该用户不存在", "user does not exist"),
        E::UsernameTaken => refused(10004, StatusCode::CONFLICT, "用户名已被占用", "user already exists"),
        E::NameTaken => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "该名称已被占用",
            "invalid request parameter: name is in use",
        ),
        E::VipOnly => {
            refused(10010, StatusCode::FORBIDDEN, "此功能仅限VIP用户使用", "this function is for VIP users only")
        }
        E::NotListed => refused(
            INVALID_PARAMETER,
            StatusCode::NOT_FOUND,
            "请求参数错误: id 不存在",
            "invalid request parameter: id does not exist",
        ),
        E::CategoryUsed => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "该分类下仍有群聊",
            "invalid request parameter: groups are in the category",
        ),
        E::DeviceNotFound => refused(
            INVALID_PARAMETER,
            StatusCode::NOT_FOUND,
            "设备不存在",
            "invalid request parameter: the device does not exist",
        ),
        E::CoinsInsufficient => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "金币余额不足或超出上限",
            "invalid request parameter: amount leaves the balance below zero or above its limit",
        ),
        E::KeyReused => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "idempotency_key 已用于其他变更",
            "invalid request parameter: idempotency_key belongs to another change",
        ),
        E::MedalNotFound => refused(
            INVALID_PARAMETER,
            StatusCode::NOT_FOUND,
            "勋章不存在",
            "invalid request parameter: medal_id does not exist",
        ),
        E::LoginRefused => refused(
            402,
            StatusCode::UNAUTHORIZED,
            "Operation rejected: 账号或密码错误",
            "Operation rejected: wrong name or password",
        )
        .on_v1("账号或密码错误", "wrong name or password"),
        E::LoginLocked { wait_secs } => refused(
            402,
            StatusCode::TOO_MANY_REQUESTS,
            &format!("Operation rejected: 登录失败次数过多，请 {wait_secs} 秒后再试"),
            &format!("Operation rejected: too many failed logins, try again in {wait_secs} seconds"),
        )
        .on_v1(
            &format!("登录失败次数过多，请 {wait_secs} 秒后再试"),
            &format!("too many failed logins, try again in {wait_secs} seconds"),
        )
        .retry_after(*wait_secs),
        E::AccountDisabled => refused(
            402,
            StatusCode::FORBIDDEN,
            "Operation rejected: 该账号已被禁用",
            "Operation rejected: the account is disabled",
        )
        .on_v1("该账号已被禁用", "the account is disabled"),
        E::CaptchaWrong => {
            refused(11014, StatusCode::UNPROCESSABLE_ENTITY, "图形验证码错误或已过期", "captcha wrong or expired")
        }
        E::CodeWrong => {
            refused(10001, StatusCode::UNPROCESSABLE_ENTITY, "验证码错误或已过期", "verification code wrong or expired")
        }
        E::CodeTooSoon { wait_secs } => refused(
            10001,
            StatusCode::TOO_MANY_REQUESTS,
            &format!("验证码请求过于频繁，请 {wait_secs} 秒后再试"),
            &format!("a verification code was sent already, try again in {wait_secs} seconds"),
        )
        .retry_after(*wait_secs),
        E::MobileTaken => refused(
            11012,
            StatusCode::CONFLICT,
            "该手机号已绑定其他账号",
            "the mobile number is bound to another account",
        ),
        E::EmailTaken => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "该邮箱已绑定其他账号",
            "invalid request parameter: the e-mail address is bound to another account",
        ),
        E::ContactNotBound => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "该手机号或邮箱未绑定此账号",
            "invalid request parameter: the account is not bound to that number or address",
        ),
        E::PasswordWrong => refused(11001, StatusCode::FORBIDDEN, "密码错误", "the password is wrong"),
        E::AliasTaken => refused(
            INVALID_PARAMETER,
            StatusCode::CONFLICT,
            "该别名已被占用",
            "invalid request parameter: alias belongs to another user",
        ),
        E::PasswordCommon => refused(
            INVALID_PARAMETER,
            StatusCode::UNPROCESSABLE_ENTITY,
            "密码过于常见，请更换",
            "invalid request parameter: password is too common",
        ),
        E::PasswordIsName => refused(
            INVALID_PARAMETER,
            StatusCode::UNPROCESSABLE_ENTITY,
            "密码不能与账号名称相同",
            "invalid request parameter: password must not be the account's name",
        ),
        E::RefusedByApp { text } if text.is_empty() => {
            refused(10010, StatusCode::FORBIDDEN, "该应用拒绝了此操作", "the app refused this")
        }
        E::RefusedByApp { text } => refused(10010, StatusCode::FORBIDDEN, text, text),
        E::WebhookNotFound => refused(
            INVALID_PARAMETER,
            StatusCode::NOT_FOUND,
            "请求参数错误: webhook 不存在",
            "invalid request parameter: the webhook does not exist",
        ),
        E::RegistrationClosed => {
            refused(40001, StatusCode::FORBIDDEN, "该应用未开放注册", "open registration is off for this app")
        }
        E::AccessTokensOff => refused(
            INVALID_PARAMETER,
            StatusCode::NOT_FOUND,
            "访问令牌未启用",
            "access tokens are not enabled on this server",
        ),
        E::UploadsOff => refused(
            INVALID_PARAMETER,
            StatusCode::NOT_IMPLEMENTED,
            "图片上传未启用",
            "uploads are not enabled on this server",
        ),
        E::ImageUnusable => refused(
            INVALID_PARAMETER,
            StatusCode::UNPROCESSABLE_ENTITY,
            "请求参数错误: 图片须为 PNG、JPEG、WebP 或 GIF，且未损坏、尺寸不过大",
            "invalid request parameter: the file must be an intact PNG, JPEG, WebP or GIF of at most 25 megapixels",
        ),
        E::UploadTokenRefused => refused(
            10008,
            StatusCode::UNAUTHORIZED,
            "上传凭证无效或已过期",
            "the upload token is invalid, expired or used",
        ),
        E::TooManyRequests { wait_secs } => Row::failure(
            V1_REFUSED,
            StatusCode::TOO_MANY_REQUESTS,
            &format!("请求过于频繁，请 {wait_secs} 秒后再试"),
            &format!("too many requests, try again in {wait_secs} seconds"),
        )
        .retry_after(*wait_secs),
        E::Busy => Row::failure(
            V1_REFUSED,
            StatusCode::TOO_MANY_REQUESTS,
            "服务器繁忙，请稍后再试",
            "the server is busy, try again shortly",
        )
        .retry_after(1),
        E::Unavailable(cause) => Row::failure(
            V1_REFUSED,
            StatusCode::SERVICE_UNAVAILABLE,
            "服务暂时不可用，请稍后再试",
            "the service is unavailable at the moment",
        )
        .retry_after(1)
        .because(cause.to_string()),
        E::Internal(cause) => {
            Row::failure(V1_REFUSED, StatusCode::INTERNAL_SERVER_ERROR, "服务器内部错误", "internal error")
                .because(cause.to_string())
        }
    }
}

fn invalid_row(invalid: Invalid) -> Row {
    let Invalid { what, problem } = invalid;
    let zh = match problem {
        Problem::Missing => "不能为空".to_owned(),
        Problem::TooShort { min } => format!("过短，至少 {min} 个字符"),
        Problem::TooLong { max } => format!("过长，最多 {max} 个字符"),
        Problem::TooMany { max } => format!("最多 {max} 项"),
        Problem::OutOfRange { min, max } => format!("必须在 {min} 到 {max} 之间"),
        Problem::Malformed => "格式错误".to_owned(),
        Problem::Characters => "包含不允许的字符".to_owned(),
        Problem::Unknown => "不存在".to_owned(),
        Problem::Wrong => "错误".to_owned(),
        Problem::Reserved => "为保留名称".to_owned(),
    };
    Row::refusal(
        V1_INVALID,
        INVALID_PARAMETER,
        StatusCode::UNPROCESSABLE_ENTITY,
        format!("请求参数错误: {what} {zh}"),
        format!("invalid request parameter: {invalid}"),
    )
}
