//! The log: one line per record on standard error, as text or JSON, with the id of the request that it belongs to.

mod writer;

use std::{
    cell::RefCell,
    io::{self, IsTerminal as _, Write as _},
    str::FromStr,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use env_logger::{Target, WriteStyle};
use jiff::Timestamp;
use log::{
    Level, Log, Metadata, Record,
    kv::{self, Key, Value, VisitSource, VisitValue},
};
use serde::{Serialize, Serializer as _, ser::SerializeMap};

use self::writer::Background;
use crate::{
    clock::{Clock as _, SystemClock},
    metrics::Counter,
};

tokio::task_local! {
    static OF_TASK: Arc<str>;
}

thread_local! {
    static OF_THREAD: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `[TIME LEVEL TARGET] MESSAGE`.
    #[default]
    Text,
    /// A JSON object per line.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be text or json"),
        }
    }
}

/// The size of most lines.
const TYPICAL_BYTES: usize = 256;

/// The process' logger, whose filter can change.
struct Logger {
    format: LogFormat,
    /// Writes to standard error, unless that is a terminal.
    background: Option<Background>,
    current: ArcSwap<env_logger::Logger>,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

impl Logger {
    fn new(filter: &str, format: LogFormat) -> Self {
        let is_terminal = io::stderr().is_terminal();
        // Without another thread, lines are written where they are logged.
        let background = if is_terminal { None } else { Background::start(io::stderr()).ok() };
        let current = ArcSwap::from_pointee(build(filter, format, background.clone()));
        Self { format, background, current }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.current.load().enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.current.load().log(record);
    }

    fn flush(&self) {
        if let Some(background) = &self.background {
            background.flush();
        }
    }
}

/// Logs to standard error what `filter` lets through, in `env_logger`'s syntax.
pub(crate) fn start(filter: &str, format: LogFormat) {
    let logger = LOGGER.get_or_init(|| Logger::new(filter, format));
    // A logger that is already set is this one.
    if log::set_logger(logger).is_ok() {
        log::set_max_level(logger.current.load().filter());
    }
}

/// Counts the lines that are dropped because standard error is not read fast enough.
pub(crate) fn count_dropped(counter: Counter) {
    if let Some(background) = LOGGER.get().and_then(|logger| logger.background.as_ref()) {
        background.count_dropped(counter);
    }
}

/// Replaces the filter.
pub(crate) fn set_filter(filter: &str) {
    if let Some(logger) = LOGGER.get() {
        let changed = build(filter, logger.format, logger.background.clone());
        log::set_max_level(changed.filter());
        logger.current.store(changed.into());
    }
}

fn build(filter: &str, format: LogFormat, background: Option<Background>) -> env_logger::Logger {
    let mut builder = env_logger::Builder::new();
    let has_colors = background.is_none();
    if let Some(background) = background {
        // Without colors there is nothing to take out of a line.
        builder.target(Target::Pipe(Box::new(background))).write_style(WriteStyle::Always);
    }
    builder
        .parse_filters(filter)
        .format(move |to, record| {
            // One piece: a piece costs as much as its formatting.
            let mut line = Vec::with_capacity(TYPICAL_BYTES);
            match format {
                LogFormat::Text => {
                    let (level, target) = (record.level(), record.target());
                    if has_colors {
                        let (time, style) = (to.timestamp_seconds(), to.default_level_style(level));
                        write!(line, "[{time} {style}{level:<5}{style:#} {target}] ")?;
                    } else {
                        push_prefix(&mut line, level, target);
                    }
                    write_line(&mut line, record)?;
                }
                LogFormat::Json => write_json(&mut line, record, &to.timestamp_millis().to_string())?,
            }
            line.push(b'\n');
            to.write_all(&line)
        })
        .build()
}

/// What a line begins with. It is the same for many lines, so most of it is not formatted again.
fn push_prefix(line: &mut Vec<u8>, level: Level, target: &str) {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = RefCell::default();
    }
    let now = SystemClock.now_ms() / 1000;
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now {
            *second = now;
            *text = Timestamp::from_second(now).map(|time| time.to_string()).unwrap_or_default();
        }
        line.push(b'[');
        line.extend_from_slice(text.as_bytes());
    });
    let padding = if level.as_str().len() < 5 { "  " } else { " " };
    for part in [" ", level.as_str(), padding, target, "] "] {
        line.extend_from_slice(part.as_bytes());
    }
}

