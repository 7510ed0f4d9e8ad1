//! The audit log as a file: one row of it per line.

use std::{borrow::Cow, io};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    web::{Bytes, Data},
};
use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::{describe_download, download};
use crate::{
    domain::{self, audit_log::Export},
    file_format::{Format, inert},
    gateway::Gateway,
    model::{AuditEntry, UserId},
    transport::openapi::{Described, Description},
};

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

/// What a file of that format begins with.
#[must_use]
pub const fn audit_header(format: Format) -> &'static [u8] {
    match format {
        Format::Csv => HEADER,
        Format::Jsonl => b"",
    }
}

/// The lines of some rows. In CSV, text that a spreadsheet would take for a formula starts with `'`.
///
/// # Errors
/// None that is expected.
pub fn audit_lines(format: Format, entries: &[AuditEntry]) -> io::Result<Vec<u8>> {
    match format {
        Format::Csv => csv_lines(entries),
        Format::Jsonl => json_lines(entries),
    }
}

fn csv_lines(entries: &[AuditEntry]) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for entry in entries {
        let Line { id, time, at_ms, actor, token_name, for_user, user_id, action, target, address, request_id, result } =
            line(entry);
        let number = |number: Option<i64>| Cow::from(number.map(|number| number.to_string()).unwrap_or_default());
        let cells = [
            number(Some(id)),
            time.into(),
            number(Some(at_ms)),
            actor.into(),
            inert(token_name.unwrap_or_default()),
            number(for_user),
            number(user_id),
            inert(action),
            inert(target),
            inert(address),
            inert(request_id),
            inert(result),
        ];
        writer.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(io::Error::other)?;
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
    format: Format,
    gateway: Data<Gateway>,
    export: Export,
}

impl AuditFile {
    /// The file of an export.
    pub const fn new(format: Format, gateway: Data<Gateway>, export: Export) -> Self {
        Self { format, gateway, export }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, domain::Error>> {
        let Self { format, gateway, export } = self;
        let header = Ok(Bytes::from_static(audit_header(format)));
        let rows = stream::try_unfold((gateway, export), move |(gateway, mut export)| async move {
            let Some(entries) = export.next(&gateway).await? else { return Ok(None) };
            let lines = audit_lines(format, &entries).map_err(domain::Error::internal)?;
            Ok(Some((Bytes::from(lines), (gateway, export))))
        });
        stream::iter([header]).chain(rows)
    }
}

impl Responder for AuditFile {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let format = self.format;
        download(req, format, "audit", self.into_stream())
    }
}

impl Described for AuditFile {
    fn describe(operation: &mut Description<'_>) {
        describe_download(operation);
    }
}
