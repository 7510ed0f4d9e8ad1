//! Reads requests and writes answers of `/v1` in the encodings that `negotiation.rs` chooses, so that handlers don't
//! depend on the encoding.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::{Payload, ServiceRequest},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
    web::Bytes,
};
use prost::{Message, Name};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    body,
    codec::Encoding,
    context::{Context, Face},
    error::{Error, Protocol, Undecodable},
    json::{self, Aliases, FieldNames},
    negotiation::{Acceptable, Declared, of_body},
    openapi::{Described, Description},
    reply::{self, V1_SUCCESS},
};
use crate::domain;

/// What a handler of `/v1` returns.
pub type Reply<T> = Result<Wire<T>, Error>;

/// A message of `/v1`: extracted from a request's body or query, or sent as the payload of a success.
#[derive(Debug)]
pub struct Wire<T>(pub T);

/// The request's body and its encoding, in the request's extensions until a handler takes it.
struct Body {
    bytes: Bytes,
    encoding: Encoding,
}

/// The encoding in which a request of `/v1` is answered; JSON outside the routes of `/v1`.
pub fn answer_encoding(req: &HttpRequest) -> Encoding {
    Context::get(req).and_then(|context| context.noted.answer_encoding.get()).unwrap_or(Encoding::Json)
}

/// Chooses the encodings of body and answer before anything else handles the request, so that even a refusal for a
/// missing token has the encoding that a success would have had. A body that is a file stays unread.
///
/// # Errors
/// The answer to a request whose body can't be read or that accepts neither encoding.
pub async fn negotiate(req: &mut ServiceRequest, native: Encoding, has_files: bool) -> Result<(), Protocol> {
    let body = if has_files { Ok(None) } else { read_body(req, native).await };
    let (body_encoding, problem) = match body {
        Ok(Some(body)) => {
            let encoding = body.encoding;
            req.extensions_mut().insert(body);
            (Some(encoding), None)
        }
        Ok(None) => (None, None),
        Err((encoding, problem)) => (encoding, Some(problem)),
    };
    let context = Context::get(req.request());
    let default = match context.as_ref().map(|context| context.face) {
        Some(Face::Web) => Encoding::Json,
        Some(Face::App) | None => native,
    };
    let accept = req.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let chosen = Acceptable::by(accept).choose(body_encoding, default);
    if let Some(context) = context {
        context.noted.answer_encoding.set(chosen.or(body_encoding).or(Some(default)));
    }
    match (chosen, problem) {
        (None, _) => Err(Protocol::NotAcceptable),
        (Some(_), Some(problem)) => Err(problem),
        (Some(_), None) => Ok(()),
    }
}

/// The body, or `None` when it is empty. The error carries the problem and the encoding if it could be determined.
async fn read_body(req: &mut ServiceRequest, native: Encoding) -> Result<Option<Body>, (Option<Encoding>, Protocol)> {
    let mut payload = req.take_payload();
    let declared = declared(req.headers());
    match body::read(&mut payload, req.headers()).await {
        // The content type of an empty body is ignored: some HTTP libraries declare a form on every POST.
        Ok(bytes) if json::is_absent(&bytes) => Ok(None),
        Ok(_) if declared == Declared::Foreign => Err((None, Protocol::UnsupportedMediaType)),
        Ok(bytes) => match of_body(&bytes, declared, native) {
            Some(encoding) => Ok(Some(Body { bytes, encoding })),
            None => Err((None, Protocol::Undecodable(Undecodable::NeitherEncoding))),
        },
        Err(unread) => Err((of_body(&unread.seen, declared, native), unread.problem)),
    }
}

fn declared(headers: &HeaderMap) -> Declared {
    // A value that is not text counts as an unknown type.
    Declared::by(headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?")))
}

impl<T: Message + Default + DeserializeOwned + Aliases> FromRequest for Wire<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = req.extensions_mut().remove::<Body>();
        let request_encoding = body.as_ref().map_or_else(|| answer_encoding(req), |body| body.encoding);
        if let Some(context) = Context::get(req).filter(|_| request_encoding == Encoding::Protobuf) {
            context.noted.field_names.set(FieldNames(T::FIELDS));
        }
        let message = match body {
            None if req.method() == Method::GET => {
                json::read_query(req.query_string()).map_err(|problem| Protocol::BadQuery(problem).into())
            }
            None => Ok(T::default()),
            Some(Body { bytes, encoding }) => {
                encoding.decode(bytes).map_err(|problem| Protocol::Undecodable(problem).into())
            }
        };
        ready(message.map(Self))
    }
}

impl<T: Message + Serialize> Responder for Wire<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let encoding = answer_encoding(req);
        let number = Context::get(req).map_or(1, |context| context.number);
        Context::note_outcome(req, V1_SUCCESS, encoding);
        match encoding.encode(number, V1_SUCCESS, "success", &self.0) {
            Ok(bytes) => reply::response(StatusCode::OK, encoding, bytes),
            Err(error) => HttpResponse::from_error(Error::from(domain::Error::internal(error))),
        }
    }
}

/// A message of a request ends with `Request`, that of an answer with `Response`.
impl<T: Name> Described for Wire<T> {
    fn describe(operation: &mut Description<'_>) {
        if T::NAME.ends_with("Request") { operation.message(T::NAME) } else { operation.answers_message(T::NAME) }
    }
}
