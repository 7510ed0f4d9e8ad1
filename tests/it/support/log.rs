//! Captures the gateway's log, so that tests can search it. With `DIGLOT_TEST_LOGS`, a folder, everything that any crate
//! logs at any level is also written there, next to the secrets that the tests send and receive: `scripts/test` looks for
//! the ones in the other.

use std::{
    collections::HashSet,
    env,
    fs::{File, OpenOptions},
    io::Write as _,
    ops::RangeInclusive,
    path::PathBuf,
    sync::{LazyLock, Mutex, Once},
};

use serde_json::Value;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

static FILES: LazyLock<Option<Files>> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "a variable of the tests")]
    let folder = PathBuf::from(env::var_os("DIGLOT_TEST_LOGS")?);
    let open = |name: &str| OpenOptions::new().create(true).append(true).open(folder.join(name)).unwrap();
    Some(Files { log: Mutex::new(open("log")), secrets: Mutex::new((open("secrets"), HashSet::new())) })
});

struct Files {
    log: Mutex<File>,
    secrets: Mutex<(File, HashSet<String>)>,
}

struct Keeper;

impl Keeper {
    fn is_own(metadata: &log::Metadata<'_>) -> bool {
        let target = metadata.target();
        metadata.level() <= log::Level::Debug && (target.starts_with("diglot") || target == "access")
    }
}

impl log::Log for Keeper {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // These crates log what the tests' own clients send.
        let is_of_a_client =
            ["tungstenite", "fantoccini", "webdriver"].iter().any(|it| metadata.target().starts_with(it));
        FILES.is_some() && !is_of_a_client || Self::is_own(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut line = Vec::new();
        diglot::logging::write_line(&mut line, record).unwrap();
        let line = String::from_utf8(line).unwrap();
        if Self::is_own(record.metadata()) {
            LINES.lock().unwrap().push(line.clone());
        }
        write_log(&format!("{} {}: {line}", record.level(), record.target()));
    }

    fn flush(&self) {}
}

/// Starts to capture log lines.
pub fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Keeper).unwrap();
        let everything = FILES.is_some();
        log::set_max_level(if everything { log::LevelFilter::Trace } else { log::LevelFilter::Debug });
    });
}

/// The captured lines that contain this text.
pub fn logged(text: &str) -> Vec<String> {
    LINES.lock().unwrap().iter().filter(|line| line.contains(text)).cloned().collect()
}

/// Whether the logs of all tests are searched for secrets.
pub fn are_logs_searched() -> bool {
    FILES.is_some()
}

/// Adds a line to the log of all tests.
pub fn write_log(line: &str) {
    if let Some(files) = &*FILES {
        files.log.lock().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// Notes that a text is a secret, unless a log may contain it by chance.
pub fn note_secret(text: &str) {
    const BYTES: RangeInclusive<usize> = 12..=100;
    let Some(files) = &*FILES else { return };
    let mut secrets = files.secrets.lock().unwrap();
    if BYTES.contains(&text.len()) && !text.contains('\n') && secrets.1.insert(text.to_owned()) {
        secrets.0.write_all(format!("{text}\n").as_bytes()).unwrap();
    }
}

/// Notes the secrets among the fields of a body in JSON.
pub fn note_secrets_in(body: &[u8]) {
    fn walk(value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let name = name.to_ascii_lowercase();
                    let is_secret = ["password", "token", "secret"].iter().any(|word| name.contains(word));
                    match value.as_str() {
                        Some(text) if is_secret => note_secret(text),
                        _ => walk(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    if FILES.is_some()
        && let Ok(body) = serde_json::from_slice(body)
    {
        walk(&body);
    }
}
