//! The answers of the OAuth paths: JSON objects without an envelope.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain,
    transport::{
        codec::Encoding,
        context::Context,
        error::Error,
        openapi::{Described, Description},
        reply,
    },
};

/// What a handler returns.
pub type Answer<T> = Result<T, Error>;

/// An object for the server that asked.
pub struct Object<T>(pub T);

/// An object that anyone may read and keep for a while.
pub(super) struct Cacheable<T>(pub(super) T);

/// How long others may use an object that they keep: shorter than the time for which a new key is published before it
/// signs.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

impl<T: Serialize> Responder for Object<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        Context::note_outcome(req, StatusCode::OK.as_u16().into(), Encoding::Json);
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => reply::response(StatusCode::OK, Encoding::Json, bytes),
            Err(error) => HttpResponse::from_error(Error::from(domain::Error::internal(error))),
        }
    }
}

impl<T: Serialize> Responder for Cacheable<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let mut response = Object(self.0).respond_to(req);
        response.headers_mut().insert(CACHE_CONTROL, CACHED);
        response
    }
}

impl<T: JsonSchema> Described for Object<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_json::<T>(200, "The object.");
    }
}

impl<T: JsonSchema> Described for Cacheable<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_json::<T>(200, "The object.");
    }
}
