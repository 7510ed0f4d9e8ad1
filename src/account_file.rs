//! Files of account records, as other systems, the command line and operators exchange them: CSV with a header line, or
//! one JSON object per line. What the columns are is in the README.

mod part;
mod quotes;
mod records;
mod writer;

use std::io;

pub use self::{
    part::{Label, Part, RecordProblem},
    records::{Located, RawRecord, Records, records},
    writer::{Writer, WriterOptions},
};

/// The format of a file of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header line of field names.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

impl Format {
    /// The format with that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// The format's name, which is also the extension of its files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Why a file can't be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its columns are not those of accounts.
    #[error("{0}")]
    Columns(String),
    /// It can't be read, or it is malformed.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// A record's name for display in a line: without control characters, and truncated.
#[must_use]
pub fn shown(name: &str) -> String {
    const MAX_CHARS: usize = 200;
    name.chars().filter(|letter| !letter.is_control()).take(MAX_CHARS).collect()
}
