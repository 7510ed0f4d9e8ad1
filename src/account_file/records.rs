//! Reads account records, one at a time.

use std::{
    fmt,
    io::{self, BufRead as _, BufReader, Read},
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{FileError, quotes::Quotes, shown};
use crate::{
    domain::imports::NewRecord,
    file_format::Format,
    gateway::Gateway,
    model::{
        AccountRecord, AccountStatus, Avatar, EmailAddress, ImportedPassword, Info, Invalid, Mobile, Nickname,
        Password, PasswordHash, Problem, Username,
    },
};

/// Maximum size of a record in KiB. The longest exported record has three texts of 64 KiB of control characters, which
/// JSON escapes as six bytes each: 1.13 MiB.
const MAX_KIB: u64 = 1280;

/// The fields of a record. `user_id` is in exports, for people.
const FIELDS: [&str; 13] = [
    "username",
    "password",
    "password_hash",
    "nickname",
    "mobile",
    "email",
    "avatar",
    "description",
    "private_info",
    "public_info",
    "status",
    "mobile_confirmed",
    "user_id",
];

/// An unparsed record. Empty fields count as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RawRecord {
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
    mobile_confirmed: Option<Value>,
}

impl RawRecord {
    /// The login name of the account, unparsed.
    #[must_use]
    pub fn name(&self) -> &str {
        [&self.username, &self.mobile, &self.email]
            .into_iter()
            .flatten()
            .find(|name| !name.is_empty())
            .map_or("", |name| name)
    }

    /// The record, if its fields are valid.
    ///
    /// # Errors
    /// What is wrong with the first field that is not.
    pub fn parse(self, gateway: &Gateway) -> Result<NewRecord, Invalid> {
        let hash = present(self.password_hash, |text| PasswordHash::parse("password_hash", text))?;
        let password_min = gateway.reloadable.load().password_min;
        let plain = present(self.password, |text| Password::parse("password", text, password_min))?;
        let info = |what, text: Option<String>| text.map(|text| Info::parse(what, &text)).transpose();
        let record = AccountRecord {
            username: present(self.username, Username::parse)?,
            password_hash: None,
            nickname: present(self.nickname, |text| Nickname::parse("nickname", text))?,
            mobile: present(self.mobile, |text| Mobile::parse("mobile", text))?,
            email: present(self.email, |text| EmailAddress::parse("email", text))?,
            avatar: present(self.avatar, |text| Avatar::parse("avatar", text, gateway.config.avatar_base.as_ref()))?,
            description: info("description", self.description)?,
            private_info: info("private_info", self.private_info)?,
            public_info: info("public_info", self.public_info)?,
            status: if is_on("status", self.status.as_ref(), false)? {
                AccountStatus::Disabled
            } else {
                AccountStatus::Active
            },
            is_mobile_confirmed: is_on("mobile_confirmed", self.mobile_confirmed.as_ref(), true)?,
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

/// A 0 or 1, as a number or as text.
fn is_on(what: &'static str, value: Option<&Value>, default: bool) -> Result<bool, Invalid> {
    let Some(value) = value else { return Ok(default) };
    match value.as_i64().or_else(|| value.as_str()?.parse().ok()) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) | None => Err(Invalid::new(what, Problem::OutOfRange { min: 0, max: 1 })),
    }
}

/// A record and the byte offset of its end.
pub struct Located {
    /// The error does not quote the record, because it may contain a password.
    pub record: Result<RawRecord, String>,
    /// Where it ends.
    pub end: u64,
}

/// A file whose records have a maximum length: a stray quote would turn the rest of the file into one record.
struct Bounded<R> {
    file: R,
    read: u64,
    /// Byte offset of the current record.
    begin: u64,
    /// The number of records before it.
    count: u64,
    quotes: Quotes,
}

impl<R> Bounded<R> {
    const MAX_BYTES: u64 = MAX_KIB * 1024;

    fn check(&self, end: u64) -> io::Result<()> {
        if end.saturating_sub(self.begin) <= Self::MAX_BYTES {
            return Ok(());
        }
        let Self { begin, count, .. } = self;
        let problem = format!("after record {count}, at byte {begin}: a record is longer than {MAX_KIB} KiB");
        Err(io::Error::other(problem))
    }

