//! Import and export of accounts as files.

use std::{collections::VecDeque, io::Cursor};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web::{self, Bytes},
};
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{Answer, Data, reason},
    params::{Query, Raw, required_switch},
};
use crate::{
    account_file::{Format, Label, Part, RecordProblem, Writer, WriterOptions, records},
    domain::{
        self, Operator,
        imports::{self, Preview},
    },
    gateway::Gateway,
    model::{Invalid, Language, Problem, UserId},
    transport::{
        codec::Encoding,
        context::Context,
        error::{Error, Protocol},
        openapi::{Described, Description},
        path::{Path, admin},
        reply::{ADMIN_SUCCESS, Outcome},
    },
};

/// Maximum number of records of an import. The hashes of their passwords take the time of the request.
const MAX_RECORDS: usize = 500;

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/users/import").post(import, "Creates accounts from a file, or a part of one"),
        admin("/admin/v1/users/export").get(export, "Writes all accounts to a file that import accepts"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct ImportQuery {
    /// `csv` (the default) or `jsonl`.
    format: Option<String>,
    /// Whether to only say what would happen.
    dry_run: Option<String>,
    /// Fields to skip, separated by commas; other unknown ones are refused.
    ignore_columns: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ImportData {
    /// The number of records.
    records: usize,
    /// The number of accounts that were created or, in a dry run, would be.
    created: usize,
    refused: Vec<RefusedData>,
}

#[derive(Serialize, JsonSchema)]
struct RefusedData {
    /// The number of the record, from 1.
    record: u64,
    /// Its login name, mobile number or e-mail address.
    name: String,
    reason: String,
}

fn format(name: Option<&str>) -> Result<Format, Invalid> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or("csv");
    Format::parse(name).ok_or(Invalid::new("format", Problem::Malformed))
}

fn switch(what: &'static str, text: Option<&str>) -> Result<bool, Invalid> {
    match text {
        Some(text) => required_switch(what, Some(text)),
        None => Ok(false),
    }
}

async fn import(
    req: HttpRequest,
    gateway: web::Data<Gateway>,
    AsOperator(operator, (Query(query), Raw(text))): AsOperator<(Query<ImportQuery>, Raw)>,
) -> Answer<ImportData> {
    let is_dry_run = switch("dry_run", query.dry_run.as_deref())?;
    let ignored = query.ignore_columns.unwrap_or_default().split(',').map(|name| name.trim().to_owned()).collect();
    let Part { labels, records, .. } = read(&gateway, text, format(query.format.as_deref())?, ignored)?;
    let results = if is_dry_run {
        Preview::default().check(&gateway, &operator, records).await?
    } else if records.is_empty() {
        Vec::new()
    } else {
        imports::import(&gateway, &operator, records, None, |_| Ok(())).await?
    };
    let created = results.iter().filter(|result| result.is_ok()).count();
    let language = Context::get(&req).map_or(Language::En, |context| context.language);
    Ok(Data(ImportData { records: labels.len(), created, refused: refused(&labels, results, language) }))
}

/// Reads all records before anything is kept.
fn read(gateway: &Gateway, text: String, format: Format, ignored: Vec<String>) -> Result<Part, Error> {
    let unusable = |problem: String| Error::from(Protocol::FileUnusable(problem));
    let mut part = Part::after(0);
    for record in records(Cursor::new(text), format, ignored).map_err(|error| unusable(error.to_string()))? {
        if part.labels.len() == MAX_RECORDS {
            return Err(Invalid::new("records", Problem::TooMany { max: MAX_RECORDS }).into());
        }
        part.add(record.map_err(|error| unusable(error.to_string()))?, &gateway.config);
    }
    Ok(part)
}

fn refused(labels: &[Label], results: Vec<Result<(), domain::Error>>, language: Language) -> Vec<RefusedData> {
    let mut results: VecDeque<_> = results.into();
    let mut refused = Vec::new();
    for (record, label) in (1..).zip(labels) {
        let problem = match &label.problem {
            Some(RecordProblem::Malformed(problem)) => Some(problem.clone()),
            Some(RecordProblem::Invalid(invalid)) => Some(reason((*invalid).into(), language)),
            None => results.pop_front().and_then(Result::err).map(|error| reason(error, language)),
        };
        refused.extend(problem.map(|reason| RefusedData { record, name: label.name.clone(), reason }));
    }
    refused
}

#[derive(Deserialize, JsonSchema)]
struct ExportQuery {
    /// `csv` (the default) or `jsonl`.
    format: Option<String>,
    /// Whether CSV cells that spreadsheets take for formulas begin with a quote. Such a file is not for import.
    for_spreadsheets: Option<String>,
}

/// A file of all accounts of a tenant, which is read and sent page by page.
struct AccountsFile {
    gateway: web::Data<Gateway>,
    operator: Operator,
    format: Format,
    options: WriterOptions,
}

async fn export(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<ExportQuery>>,
) -> Result<AccountsFile, Error> {
    let format = format(query.format.as_deref())?;
    let for_spreadsheets = switch("for_spreadsheets", query.for_spreadsheets.as_deref())?;
    imports::begin_export(&gateway, &operator, format.name()).await?;
    let options = WriterOptions { for_spreadsheets, ..WriterOptions::default() };
    Ok(AccountsFile { gateway, operator, format, options })
}

impl AccountsFile {
    const PAGE: i64 = 500;

    /// The next page, after `position`, and its last account. `None` at the end.
    async fn page(&self, position: Option<UserId>) -> Result<Option<(Bytes, UserId)>, domain::Error> {
        let rows = imports::export(&self.gateway, &self.operator, position, Self::PAGE).await?;
        let Some(last) = rows.last().map(|row| UserId::stored(row.id)) else { return Ok(None) };
        let mut bytes = Vec::new();
        let options = WriterOptions { is_continued: position.is_some(), ..self.options };
        let mut writer = Writer::new(&mut bytes, self.format, options);
        rows.iter().try_for_each(|row| writer.write(row)).map_err(domain::Error::internal)?;
        writer.flush().map_err(domain::Error::internal)?;
        drop(writer);
        Ok(Some((Bytes::from(bytes), last)))
    }
}

impl Responder for AccountsFile {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        req.extensions_mut().insert(Outcome { code: ADMIN_SUCCESS, encoding: Encoding::Json });
        let media_type = match self.format {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Jsonl => "application/x-ndjson",
        };
        // An app's id has no letter that needs to be quoted.
        let name = format!("{}-accounts.{}", self.operator.tenant_id(), self.format.name());
        let pages = stream::try_unfold((self, None), async |(file, position): (Self, Option<UserId>)| {
            // An error ends the connection, so that the client knows that the file is not complete.
            let page = file.page(position).await.inspect_err(|error| log::error!("an export ended early: {error}"))?;
            Ok::<_, domain::Error>(page.map(|(bytes, last)| (bytes, (file, Some(last)))))
        });
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, media_type))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
            .streaming(Box::pin(pages))
    }
}

impl Described for AccountsFile {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_file(&["text/csv", "application/x-ndjson"]);
    }
}
