//! What commands print: results on stdout, as tables or as JSON; everything else on stderr.

use std::{
    borrow::Cow,
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::Outcome;
use crate::model::Listing;

/// How results are printed, and what is printed beside them.
#[derive(Clone, Copy, Args)]
pub(super) struct Output {
    /// Print results as JSON: an object, or a list as {"items": […], "next": "CURSOR"}
    #[arg(long, global = true)]
    json: bool,
    /// Print no progress and no notices, only results and errors (for the log of serve: `DIGLOT_LOG`)
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// A column of a table: its header, and the text of its cells.
pub(super) type Column<T> = (&'static str, fn(&T) -> String);

/// Data that a command prints: in JSON with all of its fields, for people with those of its columns.
pub(super) trait Row: Serialize + 'static {
    /// What people see of it.
    const COLUMNS: &'static [Column<Self>];
}

/// A list in JSON. `next` is the `--cursor` of the next page, if more items follow.
#[derive(Serialize)]
struct Items<'a, T> {
    items: &'a [T],
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Output {
    /// Prints a page of a list.
    pub(super) fn page<R: Row>(self, page: Listing<R, impl Display>) -> Outcome {
        let Listing { items, next } = page;
        let next = next.map(|cursor| cursor.to_string());
        let hint = next.as_ref().filter(|_| !self.json).map(|cursor| format!("more follow: --cursor {cursor}"));
        self.print(&Items { items: &items, next }, || table(&items))?;
        if let Some(hint) = hint {
            self.notice(&hint);
        }
        Ok(())
    }

    /// Prints a list without cursors.
    pub(super) fn list<R: Row>(self, items: &[R]) -> Outcome {
        self.list_as(items, || table(items))
    }

    /// Prints a list without cursors, for people as `text`.
    pub(super) fn list_as<T: Serialize>(self, items: &[T], text: impl FnOnce() -> String) -> Outcome {
        self.print(&Items { items, next: None }, text)
    }

    /// Prints one thing, a line for each of its columns.
    pub(super) fn details<R: Row>(self, data: &R) -> Outcome {
        self.print(data, || details(data))
    }

    /// Prints data, for people as `text`, in which every line is complete.
    pub(super) fn print(self, data: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
        if self.json { print(&format!("{}\n", serde_json::to_string(data)?)) } else { print(&text()) }
    }

    /// Prints data, for people as a line with the part of it that scripts want.
    pub(super) fn line(self, data: &impl Serialize, line: impl Display) -> Outcome {
        self.print(data, || format!("{line}\n"))
    }

    /// Writes a line to stderr that is not part of the result.
    pub(super) fn notice(self, text: &str) {
        if !self.quiet {
            // If stderr is closed there is nowhere to report to.
            drop(writeln!(io::stderr(), "{text}"));
        }
    }

    /// Shows the progress of something long on a terminal, until it is dropped: out of `length`, or as a count if that is not
    /// known.
    pub(super) fn progress(self, length: Option<u64>) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(length, self.draw_target()).with_finish(ProgressFinish::AndClear);
        let template = if length.is_some() { "{bar:40} {percent}% {msg}, {eta} left" } else { "{spinner} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// As [`progress`](Self::progress), for something that writes to stdout meanwhile. There is none on a terminal that
    /// shows the result itself.
    pub(super) fn progress_of_file(self, length: Option<u64>) -> ProgressBar {
        if io::stdout().is_terminal() { ProgressBar::hidden() } else { self.progress(length) }
    }

    fn draw_target(self) -> ProgressDrawTarget {
        if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
    }

    /// Writes why the command failed to stderr, and returns its exit code.
    pub(super) fn fail(self, problem: &str, code: u8) -> ExitCode {
        #[derive(Serialize)]
        struct ErrorData<'a> {
            error: &'a str,
        }
        let json = self.json.then(|| serde_json::to_string(&ErrorData { error: problem }).ok()).flatten();
        let line = json.unwrap_or_else(|| format!("diglot: {problem}"));
        // If stderr is closed there is nowhere to report to.
        drop(writeln!(io::stderr(), "{line}"));
        ExitCode::from(code)
    }
}

/// Writes to stdout. A reader that closes the pipe early (`| head`) is not an error.
pub(super) fn print(text: &str) -> Outcome {
    write(text.as_bytes()).map(drop)
}

/// Writes to stdout; false if the reader has closed the pipe.
pub(super) fn write(bytes: &[u8]) -> Result<bool, super::Failure> {
    match io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}

/// Items below the names of their columns.
pub(super) fn table<R: Row>(items: &[R]) -> String {
    let header = R::COLUMNS.iter().map(|(name, _)| name.to_uppercase()).collect();
    let row = |item| R::COLUMNS.iter().map(|(_, cell)| cell(item)).collect();
    aligned([header].into_iter().chain(items.iter().map(row)))
}

/// The columns of one thing, a line each.
pub(super) fn details<R: Row>(data: &R) -> String {
    aligned(R::COLUMNS.iter().map(|(name, cell)| vec![(*name).to_owned(), cell(data)]))
}

/// Lines whose cells begin at the same places.
pub(super) fn aligned(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.iter().map(|cell| printable(cell).into_owned()).collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| {
            let padding = width.saturating_sub(cell.width());
            format!("{cell}{:padding$}", "")
        });
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The text on one line, without what a terminal would obey: names come from users.
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        let shown = |letter: char| {
            if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }
        };
        text.chars().map(shown).collect::<String>().into()
    } else {
        text.into()
    }
}

/// A time in UTC, to the second.
pub(super) fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// A time in UTC, of Unix seconds.
pub(super) fn time_of_secs(secs: i64) -> String {
    time(secs.saturating_mul(1000))
}

/// A time in UTC, where 0 stands for never.
pub(super) fn time_or_never(ms: i64) -> String {
    if ms == 0 { "never".to_owned() } else { time(ms) }
}
