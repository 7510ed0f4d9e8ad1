//! The envelopes of the APIs (behaviour.md §2).

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::codec::Encoding;

/// The code of a success on `/v1`.
pub const V1_SUCCESS: i32 = 1;

/// The code of a success elsewhere.
pub const ADMIN_SUCCESS: i32 = 200;

/// The bytes of an answer of the admin API. A success has no `message`, a failure no `data`.
///
/// # Errors
/// When the data can't be serialised as JSON.
pub fn admin<T: Serialize>(code: i32, data: Option<&T>, message: Option<&str>) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        code: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a T>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    }
    serde_json::to_vec(&Envelope { code, data, message })
}

/// The bytes of an error of OAuth (RFC 6749 §5.2).
///
/// # Errors
/// As [`admin`].
pub fn oauth_error(status: StatusCode, description: &str) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a> {
        error: &'static str,
        error_description: &'a str,
    }
    let error = match status {
        StatusCode::UNAUTHORIZED => "invalid_client",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    };
    serde_json::to_vec(&Body { error, error_description: description })
}

/// The bytes of an error of Tinode's protocol.
///
/// # Errors
/// As [`admin`].
pub fn tinode_error(status: StatusCode) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Body {
        err: &'static str,
    }
    let err = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "denied",
        StatusCode::NOT_FOUND => "not found",
        StatusCode::CONFLICT => "duplicate value",
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => "internal",
        _ => "malformed",
    };
    serde_json::to_vec(&Body { err })
}

/// The bytes of a refused upload, whose clients look for an `error`, as Qiniu answers.
///
/// # Errors
/// As [`admin`].
pub fn upload_error(code: i32, error: &str) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Body<'a> {
        code: i32,
        error: &'a str,
    }
    serde_json::to_vec(&Body { code, error })
}

/// A response with these bytes as its body.
pub fn response(status: StatusCode, encoding: Encoding, bytes: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, encoding.content_type());
    response
}
