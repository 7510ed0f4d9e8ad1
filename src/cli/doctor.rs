//! `diglot doctor`: checks everything that the gateway needs, and reports problems with their remedies.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Instant,
};

use serde::Serialize;

use super::{
    Failure, Outcome, SettingFlags, WRONG_SECRET,
    output::{Column, Output, Row},
};
use crate::{
    clock::SystemClock,
    config::Config,
    domain::{readiness, tenants},
    gateway::Gateway,
    store::DatabaseUrl,
    tls::{Tls, TlsFiles},
    transport::block_on,
};

/// The result of a check.
enum Finding {
    Good(String),
    /// Works, but a feature may be missing.
    Note(String),
    Bad(String),
}

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

impl From<(&'static str, Finding)> for Check {
    fn from((name, finding): (&'static str, Finding)) -> Self {
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

pub(super) fn run(settings: &SettingFlags, output: Output) -> Outcome {
    let config = settings.config()?;
    let mut findings = vec![("settings", Finding::Good("all valid".to_owned()))];
    let listens = [
        ("DIGLOT_LISTEN", Some(config.listen)),
        ("DIGLOT_WEB_LISTEN", config.web_listen),
        ("DIGLOT_OPS_LISTEN", config.ops_listen),
    ];
    findings.extend(listens.into_iter().filter_map(|(name, address)| Some((name, listener(address?)))));
    if let Some(files) = config.tls.clone() {
        findings.push(("TLS", certificate(files)));
    }
    findings.push(("e-mail", delivery(config.smtp_url.is_some(), "DIGLOT_SMTP_URL")));
    findings.push(("SMS", delivery(config.sms_webhook_url.is_some(), "DIGLOT_SMS_WEBHOOK_URL")));
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
            findings.push(("password hashing", hashing(&gateway.config)));
            findings.push(("database", database(&gateway)));
            findings.extend(block_on(answers(&gateway)));
        }
    }
    report(output, findings)
}

fn report(output: Output, findings: Vec<(&'static str, Finding)>) -> Outcome {
    let checks: Vec<Check> = findings.into_iter().map(Check::from).collect();
    output.list(&checks)?;
    match checks.iter().filter(|check| check.result == FAILED).count() {
        0 => Ok(()),
        failures => Err(Failure::Failed(format!("{failures} checks failed"))),
    }
}

fn listener(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::Good(format!("{address} is free")),
        Err(error) => Finding::Note(format!("{address}: {error} (expected while the gateway is running)")),
    }
}

fn certificate(files: TlsFiles) -> Finding {
    match Tls::load(files) {
        Ok(_) => Finding::Good("the certificate and its key can be used".to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

fn delivery(is_set: bool, setting: &str) -> Finding {
    if is_set {
        Finding::Good("configured".to_owned())
    } else {
        Finding::Note(format!("not configured: codes can't be sent ({setting})"))
    }
}

fn hashing(config: &Config) -> Finding {
    let started = Instant::now();
    match bcrypt::hash("how long does this take?", config.bcrypt_cost) {
        Ok(_) => Finding::Good(format!("{} ms at cost {}", started.elapsed().as_millis(), config.bcrypt_cost)),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

fn database(gateway: &Gateway) -> Finding {
    let url = &gateway.config.database_url;
    match gateway.db.pending_migrations() {
        Ok(pending) if pending.is_empty() => Finding::Good(format!("{url} is reachable and up to date")),
        Ok(pending) if url.is_embedded() => {
            Finding::Note(format!("{url} has {} pending migrations; `diglot serve` applies them", pending.len()))
        }
        Ok(pending) => Finding::Bad(format!("{url} has {} pending migrations; run `diglot migrate`", pending.len())),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

async fn answers(gateway: &Gateway) -> [(&'static str, Finding); 4] {
    let state = match readiness::check_state(gateway).await {
        Ok(()) => Finding::Good(gateway.state.describe().to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let default_app = &gateway.config.default_app;
    let tenant = match tenants::list(gateway).await {
        Ok(apps) if apps.iter().any(|known| known.id == *default_app) => Finding::Good(default_app.to_string()),
        Ok(_) => Finding::Note(format!("missing; run `diglot app create {default_app}`")),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let writes = match readiness::check_database(gateway).await {
        Ok(()) => Finding::Good("the database takes writes".to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let secret = match readiness::check_secret(gateway).await {
        Ok(true) => Finding::Good("fits the database".to_owned()),
        Ok(false) => Finding::Bad(WRONG_SECRET.to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    };
    [("writes", writes), ("secret", secret), ("state", state), ("default app", tenant)]
}
