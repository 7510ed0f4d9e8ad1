//! Whether the quotes of a CSV file are where they belong.

use std::io;

/// Finds quoted fields that are not closed, and text behind a closing quote (RFC 4180 allows neither). The csv crate
/// accepts both, and may take the following lines into one field.
#[derive(Default)]
pub(super) struct Quotes {
    is_on: bool,
    state: Quoting,
    /// Bytes and line breaks seen.
    bytes: u64,
    lines: u64,
    /// Where the last quoted field began: its byte offset and its line.
    opened: (u64, u64),
    /// The first field with text behind its closing quote.
    malformed: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Quoting {
    #[default]
    FieldStart,
    Unquoted,
    Quoted,
    /// A quote inside a quoted field: its end, or the first of two.
    QuoteInQuoted,
}

impl Quotes {
    /// From now on; other formats have no quotes.
    pub(super) fn watch(&mut self) {
        self.is_on = true;
    }

    pub(super) fn see(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().filter(|_| self.is_on) {
            self.state = match (self.state, byte) {
                (Quoting::FieldStart, b'"') => {
                    self.opened = (self.bytes, self.lines + 1);
                    Quoting::Quoted
                }
                (Quoting::Quoted, b'"') => Quoting::QuoteInQuoted,
                (Quoting::Quoted, _) | (Quoting::QuoteInQuoted, b'"') => Quoting::Quoted,
                (_, b',' | b'\n' | b'\r') => Quoting::FieldStart,
                (Quoting::QuoteInQuoted, _) => {
                    self.malformed.get_or_insert(self.opened);
                    Quoting::Unquoted
                }
                // A byte order mark stands before the first field.
                (Quoting::FieldStart, 0xef | 0xbb | 0xbf) if self.bytes < 3 => Quoting::FieldStart,
                (Quoting::FieldStart | Quoting::Unquoted, _) => Quoting::Unquoted,
            };
            self.bytes += 1;
            self.lines += u64::from(*byte == b'\n');
        }
    }

    /// What is wrong with the quotes of a record that ends at `end`; at the end of the file a field may not be open.
    pub(super) fn check(&self, end: u64) -> io::Result<()> {
        let is_open = self.state == Quoting::Quoted && end >= self.bytes;
        let open = is_open.then_some((self.opened, "a quoted field is not closed"));
        let malformed = self.malformed.filter(|(at, _)| *at < end);
        match malformed.map(|place| (place, "text follows the closing quote of a field")).or(open) {
            Some(((_, line), problem)) => Err(io::Error::other(format!("line {line}: {problem}"))),
            None => Ok(()),
        }
    }
}
