//! The log: one line per record on standard error, as text or JSON, with the id of the request that it belongs to.

use std::{
    cell::RefCell,
    fmt::{Display, Write as _},
    io::{self, Write as _},
    str::FromStr,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use env_logger::fmt::Formatter;
use log::{
    Log, Metadata, Record,
    kv::{self, Key, Value, VisitSource, VisitValue},
};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

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

/// The process' logger, whose filter can change.
struct Logger {
    format: LogFormat,
    current: ArcSwap<env_logger::Logger>,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.current.load().enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.current.load().log(record);
    }

    fn flush(&self) {
        self.current.load().flush();
    }
}

/// Logs to standard error what `filter` lets through, in `env_logger`'s syntax.
pub(crate) fn start(filter: &str, format: LogFormat) {
    let logger = LOGGER.get_or_init(|| Logger { format, current: ArcSwap::from_pointee(build(filter, format)) });
    // A logger that is already set is this one.
    if log::set_logger(logger).is_ok() {
        log::set_max_level(logger.current.load().filter());
    }
}

/// Replaces the filter.
pub(crate) fn set_filter(filter: &str) {
    if let Some(logger) = LOGGER.get() {
        let changed = build(filter, logger.format);
        log::set_max_level(changed.filter());
        logger.current.store(changed.into());
    }
}

fn build(filter: &str, format: LogFormat) -> env_logger::Logger {
    env_logger::Builder::new()
        .parse_filters(filter)
        .format(move |to, record| match format {
            LogFormat::Text => write_text(to, record),
            LogFormat::Json => writeln!(to, "{}", json(record, &to.timestamp_millis().to_string())),
        })
        .build()
}

fn write_text(to: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let (time, level, target) = (to.timestamp_seconds(), record.level(), record.target());
    let style = to.default_level_style(level);
    writeln!(to, "[{time} {style}{level:<5}{style:#} {target}] {}", line(record))
}

/// The text of a line: the message, or the fields of a record that has some, such as those of the access log.
#[must_use]
pub fn line(record: &Record<'_>) -> String {
    let mut fields = TextFields(String::new());
    // The visitor returns no errors.
    drop(record.key_values().visit(&mut fields));
    if !fields.0.is_empty() {
        return fields.0;
    }
    match current_request() {
        Some(id) => format!("request {id}: {}", record.args()),
        None => record.args().to_string(),
    }
}

/// A line as a JSON object: the time, level and target, then the fields, or the request's id and the message.
#[must_use]
pub fn json(record: &Record<'_>, time: &str) -> String {
    let mut fields = JsonFields(Vec::new());
    fields.put("time", time);
    fields.put("level", record.level().as_str());
    fields.put("target", record.target());
    if record.key_values().count() == 0 {
        if let Some(id) = current_request() {
            fields.put("id", &*id);
        }
        fields.put("message", record.args().to_string());
    }
    // The visitor returns no errors.
    drop(record.key_values().visit(&mut fields));
    // Text and numbers are always valid JSON.
    serde_json::to_string(&fields).unwrap_or_default()
}

/// Structured fields as text: `id=7 user=-`.
struct TextFields(String);

impl TextFields {
    fn push(&mut self, value: impl Display) -> Result<(), kv::Error> {
        Ok(write!(self.0, "{value}")?)
    }
}

impl<'kvs> VisitSource<'kvs> for TextFields {
    fn visit_pair(&mut self, name: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let separator = if self.0.is_empty() { "" } else { " " };
        self.push(format_args!("{separator}{name}="))?;
        value.visit(self)
    }
}

impl VisitValue<'_> for TextFields {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        self.push(value)
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        self.push("-")
    }
}

/// Structured fields as JSON, in their order.
struct JsonFields(Vec<(String, Json)>);

impl JsonFields {
    fn put(&mut self, name: &str, value: impl Into<Json>) {
        self.0.push((name.to_owned(), value.into()));
    }
}

impl Serialize for JsonFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'kvs> VisitSource<'kvs> for JsonFields {
    fn visit_pair(&mut self, name: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let mut json = JsonValue(Json::Null);
        value.visit(&mut json)?;
        self.put(name.as_str(), json.0);
        Ok(())
    }
}

/// The value of a field: a number, a text or null.
struct JsonValue(Json);

impl VisitValue<'_> for JsonValue {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        self.0 = value.to_string().into();
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        self.0 = Json::Null;
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.0 = value.into();
        Ok(())
    }
}

/// Does `work` for the request `id`.
pub(crate) async fn for_request<T>(id: &str, work: impl Future<Output = T>) -> T {
    OF_TASK.scope(Arc::from(id), work).await
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
