//! The error type of handlers and extractors. `error/table.rs` maps each error to what the client sees.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use super::api::Api;
use crate::{domain, model::Language};

mod reference;
mod table;

pub use reference::{codes_md, errors_md, statuses};

/// The error of a handler or an extractor. `edge.rs` renders it.
#[derive(Debug)]
pub enum Error {
    /// The domain refused or failed.
    Domain(domain::Error),
    /// The request was rejected before it reached the domain.
    Protocol(Protocol),
}

/// What is wrong with a request at the HTTP level.
#[derive(Debug)]
pub enum Protocol {
    /// The request names no tenant.
    TenantMissing,
    /// The request has no token.
    TokenMissing,
    /// The body can't be decoded.
    Undecodable(Undecodable),
    /// The query can't be parsed. The text is for the log.
    BadQuery(String),
    /// No such path.
    NotFound,
    /// No such method at this path.
    MethodNotAllowed,
    /// The client accepts neither encoding.
    NotAcceptable,
    /// The body took too long to arrive.
    TooSlow,
    /// The body is too large.
    TooLarge,
    /// The declared media type of the body is not supported.
    UnsupportedMediaType,
    /// The body is compressed.
    UnsupportedContentEncoding,
    /// The file in the body can't be read. The text quotes no value.
    FileUnusable(String),
    /// The path accepts only `WebSocket` connections.
    NotAWebSocket,
    /// Any other status with which actix rejected the request.
    Other(StatusCode),
}

/// Why a body can't be decoded. Quotes no value: it may be a password or a code.
#[derive(Debug)]
pub enum Undecodable {
    /// A field of that path has the wrong type.
    WrongType(String),
    /// The body is not a JSON object; at that line and column, if known.
    NotAnObject(Option<(usize, usize)>),
    /// The body is neither protobuf nor JSON.
    NeitherEncoding,
    /// The body is not a message of the operation. The text is for the log.
    NotThatMessage(String),
}

/// An error as one API presents it.
#[derive(Debug)]
pub struct Rendered {
    /// The code in the envelope.
    pub code: i32,
    /// The text in the envelope.
    pub text: String,
    /// The HTTP status.
    pub status: StatusCode,
    /// The HTTP status for a caller that sent `Prefer: handling=strict`.
    pub strict_status: StatusCode,
    /// Seconds after which a retry may succeed.
    pub retry_after_secs: Option<i64>,
    /// Details for the log that the client must not see.
    pub cause: Option<String>,
}

/// Why an item of a list failed, for the client of the admin API; the cause is logged.
pub fn reason(error: domain::Error, language: Language) -> String {
    let shown = Error::from(error).shown(Api::Admin, language);
    if let Some(cause) = shown.cause {
        log::error!("an item of a batch failed: {cause:?}");
    }
    shown.text
}

impl From<StatusCode> for Protocol {
    /// Interprets a bare status from actix.
    fn from(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Other(status),
        }
    }
}

impl<E: Into<domain::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Domain(error.into())
    }
}

impl From<Protocol> for Error {
    fn from(problem: Protocol) -> Self {
        Self::Protocol(problem)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(Api::Admin, Language::En).text)
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.shown(Api::Admin, Language::En).status
    }

    /// Empty, because `edge.rs`, which knows the encoding, builds the response that the client gets.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