    /// Advances to `end`, past that many records.
    fn pass(&mut self, end: u64, records: u64) -> io::Result<()> {
        self.check(end)?;
        self.quotes.check(end)?;
        self.begin = end;
        self.count += records;
        Ok(())
    }
}

impl<R: Read> Read for Bounded<R> {
    /// A call means that the current record does not end in the bytes read so far, so its length is checked first.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check(self.read)?;
        let length = self.file.read(buffer)?;
        self.read += u64::try_from(length).unwrap_or_default();
        self.quotes.see(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// The records of a file, in order. An error is the last item.
pub type Records<'a> = Box<dyn Iterator<Item = io::Result<Located>> + 'a>;

/// The records of a file of that format. Fields in `ignored` are skipped; other unknown ones are refused, since
/// the values of a misspelt one would be lost.
///
/// # Errors
/// When the file can't be read, or its first line does not name the fields.
pub fn records<'a>(file: impl Read + 'a, format: Format, ignored: Vec<String>) -> Result<Records<'a>, FileError> {
    let file = Bounded { file, read: 0, begin: 0, count: 0, quotes: Quotes::default() };
    match format {
        Format::Csv => csv_records(file, &ignored),
        Format::Jsonl => Ok(jsonl_records(file, ignored)),
    }
}

fn csv_records<'a>(mut file: Bounded<impl Read + 'a>, ignored: &[String]) -> Result<Records<'a>, FileError> {
    file.quotes.watch();
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::Headers).from_reader(file);
    let headers = reader.byte_headers().map_err(io::Error::other)?.clone();
    check_headers(&headers, ignored)?;
    let end = reader.position().byte();
    reader.get_mut().pass(end, 0)?;
    let mut row = csv::ByteRecord::new();
    Ok(Box::new(std::iter::from_fn(move || match reader.read_byte_record(&mut row) {
        Ok(false) => None,
        Ok(true) => {
            let end = reader.position().byte();
            let record = csv_record(&row, &headers);
            Some(reader.get_mut().pass(end, 1).map(|()| Located { record, end }))
        }
        Err(error) => Some(Err(io::Error::other(error))),
    })))
}

fn check_headers(headers: &csv::ByteRecord, ignored: &[String]) -> Result<(), FileError> {
    const LEADING: [&str; 3] = ["username", "mobile", "email"];
    let names: Vec<_> = headers.iter().map(String::from_utf8_lossy).collect();
    let unknown: Vec<&str> = names.iter().map(|name| &**name).filter(|name| !is_field(name, ignored)).collect();
    let doubled = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name));
    let problem = if !names.iter().any(|name| LEADING.contains(&&**name)) {
        "the first line must name the fields, `username`, `mobile` or `email` among them".to_owned()
    } else if !unknown.is_empty() {
        let known = FIELDS.join(", ");
        let unknown = shown(&unknown.join(", "));
        format!("unknown columns: {unknown} (known: {known}; those named in ignore-columns are skipped)")
    } else if let Some((_, name)) = doubled {
        format!("the column {} stands twice in the first line", shown(name))
    } else {
        return Ok(());
    };
    Err(FileError::Columns(problem))
}

fn is_field(name: &str, ignored: &[String]) -> bool {
    FIELDS.contains(&name) || ignored.iter().any(|ignored| ignored == name)
}

fn csv_record(row: &csv::ByteRecord, headers: &csv::ByteRecord) -> Result<RawRecord, String> {
    if row.len() != headers.len() {
        return Err(format!("{} fields where the first line names {}", row.len(), headers.len()));
    }
    row.deserialize(Some(headers)).map_err(|error| csv_problem(&error))
}

fn csv_problem(error: &csv::Error) -> String {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return "not a record".to_owned() };
    let field = err.field().map_or_else(|| "a field".to_owned(), |index| format!("field {}", index + 1));
    // serde's own texts quote the value.
    if let csv::DeserializeErrorKind::InvalidUtf8(_) = err.kind() {
        return format!("{field} is not UTF-8");
    }
    format!("{field} is of the wrong type")
}

fn jsonl_records<'a>(file: Bounded<impl Read + 'a>, ignored: Vec<String>) -> Records<'a> {
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
            let is_blank = text.trim_ascii().is_empty();
            if let Err(error) = reader.get_mut().pass(end, u64::from(!is_blank)) {
                return Some(Err(error));
            }
            if !is_blank {
                return Some(Ok(Located { record: json_record(text, &ignored), end }));
            }
        }
    }))
}

/// The keys and values of a JSON object, doubled keys included.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        from.deserialize_map(Entries)
    }
}

fn json_record(text: &[u8], ignored: &[String]) -> Result<RawRecord, String> {
    let start = text.trim_ascii_start();
    if !start.starts_with(b"{") {
        return Err(format!("no JSON object, at column {}", text.len() - start.len() + 1));
    }
    let object: Object =
        serde_json::from_slice(text).map_err(|error| format!("no JSON object, at column {}", error.column()))?;
    let mut fields = serde_json::Map::new();
    for (key, value) in object.0.into_iter().filter(|(key, _)| !ignored.contains(key)) {
        if !is_field(&key, ignored) {
            return Err(format!("unknown field {}", shown(&key)));
        }
        if fields.contains_key(&key) {
            return Err(format!("the field {key} stands twice"));
        }
        fields.insert(key, value);
    }
    let wrong = fields.iter().find(|(key, value)| {
        let may_be_number = ["status", "mobile_confirmed", "user_id"].contains(&key.as_str());
        !(value.is_null() || value.is_string() || may_be_number)
    });
    if let Some((key, _)) = wrong {
        return Err(format!("{key} is of the wrong type"));
    }
    serde_json::from_value(Value::Object(fields)).map_err(|_| "a field is of the wrong type".to_owned())
}
