//! The report of an import: a file that lists the refused records.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::RefusedData;

/// The report file: number, login name and reason of each refused record, in the order of the records. It is deleted if
/// it is empty at the end.
pub(super) struct Report {
    path: PathBuf,
    file: File,
    /// Anything else (a terminal, a pipe, /dev/null) can't be truncated and must not be deleted.
    is_regular: bool,
}

impl Report {
    /// Opens the report of an import that has already processed `done` records. Lines on later records were written by
    /// an interrupted run and will be written again, so they are removed. A new import starts with an empty report.
    pub(super) fn open(path: PathBuf, done: u64) -> io::Result<Self> {
        let mut file = File::options().create(true).write(true).truncate(false).open(&path)?;
        let is_regular = file.metadata()?.is_file();
        if is_regular {
            file.set_len(if done == 0 { 0 } else { length_up_to(&path, done)? })?;
            file.seek(SeekFrom::End(0))?;
        }
        Ok(Self { path, file, is_regular })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the report, if it is a regular file.
    pub(super) fn length(&self) -> io::Result<Option<u64>> {
        Ok(if self.is_regular { Some(self.file.metadata()?.len()) } else { None })
    }

    /// Appends lines, in place of those beyond `length`. In a regular file they survive a crash of the process and of
    /// the machine.
    pub(super) fn add(&self, length: Option<u64>, lines: &str) -> io::Result<()> {
        if let Some(length) = length {
            self.file.set_len(length)?;
            (&self.file).seek(SeekFrom::End(0))?;
        }
        if lines.is_empty() {
            return Ok(());
        }
        (&self.file).write_all(lines.as_bytes())?;
        if self.is_regular { self.file.sync_data() } else { Ok(()) }
    }

    /// Deletes the report if it is empty.
    pub(super) fn finish(&self) -> io::Result<()> {
        if self.is_regular && self.file.metadata()?.len() == 0 { fs::remove_file(&self.path) } else { Ok(()) }
    }
}

/// Lines of the report. Names must come from [`shown`](crate::account_file::shown); a reason contains no line break and
/// is short.
pub(super) fn lines(refused: &[RefusedData]) -> String {
    refused.iter().map(|RefusedData { record, name, reason }| format!("{record}\t{name}\t{reason}\n")).collect()
}

/// The length in bytes of the complete lines on records up to `done`.
fn length_up_to(path: &Path, done: u64) -> io::Result<u64> {
    let (mut reader, mut line, mut length) = (BufReader::new(File::open(path)?), Vec::new(), 0);
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") || number_of(&line).is_some_and(|number| number > done) {
            return Ok(length);
        }
        length += u64::try_from(read).unwrap_or_default();
    }
}

fn number_of(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.split('\t').next()?.parse().ok()
}
