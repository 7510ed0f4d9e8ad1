//! The reference of errors, `docs/errors.md`, from the table of errors.

use std::collections::{BTreeMap, BTreeSet};

use super::{Error, Protocol, Undecodable};
use crate::{
    domain::Error as E,
    model::{Invalid, Language, Problem},
    transport::api::Api,
};

/// The text of `docs/errors.md`.
#[must_use]
pub fn errors_md() -> String {
    let rows: String = all().iter().map(row).collect();
    format!("{INTRODUCTION}{rows}")
}

const INTRODUCTION: &str = "# Errors

Every refusal and failure has a code and a text in the envelope: `code` and `msg` on `/v1`, `code` and `message` on the admin
API. The text is Chinese, or English with `accept-language: en`. Refusals are sent with HTTP 200, because that is what clients of
these APIs read; with `prefer: handling=strict` they have the status in the column *strict*. `Retry-After` is set where there is
a time to wait. This file is made from the table in `src/transport/error/table.rs`, and a test holds it.

| error | `/v1` | admin API | text | HTTP | strict | what a client does |
|---|---|---|---|---|---|---|
";

fn row(error: &Error) -> String {
    let [v1, admin] = [Api::V1, Api::Admin].map(|api| error.shown(api, Language::En));
    let texts = |api| {
        let [zh, en] = [Language::Zh, Language::En].map(|language| error.shown(api, language).text);
        format!("{zh}<br>{en}")
    };
    let text = match [texts(Api::V1), texts(Api::Admin)] {
        [v1, admin] if v1 == admin => v1,
        [v1, admin] => format!("{v1}<br>on the admin API: {admin}"),
    };
    let status = if v1.status == admin.status {
        v1.status.as_u16().to_string()
    } else {
        format!("{}; {} on the admin API", v1.status.as_u16(), admin.status.as_u16())
    };
    let (name, strict) = (name(error), v1.strict_status.as_u16());
    format!("| {name} | {} | {} | {text} | {status} | {strict} | {} |\n", v1.code, admin.code, advice(error))
}

/// The statuses of an API's errors, with and without strict handling.
pub fn statuses(api: Api) -> BTreeSet<u16> {
    let shown = all().into_iter().map(|error| error.shown(api, Language::En));
    let statuses = shown.flat_map(|error| [error.status, error.strict_status]).map(|status| status.as_u16());
    statuses.filter(|status| *status != 200).collect()
}

/// The codes of an API's errors as a list in Markdown, each with its texts in Chinese and English.
pub fn codes_md(api: Api) -> String {
    let mut codes: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for error in all() {
        let [zh, en] = [Language::Zh, Language::En].map(|language| error.shown(api, language));
        let texts = codes.entry(zh.code).or_default();
        let text = format!("{} / {}", zh.text, en.text);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    codes.into_iter().map(|(code, texts)| format!("- `{code}`: {}\n", texts.join("; "))).collect()
}

/// The name of the error in the sources.
fn name(error: &Error) -> String {
    let debug = match error {
        Error::Domain(E::Invalid(Invalid { problem, .. })) => format!("Invalid: {problem:?}"),
        Error::Protocol(Protocol::Undecodable(problem)) => format!("Undecodable: {problem:?}"),
        Error::Domain(error) => format!("{error:?}"),
        Error::Protocol(problem) => format!("{problem:?}"),
    };
    debug.split(['(', '{']).next().unwrap_or_default().trim().to_owned()
}

/// An example of each error.
fn all() -> Vec<Error> {
    let wait_secs = 60;
    let problems = [
        Problem::Missing,
        Problem::TooShort { min: 6 },
        Problem::TooLong { max: 128 },
        Problem::TooMany { max: 100 },
        Problem::OutOfRange { min: 1, max: 200 },
        Problem::Malformed,
        Problem::Characters,
        Problem::Unknown,
        Problem::Wrong,
        Problem::Reserved,
    ];
    let domain = [
        E::TenantUnknown,
        E::TokenUnknown,
        E::TokenEnded,
        E::ActForMissing,
        E::NoPermission,
        E::UserNotFound,
        E::UsernameTaken,
        E::NameTaken,
        E::CoinsInsufficient,
        E::KeyReused,
        E::VipOnly,
        E::NotListed,
        E::CategoryUsed,
        E::DeviceNotFound,
        E::MedalNotFound,
        E::LoginRefused,
        E::LoginLocked { wait_secs },
        E::AccountDisabled,
        E::RefusedByApp { text: String::new() },
        E::WebhookNotFound,
        E::RegistrationClosed,
        E::CaptchaWrong,
        E::CodeWrong,
        E::CodeTooSoon { wait_secs },
        E::MobileTaken,
        E::EmailTaken,
        E::ContactNotBound,
        E::PasswordWrong,
        E::AliasTaken,
        E::PasswordCommon,
        E::PasswordIsName,
        E::AccessTokensOff,
        E::UploadsOff,
        E::ImageUnusable,
        E::UploadTokenRefused,
        E::TooManyRequests { wait_secs },
        E::Busy,
        E::unavailable("an example"),
        E::internal("an example"),
    ];
    let protocol = [
        Protocol::TenantMissing,
        Protocol::TokenMissing,
        Protocol::Undecodable(Undecodable::WrongType("name".to_owned())),
        Protocol::Undecodable(Undecodable::NotAnObject(None)),
        Protocol::Undecodable(Undecodable::NeitherEncoding),
        Protocol::Undecodable(Undecodable::NotThatMessage(String::new())),
        Protocol::BadQuery(String::new()),
        Protocol::NotFound,
        Protocol::MethodNotAllowed,
        Protocol::NotAcceptable,
        Protocol::TooSlow,
        Protocol::TooLarge,
        Protocol::UnsupportedMediaType,
        Protocol::UnsupportedContentEncoding,
        Protocol::FileUnusable("line 2: a quoted field is not closed".to_owned()),
        Protocol::NotAWebSocket,
    ];
    let invalid = problems.map(|problem| E::Invalid(Invalid::new("field", problem)));
    let domain = invalid.into_iter().chain(domain).map(Error::Domain);
    domain.chain(protocol.map(Error::Protocol)).collect()
}

/// What a client does about an error. Exhaustive, so that a new error does not compile without.
const fn advice(error: &Error) -> &'static str {
    match error {
        Error::Domain(error) => domain_advice(error),
        Error::Protocol(problem) => protocol_advice(problem),
    }
}

