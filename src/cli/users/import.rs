//! `diglot user import`.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::{Value, error::Category};
use sha2::{Digest as _, Sha256};

use super::Format;
use crate::{
    app::App,
    cli::{Failure, Outcome, Tenant, print},
    domain::{
        Error,
        imports::{self, NewRecord},
    },
    model::{
        AccountRecord, AvatarUrl, EmailAddress, ImportedPassword, Info, Invalid, Mobile, Nickname, Password,
        PasswordHash, Problem, Standing, Username,
    },
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

/// A record as it stands in a file. What is empty is absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawRecord {
    username: Option<String>,
    password: Option<String>,
    password_hash: Option<String>,
    nickname: Option<String>,
    mobile: Option<String>,
    email: Option<String>,
    avatar: Option<String>,
    description: Option<String>,
    private_info: Option<String>,
    public_info: Option<String>,
    status: Option<Value>,
}

impl RawRecord {
    /// What leads to the account, as the file has it.
    fn name(&self) -> &str {
        [&self.username, &self.mobile, &self.email]
            .into_iter()
            .flatten()
            .find(|name| !name.is_empty())
            .map_or("", |name| name)
    }

    fn parse(self, password_min: usize) -> Result<NewRecord, Invalid> {
        let hash = present(self.password_hash, |text| PasswordHash::parse("password_hash", text))?;
        let plain = present(self.password, |text| Password::parse("password", text, password_min))?;
        let info = |what, text: Option<String>| text.map(|text| Info::parse(what, &text)).transpose();
        let record = AccountRecord {
            username: present(self.username, Username::parse)?,
            password_hash: None,
            nickname: present(self.nickname, Nickname::parse)?,
            mobile: present(self.mobile, |text| Mobile::parse("mobile", text))?,
            email: present(self.email, |text| EmailAddress::parse("email", text))?,
            avatar: present(self.avatar, |text| AvatarUrl::parse("avatar", text))?,
            description: info("description", self.description)?,
            private_info: info("private_info", self.private_info)?,
            public_info: info("public_info", self.public_info)?,
            standing: self.status.as_ref().map_or(Ok(Standing::Active), standing)?,
        };
        if record.username.is_none() && record.mobile.is_none() && record.email.is_none() {
            return Err(Invalid::new("username, mobile or email", Problem::Missing));
        }
        Ok(NewRecord { record, password: hash.map(ImportedPassword::Hash).or(plain.map(ImportedPassword::Plain)) })
    }
}

fn present<T>(text: Option<String>, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
    text.filter(|text| !text.is_empty()).map(|text| parse(&text)).transpose()
}

/// A state that import can give, of a number or of its text.
fn standing(status: &Value) -> Result<Standing, Invalid> {
    match status.as_i64().or_else(|| status.as_str()?.parse().ok()) {
        Some(0) => Ok(Standing::Active),
        Some(1) => Ok(Standing::Disabled),
        Some(_) | None => Err(Invalid::new("status", Problem::OutOfRange { min: 0, max: 1 })),
    }
}

/// A record and where in the file it ends, in bytes.
struct Located {
    record: Result<RawRecord, String>,
    end: u64,
}

type Records = Box<dyn Iterator<Item = io::Result<Located>>>;

fn csv_records(file: File) -> Result<Records, Failure> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::Headers).from_reader(BufReader::new(file));
    let headers = reader.byte_headers()?.clone();
    check_headers(&headers)?;
    let mut row = csv::ByteRecord::new();
    Ok(Box::new(std::iter::from_fn(move || match reader.read_byte_record(&mut row) {
        Ok(false) => None,
        Ok(true) => {
            let record = row.deserialize(Some(&headers)).map_err(|error| error.to_string());
            Some(Ok(Located { record, end: reader.position().byte() }))
        }
        Err(error) => Some(Err(io::Error::other(error))),
    })))
}

fn check_headers(headers: &csv::ByteRecord) -> Result<(), Failure> {
    const LEADING: [&[u8]; 3] = [b"username", b"mobile", b"email"];
    if headers.iter().any(|name| LEADING.contains(&name)) {
        return Ok(());
    }
    let problem = "the first line must name the fields, `username`, `mobile` or `email` among them";
    Err(Failure::Usage(problem.to_owned()))
}

fn jsonl_records(file: File) -> Records {
    let mut reader = BufReader::new(file);
    let (mut line, mut end) = (Vec::new(), 0);
    Box::new(std::iter::from_fn(move || {
        loop {
            line.clear();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(length) => end += u64::try_from(length).unwrap_or_default(),
                Err(error) => return Some(Err(error)),
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            if !text.trim_ascii().is_empty() {
                // serde's own words quote the value, which may be a password.
                let problem = |error: serde_json::Error| match error.classify() {
                    Category::Data => format!("a field is of the wrong type, at column {}", error.column()),
                    Category::Io | Category::Syntax | Category::Eof => {
                        format!("no JSON object, at column {}", error.column())
                    }
                };
                return Some(Ok(Located { record: serde_json::from_slice(text).map_err(problem), end }));
            }
        }
    }))
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
        let name: String = username.chars().filter(|letter| !letter.is_control()).collect();
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
        Some(Format::Csv) => csv_records(file)?,
        Some(Format::Jsonl) => jsonl_records(file),
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
