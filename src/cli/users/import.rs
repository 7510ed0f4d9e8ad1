//! `diglot user import`.

mod dry_run;
mod report;

use std::{
    fs::{self, File},
    io::{self, Read, Seek as _},
    path::PathBuf,
    sync::Arc,
};

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::report::Report;
use crate::{
    account_file::{FileError, Label, Part, Records, records},
    cli::{Failure, FileFormat, Outcome, Tenant, output::Output},
    domain::{
        Error, Operator,
        imports::{self, Progress},
    },
    file_format::Format,
    gateway::Gateway,
    secret,
};

#[derive(Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// Fields: at least one of username, mobile and email; optionally password or `password_hash` (bcrypt), nickname,
    /// avatar, description, `private_info`, `public_info`, status (0 active, 1 disabled), `mobile_confirmed` (0 or 1).
    /// Must be a regular file, because it is read twice
    file: PathBuf,
    /// File format; by default determined by the file's extension
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// File to which refused records are written: number, login name, reason [default: FILE.refused]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Fields of the file to skip; other unknown ones are refused
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    ignore_columns: Vec<String>,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

impl ImportArgs {
    /// An error in reading the file.
    fn at(&self, error: &io::Error) -> Failure {
        Failure::Failed(format!("{}: {error}", self.file.display()))
    }

    fn format(&self) -> Result<Format, Failure> {
        let by_name = || match self.file.extension()?.to_str()? {
            "csv" => Some(Format::Csv),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            _ => None,
        };
        let unknown = || Failure::Usage("--format csv or jsonl is required: unknown file extension".to_owned());
        self.format.map(Format::from).or_else(by_name).ok_or_else(unknown)
    }

    /// Opens the file. The type is checked before, because opening a pipe would block until there is a writer.
    fn open(&self) -> Result<File, Failure> {
        if !fs::metadata(&self.file).map_err(|error| self.at(&error))?.is_file() {
            let path = self.file.display();
            return Err(Failure::Usage(format!("{path}: no regular file; an import reads its file twice")));
        }
        File::open(&self.file).map_err(|error| self.at(&error))
    }

    /// Opens the report of an import that has already processed `done` records.
    fn open_report(&self, done: u64) -> Result<Report, Failure> {
        let path = self.report.clone().unwrap_or_else(|| {
            let mut name = self.file.clone().into_os_string();
            name.push(".refused");
            PathBuf::from(name)
        });
        if fs::canonicalize(&path).is_ok_and(|path| fs::canonicalize(&self.file).is_ok_and(|file| file == path)) {
            return Err(Failure::Usage(format!("{}: the report would overwrite the file", path.display())));
        }
        let problem = |error| Failure::Failed(format!("{}: {error}", path.display()));
        Report::open(path.clone(), done).map_err(problem)
    }
}

/// The SHA-256 of a file, in hexadecimal. Identifies the file independently of its path. Rewinds the file.
fn content_hash(file: &mut File) -> io::Result<String> {
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            file.rewind()?;
            return Ok(secret::hex(&digest.finalize()));
        }
        digest.update(buffer.get(..length).unwrap_or_default());
    }
}

/// The sizes from which on a part is not extended.
const MAX_RECORDS: usize = 2000;
const MAX_BYTES: u64 = 8 << 20;

/// A record that was refused.
#[derive(Serialize)]
struct RefusedData {
    /// Its number, from 1.
    record: u64,
    /// Its login name, mobile number or e-mail address.
    name: String,
    reason: String,
}

/// The refused records of a part. `results` are those of the valid records.
fn refusals(done: u64, labels: &[Label], results: &[Result<(), Error>]) -> Vec<RefusedData> {
    let data = |(record, label, refusal): (u64, &Label, Option<&Error>)| {
        let problem = label.problem.as_ref().map(ToString::to_string);
        let reason = problem.or_else(|| refusal.map(ToString::to_string)).unwrap_or_default();
        RefusedData { record, name: label.name.clone(), reason }
    };
    Label::refused(done, labels, results).map(data).collect()
}

/// Reads a file part by part.
struct Parts<'a> {
    records: Records<'a>,
    gateway: &'a Gateway,
    done: u64,
    /// Byte offset of the next part.
    position: u64,
    /// An error that was found after the part read last.
    broken: Option<io::Error>,
}

impl<'a> Parts<'a> {
    /// Skips the first `done` records.
    fn after(records: Records<'a>, done: u64, gateway: &'a Gateway) -> io::Result<Self> {
        let mut parts = Self { records, gateway, done, position: 0, broken: None };
        for _ in 0..done {
            if let Some(record) = parts.records.next() {
                parts.position = record?.end;
            }
        }
        Ok(parts)
    }

