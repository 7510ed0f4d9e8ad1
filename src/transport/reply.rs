//! The envelopes of the two APIs (behaviour.md §2).

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
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

/// A response with these bytes as its body.
pub fn response(status: StatusCode, encoding: Encoding, bytes: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(encoding.media_type()));
    response
}
