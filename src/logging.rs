//! The log: `env_logger`'s lines, each with the id of the request that it belongs to.

use std::{cell::RefCell, io::Write as _};

use log::Record;

tokio::task_local! {
    static OF_TASK: String;
}

thread_local! {
    static OF_THREAD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Logs to standard error what `filters` let through, in `env_logger`'s syntax.
pub(crate) fn start(filters: &str) {
    env_logger::Builder::new()
        .parse_filters(filters)
        .format(|to, record| {
            let (time, level, target) = (to.timestamp_seconds(), record.level(), record.target());
            let style = to.default_level_style(level);
            writeln!(to, "[{time} {style}{level:<5}{style:#} {target}] {}", line(record))
        })
        .init();
}

/// The text of a line. Lines of the access log name the request themselves.
#[must_use]
pub fn line(record: &Record<'_>) -> String {
    match current_request() {
        Some(id) if record.target() != "access" => format!("request {id}: {}", record.args()),
        _ => record.args().to_string(),
    }
}

/// Does `work` for the request `id`.
pub(crate) async fn for_request<T>(id: String, work: impl Future<Output = T>) -> T {
    OF_TASK.scope(id, work).await
}

/// A job for another thread that belongs to the same request as the caller.
pub(crate) fn carry_over<T>(job: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let id = current_request();
    move || {
        OF_THREAD.set(id);
        let outcome = job();
        OF_THREAD.set(None);
        outcome
    }
}

fn current_request() -> Option<String> {
    OF_TASK.try_with(String::clone).ok().or_else(|| OF_THREAD.with_borrow(Clone::clone))
}
