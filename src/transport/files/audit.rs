//! The audit log as a file: one row of it per line.

use std::io;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{self, HeaderValue},
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    domain::{self, audit_log::Export},
    gateway::Gateway,
    model::{AuditEntry, Invalid, Problem, UserId},
    transport::{
        codec::Encoding,
        openapi::{Described, Description},
        reply::{ADMIN_SUCCESS, Outcome},
    },
};

/// The format of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFormat {
    /// Comma-separated, with a header line. Text that a spreadsheet would take for a formula starts with `'`.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

/// A row, as files and answers show it.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    time: String,
    at_ms: i64,
    actor: String,
    token_name: Option<&'a str>,
    for_user: Option<i64>,
    user_id: Option<i64>,
    action: &'a str,
    target: &'a str,
    address: &'a str,
    request_id: &'a str,
    result: &'a str,
}

/// The names of the columns of a CSV file.
const HEADER: &[u8] = b"id,time,at_ms,actor,token_name,for_user,user_id,action,target,address,request_id,result\n";

impl AuditFormat {
    /// Parses `csv` or `jsonl`.
    ///
    /// # Errors
    /// When `text` is neither.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::Jsonl),
            _ => Err(Invalid::new("format", Problem::Malformed)),
        }
    }

    /// The file's media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
        }
    }

    /// A name for the file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "audit.csv",
            Self::Jsonl => "audit.jsonl",
        }
    }

    /// What the file begins with.
    #[must_use]
    pub const fn header(self) -> &'static [u8] {
        match self {
            Self::Csv => HEADER,
            Self::Jsonl => b"",
        }
    }

    /// The lines of some rows.
    ///
    /// # Errors
    /// None that is expected.
    pub fn lines(self, entries: &[AuditEntry]) -> io::Result<Vec<u8>> {
        match self {
            Self::Csv => csv_lines(entries),
            Self::Jsonl => json_lines(entries),
        }
    }
}

fn csv_lines(entries: &[AuditEntry]) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for entry in entries {
        let Line { id, time, at_ms, actor, token_name, for_user, user_id, action, target, address, request_id, result } =
            line(entry);
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let cells = [
            id.to_string(),
            time,
            at_ms.to_string(),
            actor,
            inert(token_name.unwrap_or_default()),
            number(for_user),
            number(user_id),
            inert(action),
            inert(target),
            inert(address),
            inert(request_id),
            inert(result),
        ];
        writer.write_record(cells).map_err(io::Error::other)?;
    }
    writer.into_inner().map_err(io::Error::other)
}

fn json_lines(entries: &[AuditEntry]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, &line(entry))?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Text that no spreadsheet takes for a formula.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn line(entry: &AuditEntry) -> Line<'_> {
    let time = Timestamp::from_millisecond(entry.at_ms);
    Line {
        id: entry.id,
        time: time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()).unwrap_or_default(),
        at_ms: entry.at_ms,
        actor: entry.actor.to_string(),
        token_name: entry.token_name.as_deref(),
        for_user: entry.for_user.map(UserId::get),
        user_id: entry.user.map(UserId::get),
        action: &entry.action,
        target: &entry.target,
        address: &entry.address,
        request_id: &entry.request_id,
        result: &entry.result,
    }
}

/// A file of rows, which are read while it is sent.
pub struct AuditFile {
    format: AuditFormat,
    gateway: Data<Gateway>,
    export: Export,
}

impl AuditFile {
    /// The file of an export.
    pub const fn new(format: AuditFormat, gateway: Data<Gateway>, export: Export) -> Self {
        Self { format, gateway, export }
    }

    /// The file's parts. An error ends the connection, so that the client doesn't take the file for complete.
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, domain::Error>> {
        let Self { format, gateway, export } = self;
        let header = Ok(Bytes::from_static(format.header()));
        let rows = stream::try_unfold((gateway, export), move |(gateway, mut export)| async move {
            let Some(entries) = export.next(&gateway).await.inspect_err(|error| {
                log::error!("an export of the audit log ends early: {error}");
            })?
            else {
                return Ok(None);
            };
            let lines = format.lines(&entries).map_err(domain::Error::internal)?;
            Ok(Some((Bytes::from(lines), (gateway, export))))
        });
        futures_util::StreamExt::chain(stream::iter([header]), rows)
    }
}

impl Responder for AuditFile {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        req.extensions_mut().insert(Outcome { code: ADMIN_SUCCESS, encoding: Encoding::Json });
        let disposition = format!("attachment; filename=\"{}\"", self.format.file_name());
        let mut res = HttpResponse::Ok();
        res.content_type(self.format.media_type());
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            res.insert_header((header::CONTENT_DISPOSITION, disposition));
        }
        res.streaming(Box::pin(self.into_stream()))
    }
}

impl Described for AuditFile {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_file(&["text/csv", "application/x-ndjson"]);
    }
}
