//! What the settings say by themselves.

use std::{
    net::{SocketAddr, TcpListener},
    time::Instant,
};

use super::{Finding, Named};
use crate::config::Config;

/// Whether the listeners can be bound.
pub(super) fn listeners(config: &Config) -> Vec<Named> {
    let listens = [
        ("DIGLOT_LISTEN", Some(config.listen)),
        ("DIGLOT_WEB_LISTEN", config.web_listen),
        ("DIGLOT_OPS_LISTEN", config.ops_listen),
    ];
    listens.into_iter().filter_map(|(name, address)| Some((name, listener(address?)))).collect()
}

fn listener(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::Good(format!("{address} is free")),
        Err(error) => Finding::Note(format!("{address}: {error} (expected while the gateway is running)")),
    }
}

/// Whether codes can be sent.
pub(super) fn deliveries(config: &Config) -> [Named; 2] {
    [
        ("e-mail", delivery(config.smtp_url.is_some(), "DIGLOT_SMTP_URL")),
        ("SMS", delivery(config.sms_webhook_url.is_some(), "DIGLOT_SMS_WEBHOOK_URL")),
    ]
}

fn delivery(is_set: bool, setting: &str) -> Finding {
    if is_set {
        Finding::Good("configured".to_owned())
    } else {
        Finding::Note(format!("not configured: codes can't be sent ({setting})"))
    }
}

/// How long a password is hashed.
pub(super) fn hashing(config: &Config) -> Finding {
    let started = Instant::now();
    match bcrypt::hash("how long does this take?", config.bcrypt_cost) {
        Ok(_) => Finding::Good(format!("{} ms at cost {}", started.elapsed().as_millis(), config.bcrypt_cost)),
        Err(error) => Finding::Bad(error.to_string()),
    }
}
