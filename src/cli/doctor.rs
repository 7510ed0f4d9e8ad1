//! `diglot doctor`: checks everything that the gateway needs, and reports problems with their remedies.

mod files;
mod services;
mod settings;
mod systemd;

use std::sync::Arc;

use serde::Serialize;

use super::{
    Failure, Outcome, SettingFlags, WRONG_SECRET, check,
    output::{Column, Output, Row},
};
use crate::{
    clock::{Clock as _, SystemClock},
    config::Flags,
    gateway::Gateway,
    store::DatabaseUrl,
    transport::block_on,
};

/// The result of a check.
enum Finding {
    Good(String),
    /// Works, but a feature may be missing.
    Note(String),
    Bad(String),
}

/// A result with the name of its check.
type Named = (&'static str, Finding);

/// A check as it is printed.
#[derive(Serialize)]
struct Check {
    /// `ok`, `note` or `fail`.
    result: &'static str,
    name: &'static str,
    message: String,
}

impl Row for Check {
    const COLUMNS: &'static [Column<Self>] = &[
        ("result", |check| if check.result == FAILED { check.result.to_uppercase() } else { check.result.to_owned() }),
        ("check", |check| check.name.to_owned()),
        ("message", |check| check.message.clone()),
    ];
}

impl From<Named> for Check {
    fn from((name, finding): Named) -> Self {
        let (result, message) = match finding {
            Finding::Good(message) => ("ok", message),
            Finding::Note(message) => ("note", message),
            Finding::Bad(message) => (FAILED, message),
        };
        Self { result, name, message }
    }
}

/// The result of a check that failed.
const FAILED: &str = "fail";

pub(super) fn run(flags: &SettingFlags, output: Output) -> Outcome {
    let values = flags.values(Flags::new())?;
    let config = check(&values, false)?;
    let mut findings = vec![("settings", Finding::Good("all valid".to_owned()))];
    findings.extend(settings::check(&config));
    if let Some(tls) = config.tls.clone() {
        findings.push(("TLS", files::certificate(tls, SystemClock.now_ms() / 1000)));
    }
    findings.extend(config.places.clone().map(|file| ("GeoIP", files::places(file, SystemClock.now_ms() / 1000))));
    findings.extend(files::check(&config, &values, flags.config.as_deref()));
    findings.extend(systemd::check(&config));
    if let DatabaseUrl::Sqlite(path) = &config.database_url
        && !path.exists()
    {
        findings.push((
            "database",
            Finding::Note(format!("{} does not exist yet; `diglot serve` creates it", path.display())),
        ));
        return report(output, findings);
    }
    match Gateway::build(config, Arc::new(SystemClock)) {
        Err(error) => findings.push(("secret and threads", Finding::Bad(error.to_string()))),
        Ok(gateway) => {
            findings.push(("password hashing", settings::hashing(&gateway.config)));
            findings.extend(services::database(&gateway));
            findings.extend(block_on(services::answers(&gateway)));
        }
    }
    report(output, findings)
}

fn report(output: Output, findings: Vec<Named>) -> Outcome {
    let checks: Vec<Check> = findings.into_iter().map(Check::from).collect();
    output.list(&checks)?;
    match checks.iter().filter(|check| check.result == FAILED).count() {
        0 => Ok(()),
        failures => Err(Failure::Failed(format!("{failures} checks failed"))),
    }
}
