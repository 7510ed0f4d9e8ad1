//! What handlers of the admin API return.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Responder, ResponseError as _, body::BoxBody, http::StatusCode,
};
use serde::Serialize;

use crate::{
    domain,
    transport::{
        error::Error,
        negotiation::Encoding,
        reply::{self, ADMIN_SUCCESS, Outcome},
    },
};

/// What a handler returns: the `data` of the answer.
pub(super) type Answer<T> = Result<Data<T>, Error>;

/// The `data` of a success.
pub(super) struct Data<T>(pub(super) T);

/// The answer of an operation that has nothing else to say.
pub(super) const DONE: Answer<bool> = Ok(Data(true));

impl<T: Serialize> Responder for Data<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        req.extensions_mut().insert(Outcome { code: ADMIN_SUCCESS, encoding: Encoding::Json });
        match reply::admin(ADMIN_SUCCESS, Some(&self.0), None) {
            Ok(bytes) => reply::response(StatusCode::OK, Encoding::Json, bytes),
            Err(error) => Error::from(domain::Error::Internal(error.to_string())).error_response(),
        }
    }
}