    /// Returns the next part; an empty one at the end. Records before an error are returned first, as their own part.
    fn next(&mut self) -> io::Result<Part> {
        let (mut part, begin) = (Part::after(self.done), self.position);
        while self.broken.is_none() && part.labels.len() < MAX_RECORDS && self.position - begin < MAX_BYTES {
            match self.records.next() {
                None => break,
                Some(Err(error)) => self.broken = Some(error),
                Some(Ok(located)) => {
                    self.position = located.end;
                    part.add(located, self.gateway);
                }
            }
        }
        self.done = part.records_done();
        match self.broken.take_if(|_| part.labels.is_empty()) {
            Some(error) => Err(error),
            None => Ok(part),
        }
    }
}

/// Imports a part. Its refused records are written to the report before the commit, so that none is lost. Returns the
/// number of accounts created.
async fn import(
    gateway: &Gateway,
    operator: &Operator,
    hash: &str,
    part: Part,
    report: &Arc<Report>,
) -> Result<usize, Error> {
    let records_done = i64::try_from(part.records_done()).unwrap_or(i64::MAX);
    let progress = Progress { content_hash: hash.to_owned(), records_done };
    let (report, done, labels) = (Arc::clone(report), part.done, part.labels);
    let problem = |report: &Report, error| Error::unavailable(format!("{}: {error}", report.path().display()));
    let length = report.length().map_err(|error| problem(&report, error))?;
    let note = move |results: &[Result<(), Error>]| {
        report.add(length, &report::lines(&refusals(done, &labels, results))).map_err(|error| problem(&report, error))
    };
    let results = imports::import(gateway, operator, part.records, Some(progress), note).await?;
    Ok(results.iter().filter(|result| result.is_ok()).count())
}

fn unusable(error: FileError) -> Failure {
    match error {
        FileError::Columns(problem) => Failure::Usage(problem),
        FileError::Read(error) => error.into(),
    }
}

/// What an import has done, or what it would do.
#[derive(Default, Serialize)]
struct ImportData {
    /// The number of records; without those of an interrupted run before.
    records: usize,
    /// The number of accounts that were created or, in a dry run, would be.
    created: usize,
    /// The number of records that were refused.
    refused_count: usize,
    /// In a dry run, the refused records.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Vec<RefusedData>>,
    /// The file that lists the refused records, if there are any. A dry run writes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<PathBuf>,
}

impl ImportData {
    fn add(&mut self, records: usize, created: usize) {
        self.records += records;
        self.created += created;
        self.refused_count += records - created;
    }
}

/// Imports all parts, starting with `part`.
async fn import_all(
    gateway: &Gateway,
    operator: &Operator,
    args: &ImportArgs,
    hash: &str,
    (mut part, mut parts): (Part, Parts<'_>),
    report: &Arc<Report>,
    bar: &ProgressBar,
) -> Result<ImportData, Failure> {
    let mut data = ImportData::default();
    while !part.labels.is_empty() {
        let count = part.labels.len();
        let made = import(gateway, operator, hash, part, report).await?;
        data.add(count, made);
        bar.set_position(parts.position);
        bar.set_message(format!("{} imported, {} refused", data.created, data.refused_count));
        part = parts.next().map_err(|error| args.at(&error))?;
    }
    Ok(data)
}

pub(in crate::cli) async fn run(gateway: &Gateway, output: Output, args: &ImportArgs) -> Outcome {
    let at = |error: io::Error| args.at(&error);
    let operator = args.tenant.operator(gateway).await?;
    let mut file = args.open()?;
    let (format, length) = (args.format()?, file.metadata().map_err(at)?.len());
    let hash = content_hash(&mut file).map_err(at)?;
    let done = u64::try_from(imports::records_done(gateway, &operator, &hash).await?).unwrap_or_default();
    let mut parts = Parts::after(records(file, format, args.ignore_columns.clone()).map_err(unusable)?, done, gateway)
        .map_err(at)?;
    let part = parts.next().map_err(at)?;
    if part.labels.is_empty() && done > 0 {
        return output.line(&ImportData::default(), "already imported");
    }
    if args.dry_run {
        return dry_run::run(gateway, output, &operator, args, length, (part, parts)).await;
    }
    let report = Arc::new(args.open_report(done)?);
    if done > 0 {
        output.notice(&format!("resuming after record {done}"));
    }
    let bar = output.progress(Some(length));
    let outcome = import_all(gateway, &operator, args, &hash, (part, parts), &report, &bar).await;
    bar.finish_and_clear();
    let finished = report.finish();
    let mut data = outcome?;
    finished?;
    data.report = (data.refused_count > 0).then(|| report.path().to_owned());
    let hint = data.report.as_ref().map(|path| format!(" (see {})", path.display())).unwrap_or_default();
    output.line(&data, format!("{} imported, {} refused{hint}", data.created, data.refused_count))
}
