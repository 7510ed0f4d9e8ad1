//! Writes accounts to a file.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use serde::Serialize;

use crate::{
    file_format::{Format, inert},
    store::users::ExportRow,
};

/// What a file has beyond its fixed columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriterOptions {
    /// Whether it has the hashes of passwords.
    pub with_password_hashes: bool,
    /// Whether CSV cells that a spreadsheet would take for formulas begin with a quote. Such a file is for people: an
    /// import would take the quotes for parts of the values.
    pub for_spreadsheets: bool,
    /// Whether it continues a file that has the line of field names already.
    pub is_continued: bool,
}

/// An account in an exported file: the fields that import reads, and the account's number for information.
#[derive(Serialize)]
struct Record<'a> {
    user_id: i64,
    status: i16,
    username: Option<Cow<'a, str>>,
    nickname: Cow<'a, str>,
    mobile: Option<Cow<'a, str>>,
    mobile_confirmed: i16,
    email: Option<Cow<'a, str>>,
    avatar: Cow<'a, str>,
    description: Option<Cow<'a, str>>,
    private_info: Option<Cow<'a, str>>,
    public_info: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<&'a str>,
}

/// A file that is written.
pub struct Writer<W: Write> {
    file: File<W>,
    options: WriterOptions,
}

enum File<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Writer<W> {
    /// A file of that format, written to `to`. `to` should have a buffer.
    pub fn new(to: W, format: Format, options: WriterOptions) -> Self {
        let file = match format {
            Format::Csv => {
                let has_headers = !options.is_continued;
                File::Csv(Box::new(csv::WriterBuilder::new().has_headers(has_headers).from_writer(to)))
            }
            Format::Jsonl => File::Jsonl(to),
        };
        Self { file, options }
    }

    /// Writes an account.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write<'r>(&mut self, row: &'r ExportRow) -> io::Result<()> {
        let WriterOptions { with_password_hashes, for_spreadsheets, .. } = self.options;
        let is_csv = matches!(self.file, File::Csv(_));
        let cell = |text: &'r str| if for_spreadsheets && is_csv { inert(text) } else { Cow::Borrowed(text) };
        let unset = |text: &'r Option<String>| text.as_deref().map(cell);
        // A CSV column must be present in every row or in none.
        let hash = row.password_hash.as_deref().or_else(|| is_csv.then_some(""));
        let record = Record {
            user_id: row.id,
            status: row.status,
            username: unset(&row.username),
            nickname: cell(&row.nickname),
            mobile: unset(&row.mobile),
            mobile_confirmed: i16::from(row.mobile_confirmed),
            email: unset(&row.email),
            avatar: cell(&row.avatar_url),
            description: unset(&row.description),
            private_info: unset(&row.private_info),
            public_info: unset(&row.public_info),
            password_hash: hash.filter(|_| with_password_hashes),
        };
        match &mut self.file {
            File::Csv(writer) => Ok(writer.serialize(record)?),
            File::Jsonl(writer) => {
                serde_json::to_writer(&mut *writer, &record)?;
                writer.write_all(b"\n")
            }
        }
    }

    /// Hands everything over to what the file is written to.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            File::Csv(writer) => writer.flush(),
            File::Jsonl(writer) => writer.flush(),
        }
    }
}
