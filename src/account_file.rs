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
