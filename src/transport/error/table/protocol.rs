//! The rows of what is wrong with a request at the HTTP level.

use actix_web::http::StatusCode;

use super::{INVALID_PARAMETER, Row, V1_INVALID, V1_REFUSED};
use crate::transport::error::{Protocol, Undecodable};

pub(super) fn protocol_row(problem: &Protocol) -> Row {
    match problem {
        Protocol::TenantMissing => {
            Row::refusal(V1_REFUSED, 40000, StatusCode::UNPROCESSABLE_ENTITY, "缺少 app_id", "app_id missing")
        }
        Protocol::TokenMissing => Row::not_logged_in(10003, "缺少 access-token", "access-token header missing"),
        Protocol::Undecodable(problem) => {
            let (status, (zh, en), cause) = (StatusCode::BAD_REQUEST, undecodable_texts(problem), cause_of(problem));
            Row { status, ..Row::refusal(V1_INVALID, INVALID_PARAMETER, status, zh, en) }.because(cause)
        }
        Protocol::BadQuery(cause) => Row::refusal(
            V1_INVALID,
            INVALID_PARAMETER,
            StatusCode::BAD_REQUEST,
            "请求参数错误: query 格式错误",
            "invalid request parameter: the query is malformed",
        )
        .because(cause.clone()),
        Protocol::NotFound => Row::failure(V1_REFUSED, StatusCode::NOT_FOUND, "接口不存在", "no such path"),
        Protocol::MethodNotAllowed => {
            Row::failure(V1_REFUSED, StatusCode::METHOD_NOT_ALLOWED, "不支持该请求方法", "method not allowed")
        }
        Protocol::NotAcceptable => Row::failure(
            V1_REFUSED,
            StatusCode::NOT_ACCEPTABLE,
            "仅支持 JSON 与 protobuf",
            "only JSON and protobuf can be answered",
        ),
        Protocol::TooSlow => {
            Row::failure(V1_REFUSED, StatusCode::REQUEST_TIMEOUT, "请求超时", "the body took too long")
        }
        Protocol::TooLarge => {
            Row::failure(V1_INVALID, StatusCode::PAYLOAD_TOO_LARGE, "请求内容过大", "the body is too large")
        }
        Protocol::UnsupportedMediaType => {
            Row::failure(V1_INVALID, StatusCode::UNSUPPORTED_MEDIA_TYPE, "不支持的内容类型", "unsupported content type")
        }
        Protocol::UnsupportedContentEncoding => Row::failure(
            V1_INVALID,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "不支持压缩的请求内容",
            "compressed bodies are not supported",
        ),
        Protocol::FileUnusable(problem) => Row::refusal(
            V1_INVALID,
            INVALID_PARAMETER,
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("请求参数错误: 文件无法导入: {problem}"),
            format!("invalid request parameter: the file can't be imported: {problem}"),
        ),
        Protocol::NotAWebSocket => Row::failure(
            V1_REFUSED,
            StatusCode::UPGRADE_REQUIRED,
            "需要 WebSocket 连接",
            "a WebSocket handshake is required",
        ),
        Protocol::Other(status) => {
            Row::failure(V1_REFUSED, *status, "请求错误", status.canonical_reason().unwrap_or("the request failed"))
        }
    }
}

/// Without details for protobuf, whose clients compare the documented text.
fn undecodable_texts(problem: &Undecodable) -> (String, String) {
    let no_object = ("内容不是 JSON 对象", "the body is not a JSON object");
    let (zh, en) = match problem {
        Undecodable::WrongType(path) => (format!(": {path} 类型错误"), format!("{path} is of the wrong type")),
        Undecodable::NotAnObject(None) => (format!(": {}", no_object.0), no_object.1.to_owned()),
        Undecodable::NotAnObject(Some((line, column))) => (
            format!(": {} (第 {line} 行第 {column} 列)", no_object.0),
            format!("{}, at line {line} column {column}", no_object.1),
        ),
        Undecodable::NeitherEncoding | Undecodable::NotThatMessage(_) => {
            (String::new(), "the body can't be decoded".to_owned())
        }
    };
    (format!("请求参数错误{zh}"), format!("invalid request parameter: {en}"))
}

fn cause_of(problem: &Undecodable) -> String {
    match problem {
        Undecodable::WrongType(path) => format!("{path} is of the wrong type"),
        Undecodable::NotAnObject(_) => "the body is not a JSON object".to_owned(),
        Undecodable::NeitherEncoding => "the body is neither protobuf nor JSON".to_owned(),
        Undecodable::NotThatMessage(text) => text.clone(),
    }
}
