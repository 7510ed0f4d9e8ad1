//! The refused records of an import, listed in a file.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// The file that lists what is refused: number, login name, reason, in the order of the records. It is there as long as
/// something is listed.
pub(super) struct Report {
    path: PathBuf,
    file: File,
    /// What is none (a terminal, a pipe, /dev/null) can't be cut, and is not ours to delete.
    is_regular: bool,
}

impl Report {
    /// Opens it for an import of whose records `done` are done. What it says of later ones was written by a call that was
    /// cut off, and will be written again; a new import begins with nothing.
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

    /// Adds lines; they outlast this process, and in a file also the machine's.
    pub(super) fn add(&self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        (&self.file).write_all(lines.as_bytes())?;
        if self.is_regular { self.file.sync_data() } else { Ok(()) }
    }

    /// Deletes it when it lists nothing.
    pub(super) fn finish(&self) -> io::Result<()> {
        if self.is_regular && self.file.metadata()?.len() == 0 { fs::remove_file(&self.path) } else { Ok(()) }
    }
}

/// A line of the report. Neither the name nor the reason can break it or make it long.
pub(super) fn line(number: u64, name: &str, reason: &str) -> String {
    format!("{number}\t{name}\t{reason}\n")
}

/// The name of a record as a line shows it.
pub(super) fn shown(name: &str) -> String {
    const MAX_CHARS: usize = 200;
    name.chars().filter(|letter| !letter.is_control()).take(MAX_CHARS).collect()
}

/// The length of the whole lines about records up to `done`.
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
