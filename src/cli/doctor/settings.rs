//! What the settings say by themselves.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, TcpListener},
    time::Instant,
};

use url::{Host, Url};

use super::{Finding, Named};
use crate::config::Config;

/// The length of passwords from which on the README recommends a minimum.
const GOOD_PASSWORD: usize = 8;

/// Everything that needs no service.
pub(super) fn check(config: &Config) -> Vec<Named> {
    let mut findings = listeners(config);
    findings.push(("proxies", proxies(config)));
    findings.extend(ops(config).map(|finding| ("ops listener", finding)));
    findings.push(("passwords", passwords(config)));
    findings.push(("e-mail", delivery(config.smtp_url.as_ref(), "DIGLOT_SMTP_URL", "smtps:// or ?tls=required")));
    findings.push(("SMS", delivery(config.sms_webhook_url.as_ref(), "DIGLOT_SMS_WEBHOOK_URL", "https://")));
    findings
}

fn listeners(config: &Config) -> Vec<Named> {
    let all = [
        ("DIGLOT_LISTEN", Some(config.listen)),
        ("DIGLOT_WEB_LISTEN", config.web_listen),
        ("DIGLOT_OPS_LISTEN", config.ops_listen),
    ];
    let given: Vec<(&'static str, SocketAddr)> =
        all.into_iter().filter_map(|(name, address)| Some((name, address?))).collect();
    let finding = |(number, (name, address)): (usize, &(&'static str, SocketAddr))| {
        let clash = given.iter().take(number).find(|(_, other)| overlap(*address, *other));
        let clash = clash.map(|(other, _)| Finding::Bad(format!("{address}: {other} takes this port already")));
        (*name, clash.unwrap_or_else(|| listener(*address)))
    };
    given.iter().enumerate().map(finding).collect()
}

/// Whether only one of two addresses can be listened on.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (ip, other_ip) = (one.ip(), other.ip());
    one.port() == other.port()
        && one.port() != 0
        && (ip == other_ip || includes(ip, other_ip) || includes(other_ip, ip))
}

/// Whether listening on `all` takes the port of `one`: that of IPv6 takes those of IPv4 as well.
fn includes(all: IpAddr, one: IpAddr) -> bool {
    all.is_unspecified() && (all.is_ipv6() || one.is_ipv4())
}

fn listener(address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::Good(format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Finding::Note(format!("{address}: {error} (expected while the gateway is running)"))
        }
        Err(error) => Finding::Bad(format!("{address}: {error}")),
    }
}

/// Whose addresses the limits per source count.
fn proxies(config: &Config) -> Finding {
    if let Some(network) = config.trusted_proxies.iter().find(|network| network.prefix_len() == 0) {
        return Finding::Bad(format!(
            "{network} in DIGLOT_TRUSTED_PROXIES lets every client choose the address that it is counted as; list the \
             proxies only"
        ));
    }
    if !config.trusted_proxies.is_empty() {
        return Finding::Good("clients are known by the X-Forwarded-For of DIGLOT_TRUSTED_PROXIES".to_owned());
    }
    if config.tls.is_some() {
        return Finding::Good("none; clients are known by the addresses of their connections".to_owned());
    }
    let mut text =
        "neither DIGLOT_TRUSTED_PROXIES nor DIGLOT_TLS_CERT is set: behind a proxy, all clients share the limits \
                    of one address"
            .to_owned();
    if let Some(address) = [Some(config.listen), config.web_listen].into_iter().flatten().find(is_public) {
        text.push_str(&format!("; without one, passwords and tokens cross the network to {address} unencrypted"));
    }
    Finding::Note(text)
}

fn is_public(address: &SocketAddr) -> bool {
    !address.ip().is_loopback()
}

fn ops(config: &Config) -> Option<Finding> {
    let address = config.ops_listen.filter(is_public)?;
    let more = if config.has_console { " and, with TLS in front of it, the console" } else { "" };
    Some(Finding::Note(format!(
        "{address} answers other machines without a login: let only your monitoring reach it, for /metrics{more}"
    )))
}

fn passwords(config: &Config) -> Finding {
    let minimums = [
        ("DIGLOT_PASSWORD_MIN", config.reloadable.password_min),
        ("DIGLOT_V1_PASSWORD_MIN", config.reloadable.v1_password_min),
    ];
    let short: Vec<String> = minimums
        .into_iter()
        .filter(|(_, minimum)| *minimum < GOOD_PASSWORD)
        .map(|(name, minimum)| format!("{name} is {minimum}"))
        .collect();
    if short.is_empty() {
        Finding::Good(format!("have at least {GOOD_PASSWORD} characters"))
    } else {
        Finding::Note(format!("{}; {GOOD_PASSWORD} or more is recommended", short.join(", ")))
    }
}

/// Whether codes can be sent, and arrive unread.
fn delivery(url: Option<&Url>, setting: &str, remedy: &str) -> Finding {
    match url {
        None => Finding::Note(format!("not configured: codes can't be sent ({setting})")),
        Some(url) if is_encrypted(url) || is_local(url) => Finding::Good("configured".to_owned()),
        Some(_) => Finding::Note(format!("codes cross the network unencrypted; use {remedy} in {setting}")),
    }
}

fn is_encrypted(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "smtps")
        || url.query_pairs().any(|(name, value)| name == "tls" && value == "required")
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        // A scheme that the URL standard does not know leaves an address as a name.
        Some(Host::Domain(name)) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
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