/// Writes the message, or the fields of a record that has some, such as those of the access log.
///
/// # Errors
/// Those of `to`.
pub fn write_line(to: &mut impl io::Write, record: &Record<'_>) -> io::Result<()> {
    let mut fields = TextFields { to, is_first: true };
    record.key_values().visit(&mut fields).map_err(io::Error::other)?;
    if fields.is_first {
        if let Some(id) = current_request() {
            write!(to, "request {id}: ")?;
        }
        write_escaped(to, &record.args().to_string())?;
    }
    Ok(())
}

/// Writes a message, which may quote what others have sent: as one line, without commands to a terminal.
fn write_escaped(to: &mut impl io::Write, message: &str) -> io::Result<()> {
    for piece in message.split_inclusive(char::is_control) {
        let text = piece.trim_end_matches(char::is_control);
        to.write_all(text.as_bytes())?;
        write!(to, "{}", piece.get(text.len()..).unwrap_or_default().escape_default())?;
    }
    Ok(())
}

/// Writes a line as a JSON object: the time, level and target, then the fields, or the request's id and the message.
///
/// # Errors
/// Those of `to`.
pub fn write_json(to: &mut impl io::Write, record: &Record<'_>, time: &str) -> io::Result<()> {
    let mut json = serde_json::Serializer::new(&mut *to);
    let mut fields = json.serialize_map(None)?;
    fields.serialize_entry("time", time)?;
    fields.serialize_entry("level", record.level().as_str())?;
    fields.serialize_entry("target", record.target())?;
    if record.key_values().count() == 0 {
        if let Some(id) = current_request() {
            fields.serialize_entry("id", &*id)?;
        }
        fields.serialize_entry("message", record.args())?;
    }
    record.key_values().visit(&mut JsonFields(&mut fields)).map_err(io::Error::other)?;
    Ok(fields.end()?)
}

/// Structured fields as text: `id=7 user=-`.
struct TextFields<'a, W> {
    to: &'a mut W,
    is_first: bool,
}

impl<'kvs, W: io::Write> VisitSource<'kvs> for TextFields<'_, W> {
    fn visit_pair(&mut self, name: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        if !std::mem::take(&mut self.is_first) {
            self.to.write_all(b" ")?;
        }
        self.to.write_all(name.as_str().as_bytes())?;
        self.to.write_all(b"=")?;
        value.visit(self)
    }
}

impl<W: io::Write> VisitValue<'_> for TextFields<'_, W> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        Ok(write!(self.to, "{value}")?)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.visit_str(itoa::Buffer::new().format(value))
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.visit_str(itoa::Buffer::new().format(value))
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        serde_json::to_writer(&mut *self.to, &value).map_err(kv::Error::boxed)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        Ok(self.to.write_all(value.as_bytes())?)
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        Ok(self.to.write_all(b"-")?)
    }
}

/// Structured fields as those of a JSON object.
struct JsonFields<'a, M>(&'a mut M);

impl<'kvs, M: SerializeMap<Error: std::error::Error + Send + Sync + 'static>> VisitSource<'kvs> for JsonFields<'_, M> {
    fn visit_pair(&mut self, name: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        value.visit(JsonField { map: self.0, name: name.as_str() })
    }
}

/// A field of a JSON object: a number, a text or null.
struct JsonField<'a, M> {
    map: &'a mut M,
    name: &'a str,
}

impl<M: SerializeMap<Error: std::error::Error + Send + Sync + 'static>> JsonField<'_, M> {
    fn put(&mut self, value: impl Serialize) -> Result<(), kv::Error> {
        self.map.serialize_entry(self.name, &value).map_err(kv::Error::boxed)
    }
}

impl<M: SerializeMap<Error: std::error::Error + Send + Sync + 'static>> VisitValue<'_> for JsonField<'_, M> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        self.put(format_args!("{value}"))
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        self.put(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.put(value)
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.put(value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.put(value)
    }
}

/// Does `work` for the request `id`.
pub(crate) async fn for_request<T>(id: Arc<str>, work: impl Future<Output = T>) -> T {
    OF_TASK.scope(id, work).await
}

/// A job for another thread that belongs to the same request as the caller.
pub(crate) fn carry_over<T>(job: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let id = current_request();
    move || on_this_thread(id, job)
}

/// Does a job of the request `id` on this thread.
pub(crate) fn on_this_thread<T>(id: Option<Arc<str>>, job: impl FnOnce() -> T) -> T {
    OF_THREAD.set(id);
    let outcome = job();
    OF_THREAD.set(None);
    outcome
}

/// The id of the request that this code runs for.
pub(crate) fn current_request() -> Option<Arc<str>> {
    OF_TASK.try_with(Arc::clone).ok().or_else(|| OF_THREAD.with_borrow(Clone::clone))
}