const fn domain_advice(error: &E) -> &'static str {
    match error {
        E::Invalid(_) | E::PasswordCommon | E::PasswordIsName => "lets the user correct the field that the text names",
        E::TenantUnknown => "sends an `app_id` that exists",
        E::TokenUnknown | E::TokenEnded => "forgets the token and logs in again",
        E::ActForMissing => "sends the header `user_id`",
        E::AccessTokensOff => "sends the session's token to servers that ask the gateway about it",
        E::UploadsOff => "offers no uploads",
        E::ImageUnusable => "lets the user choose another image",
        E::UploadTokenRefused => "gets a new upload token",
        E::NoPermission | E::VipOnly | E::RegistrationClosed => "does not offer the operation to this user",
        E::UserNotFound | E::NotListed | E::DeviceNotFound | E::MedalNotFound | E::WebhookNotFound => {
            "removes what it showed, or corrects the id"
        }
        E::UsernameTaken | E::NameTaken | E::AliasTaken => "lets the user choose another one",
        E::MobileTaken | E::EmailTaken => "offers to log in to the other account, or to use another contact",
        E::CoinsInsufficient => "shows the balance",
        E::KeyReused => "uses a new key for another change",
        E::CategoryUsed => "moves the groups first",
        E::LoginRefused | E::PasswordWrong => "lets the user type the name and the password again",
        E::LoginLocked { .. } | E::CodeTooSoon { .. } | E::TooManyRequests { .. } | E::Busy => {
            "tries again after `Retry-After`"
        }
        E::RefusedByApp { .. } => "shows the text, which is that of the app's server if it gave one",
        E::AccountDisabled => "tells the user; an admin can enable the account",
        E::CaptchaWrong => "gets a new captcha",
        E::CodeWrong => "lets the user type the code again, or request a new one",
        E::ContactNotBound => "uses the number or address that the account has",
        E::Unavailable(_) => "tries again after `Retry-After`, with growing pauses",
        E::Internal(_) => "reports the `x-request-id` to the operator",
    }
}

const fn protocol_advice(problem: &Protocol) -> &'static str {
    match problem {
        Protocol::TenantMissing => "sends the header `app_id`",
        Protocol::TokenMissing => "logs in",
        Protocol::TooSlow => "sends the request again",
        Protocol::FileUnusable(_) => "corrects the file, of which nothing was kept",
        Protocol::Undecodable(_)
        | Protocol::BadQuery(_)
        | Protocol::NotFound
        | Protocol::MethodNotAllowed
        | Protocol::NotAcceptable
        | Protocol::TooLarge
        | Protocol::UnsupportedMediaType
        | Protocol::UnsupportedContentEncoding
        | Protocol::NotAWebSocket
        | Protocol::Other(_) => "is corrected by its developer",
    }
}
