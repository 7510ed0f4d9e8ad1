//! `diglot user import`.

mod records;

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest as _, Sha256};

use self::records::records;
use super::Format;
use crate::{
    app::App,
    cli::{Failure, Outcome, Tenant, print},
    domain::{Error, imports},
    model::{Invalid, Problem},
    secret,
};

/// Records of one transaction.
const CHUNK: usize = 2000;

#[derive(Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// Fields: username, mobile or email, and any of password or `password_hash` (bcrypt), nickname, avatar, description,
    /// `private_info`, `public_info`, status (0 active, 1 disabled)
    file: PathBuf,
    /// How accounts stand in the file; by its name's end without
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where refused records are listed: number, login name, reason [default: FILE.refused]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// The SHA-256 of a file, in hexadecimal: names it wherever it lies.
fn content_hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(secret::hex(&digest.finalize()));
        }
        digest.update(buffer.get(..length).unwrap_or_default());
    }
}

/// The refused records, listed in a file that is made when it is needed.
struct Report {
    path: PathBuf,
    file: Option<File>,
    is_continued: bool,
    refused: u64,
}

impl Report {
    fn add(&mut self, number: u64, username: &str, reason: &str) -> io::Result<()> {
        if self.file.is_none() {
            let mut options = File::options();
            options.create(true).write(true).append(self.is_continued).truncate(!self.is_continued);
            self.file = Some(options.open(&self.path)?);
        }
        self.refused += 1;
        let name: String = username.chars().filter(|letter| !letter.is_control()).take(200).collect();
        match &mut self.file {
            Some(file) => writeln!(file, "{number}\t{name}\t{reason}"),
            None => Ok(()),
        }
    }
}

pub(in crate::cli) async fn run(app: &App, args: &ImportArgs) -> Outcome {
    let operator = args.tenant.operator(app).await?;
    let at = |error: io::Error| Failure::Failed(format!("{}: {error}", args.file.display()));
    let hash = content_hash(&args.file).map_err(at)?;
    let file = File::open(&args.file).map_err(at)?;
    let length = file.metadata().map_err(at)?.len();
    let mut records = match args.format.or_else(|| format_of(&args.file)) {
        Some(format) => records(file, format)?,
        None => return Err(Failure::Usage("--format csv or jsonl: the file's name does not tell".to_owned())),
    };
    let done = u64::try_from(imports::records_done(app, &operator, &hash).await?).unwrap_or_default();
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {msg}, {eta} left") {
        bar.set_style(style);
    }
    if done > 0 {
        bar.println(format!("going on after record {done}"));
    }
    let path = args.report.clone().unwrap_or_else(|| {
        let mut name = args.file.clone().into_os_string();
        name.push(".refused");
        PathBuf::from(name)
    });
    let mut report = Report { path, file: None, is_continued: done > 0, refused: 0 };
    let (mut number, mut imported) = (0_u64, 0_u64);
    loop {
        let (first, mut names, mut list) = (number, Vec::new(), Vec::new());
        while list.len() < CHUNK {
            let Some(next) = records.next() else { break };
            let next = next.map_err(at)?;
            bar.set_position(next.end);
            number += 1;
            if number <= done {
                continue;
            }
            names.push(next.record.as_ref().map_or(String::new(), |raw| raw.name().to_owned()));
            list.push(match next.record {
                Ok(raw) => raw.parse(app.config.password_min).map_err(|invalid| (invalid.to_string(), invalid)),
                Err(problem) => Err((problem, Invalid::new("record", Problem::Malformed))),
            });
        }
        if list.is_empty() {
            break;
        }
        let first = first.max(done);
        let reasons: Vec<Option<String>> = list.iter().map(|item| Some(item.as_ref().err()?.0.clone())).collect();
        let list = list.into_iter().map(|item| item.map_err(|(_, invalid)| Error::Invalid(invalid))).collect();
        let records_done = i64::try_from(number).unwrap_or(i64::MAX);
        let results = imports::import(app, &operator, &hash, list, records_done).await?;
        for (((index, result), name), reason) in (first + 1..).zip(results).zip(&names).zip(reasons) {
            match result {
                Ok(()) => imported += 1,
                Err(error) => report.add(index, name, &reason.unwrap_or_else(|| error.to_string()))?,
            }
        }
        bar.set_message(format!("{imported} imported, {} refused", report.refused));
    }
    bar.finish_and_clear();
    let hint = if report.refused > 0 { format!(" (see {})", report.path.display()) } else { String::new() };
    print(&format!("{imported} imported, {} refused{hint}\n", report.refused))
}

fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        _ => None,
    }
}
