//! Files of accounts: an import, or a part of one, and the export.

use std::{collections::VecDeque, io::Cursor};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    web::{Bytes, Data},
};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Serialize;

use super::{describe_download, download, parse_format};
use crate::{
    account_file::{Label, Part, RecordProblem, Writer, WriterOptions, records},
    domain::{
        self, Operator,
        imports::{self, Preview},
    },
    file_format::Format,
    gateway::Gateway,
    model::{Invalid, Language, Problem, UserId},
    transport::{
        error::{Error, Protocol, reason},
        openapi::{Described, Description},
    },
};

/// Maximum number of records of an import. The hashes of their passwords take the time of the request.
const MAX_RECORDS: usize = 500;

/// An import, as it is asked for.
pub struct ImportRequest {
    text: String,
    format: Format,
    is_dry_run: bool,
    ignored: Vec<String>,
}

/// What an import has done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportData")]
pub struct ImportReport {
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

/// The format of that name, CSV by default.
fn format_or_csv(name: Option<&str>) -> Result<Format, Invalid> {
    parse_format(name.filter(|name| !name.is_empty()).unwrap_or("csv"))
}

impl ImportRequest {
    /// The import of the file `text` in the format of that name, CSV by default. The columns in `ignored`, separated by
    /// commas, are skipped; a dry run only says what would happen.
    ///
    /// # Errors
    /// For an unknown format.
    pub fn parse(text: String, format: Option<&str>, is_dry_run: bool, ignored: &str) -> Result<Self, Invalid> {
        let ignored = ignored.split(',').map(|name| name.trim().to_owned()).collect();
        Ok(Self { text, format: format_or_csv(format)?, is_dry_run, ignored })
    }

    /// Runs the import. The reasons of refusals are in `language`.
    ///
    /// # Errors
    /// When the file can't be read; then nothing is imported.
    pub async fn run(self, gateway: &Gateway, operator: &Operator, language: Language) -> Result<ImportReport, Error> {
        let Part { labels, records, .. } = read(gateway, self.text, self.format, self.ignored)?;
        let results = if self.is_dry_run {
            Preview::default().check(gateway, operator, records).await?
        } else if records.is_empty() {
            Vec::new()
        } else {
            imports::import(gateway, operator, records, None, |_| Ok(())).await?
        };
        let created = results.iter().filter(|result| result.is_ok()).count();
        Ok(ImportReport { records: labels.len(), created, refused: refused(&labels, results, language) })
    }
}

/// Reads all records before anything is kept.
fn read(gateway: &Gateway, text: String, format: Format, ignored: Vec<String>) -> Result<Part, Error> {
    let unusable = |problem: String| Error::from(Protocol::FileUnusable(problem));
    let mut part = Part::after(0);
    for record in records(Cursor::new(text), format, ignored).map_err(|error| unusable(error.to_string()))? {
        if part.labels.len() == MAX_RECORDS {
            return Err(Invalid::new("records", Problem::TooMany { max: MAX_RECORDS }).into());
        }
        part.add(record.map_err(|error| unusable(error.to_string()))?, gateway);
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

/// A file of all accounts of a tenant, which is read and sent page by page.
pub struct AccountsFile {
    gateway: Data<Gateway>,
    operator: Operator,
    format: Format,
    options: WriterOptions,
}

impl AccountsFile {
    const PAGE: i64 = 500;

    /// Begins an export in the format of that name, CSV by default.
    ///
    /// # Errors
    /// For an unknown format.
    pub async fn begin(
        gateway: Data<Gateway>,
        operator: Operator,
        format: Option<&str>,
        for_spreadsheets: bool,
    ) -> Result<Self, Error> {
        let format = format_or_csv(format)?;
        imports::begin_export(&gateway, &operator, format.name()).await?;
        let options = WriterOptions { for_spreadsheets, ..WriterOptions::default() };
        Ok(Self { gateway, operator, format, options })
    }

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
        let (format, name) = (self.format, format!("{}-accounts", self.operator.tenant_id()));
        let pages = stream::try_unfold((self, None), async |(file, position): (Self, Option<UserId>)| {
            let page = file.page(position).await?;
            Ok::<_, domain::Error>(page.map(|(bytes, last)| (bytes, (file, Some(last)))))
        });
        download(req, format, &name, pages)
    }
}

impl Described for AccountsFile {
    fn describe(operation: &mut Description<'_>) {
        describe_download(operation);
    }
}
