//! What handlers and extractors fail with. How each error looks to a client stands in the one table, `error/table.rs`.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use super::context::Api;
use crate::{domain, model::Language};

mod table;

/// What a handler or an extractor fails with. `edge.rs` renders it.
#[derive(Debug)]
pub enum Error {
    /// The domain refused or failed.
    Domain(domain::Error),
    /// The request is none that the domain could be asked about.
    Protocol(Protocol),
}

/// What is wrong with a request as HTTP.
#[derive(Debug)]
pub enum Protocol {
    /// The body is in neither encoding, or broken. The text is for the log.
    Undecodable(String),
    /// The query can't be read. The text is for the log.
    BadQuery(String),
    /// No such path.
    NotFound,
    /// No such method at this path.
    MethodNotAllowed,
    /// The client accepts neither encoding.
    NotAcceptable,
    /// The body took too long.
    TooSlow,
    /// The body is too large.
    TooLarge,
    /// The body is declared as something that we don't read.
    UnsupportedMediaType,
    /// The body is compressed.
    UnsupportedContentEncoding,
    /// The path is for `WebSocket` connections.
    NotAWebSocket,
    /// Something else that actix refused.
    Other(StatusCode),
}

/// An error as one API shows it.
#[derive(Debug)]
pub struct Rendered {
    /// The code in the envelope.
    pub code: i32,
    /// The text in the envelope.
    pub text: String,
    /// The HTTP status.
    pub status: StatusCode,
    /// The HTTP status for a caller that said `Prefer: handling=strict`.
    pub strict_status: StatusCode,
    /// Seconds after which another try may succeed.
    pub retry_after_secs: Option<i64>,
    /// What the log should know and the client must not.
    pub cause: Option<String>,
}

impl From<StatusCode> for Protocol {
    /// What a bare status from actix means.
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

    /// Empty: what the client gets is made by `edge.rs`, which knows the encoding.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
