//! The services that a node needs, by using them.

use std::{fmt::Display, time::Duration};

use super::{Finding, Named, WRONG_SECRET};
use crate::{
    domain::{
        readiness::{self, Asked},
        tenants,
    },
    gateway::Gateway,
    media::MediaUrl,
    store::server::{self, DatabaseServer},
};

/// The clocks of the nodes and servers should differ by less.
const CLOCK_MS: u64 = 1000;

/// Within this time the database answers in the same place.
const NEAR: Duration = Duration::from_millis(5);

/// The largest number of forbidden tables that are named.
const NAMED: usize = 5;

/// Whether the database is reachable, with the schema of this version, as itself or as the settings say.
pub(super) fn database(gateway: &Gateway) -> Vec<Named> {
    let url = &gateway.config.database_url;
    let schema = match gateway.db.pending_migrations() {
        Ok(pending) if pending.is_empty() => Finding::Good(format!("{url} is reachable and up to date")),
        Ok(pending) if url.is_embedded() => {
            Finding::Note(format!("{url} has {} pending migrations; `diglot serve` applies them", pending.len()))
        }
        Ok(pending) => Finding::Bad(format!("{url} has {} pending migrations; run `diglot migrate`", pending.len())),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let mut findings = vec![("database", schema)];
    if !url.is_pooled() && server::shares_sessions(url).unwrap_or_default() {
        let problem = "DATABASE_URL leads to PgBouncer in transaction mode, or the like; append pgbouncer=true to its parameters, \
                       or requests fail";
        findings.push(("PgBouncer", Finding::Bad(problem.to_owned())));
    }
    if url.may_be_standby() {
        let problem = "DATABASE_URL names several hosts, and the first that answers is used, even if it takes no writes; \
                       append target_session_attrs=read-write to its parameters";
        findings.push(("database hosts", Finding::Bad(problem.to_owned())));
    }
    findings
}

/// Whether the services work.
pub(super) async fn answers(gateway: &Gateway) -> Vec<Named> {
    let mut findings = vec![
        ("writes", judge(readiness::check_database(gateway).await, |()| good("the database takes writes"))),
        ("secret", judge(readiness::check_secret(gateway).await, secret)),
    ];
    findings.extend(database_server(gateway).await);
    findings.extend(state(gateway).await);
    findings.extend(images(gateway).await.map(|finding| ("images", finding)));
    findings.push(("default app", default_app(gateway).await));
    let sent = [("e-mail", gateway.delivery.check_email().await), ("SMS", gateway.delivery.check_sms().await)];
    let answer = |(name, answer)| Some((name, judge(answer?, |()| good("the provider answers"))));
    findings.extend(sent.into_iter().filter_map(answer));
    findings
}

fn good(text: &str) -> Finding {
    Finding::Good(text.to_owned())
}

/// What a service's answer means; a failure is a problem.
fn judge<T>(answer: Result<T, impl Display>, meaning: impl FnOnce(T) -> Finding) -> Finding {
    answer.map_or_else(|error| Finding::Bad(error.to_string()), meaning)
}

fn secret(is_right: bool) -> Finding {
    if is_right { good("fits the database") } else { Finding::Bad(WRONG_SECRET.to_owned()) }
}

/// Whether the store of images works. A folder is not made by a check: it would belong to whoever runs the check.
async fn images(gateway: &Gateway) -> Option<Finding> {
    if let Some(path) = gateway.config.media.as_ref().and_then(MediaUrl::folder)
        && !path.exists()
    {
        return Some(Finding::Note(format!("{} does not exist yet; the first upload creates it", path.display())));
    }
    let answer = readiness::check_media(gateway).await?;
    Some(judge(answer, |()| good("the store keeps what is put into it")))
}

async fn default_app(gateway: &Gateway) -> Finding {
    let default_app = &gateway.config.default_app;
    judge(tenants::list(gateway).await, |apps| {
        if apps.iter().any(|known| known.id == *default_app) {
            Finding::Good(default_app.to_string())
        } else {
            Finding::Note(format!("missing; run `diglot app create {default_app}`"))
        }
    })
}

/// What the database server says of itself. That it can't be reached has been said.
async fn database_server(gateway: &Gateway) -> Vec<Named> {
    let Ok(Some(asked)) = readiness::ask_database(gateway).await else { return Vec::new() };
    let mut findings = vec![("database clock", clock(&asked)), ("database latency", latency(asked.round_trip))];
    if !gateway.config.database_url.is_pooled() {
        findings.push(("connections", connections(gateway, &asked.server, readiness::count_nodes(gateway).await)));
    }
    findings.push(("privileges", judge(readiness::forbidden(gateway).await, |names| privileges(&names))));
    findings
}

fn clock<T>(asked: &Asked<T>) -> Finding {
    let (distance, direction) = (asked.ahead_ms.unsigned_abs(), if asked.ahead_ms < 0 { "behind" } else { "ahead of" });
    if distance > CLOCK_MS {
        let seconds = Duration::from_millis(distance).as_secs_f64();
        Finding::Bad(format!("{seconds:.1} s {direction} the clock of this machine; keep both within a second (NTP)"))
    } else {
        good("within a second of the clock of this machine")
    }
}

fn latency(round_trip: Duration) -> Finding {
    let text = format!("{:.1} ms for a round trip", round_trip.as_secs_f64() * 1000.0);
    if round_trip > NEAR {
        Finding::Note(format!("{text}, of which a login takes 6; keep the database within a few milliseconds"))
    } else {
        Finding::Good(text)
    }
}

/// Whether the server has connections for all nodes, which are taken to have the same settings.
fn connections(gateway: &Gateway, server: &DatabaseServer, nodes: usize) -> Finding {
    let own = i64::from(gateway.config.database_connections) + 1;
    let all = own.saturating_mul(i64::try_from(nodes).unwrap_or(i64::MAX).max(1));
    let accepted = server.max_connections;
    if all > accepted {
        Finding::Bad(format!(
            "the database accepts {accepted}, and {} node(s) open up to {all}; raise its max_connections (or the limit of \
             the role or database), lower DIGLOT_DATABASE_CONNECTIONS, or use PgBouncer",
            nodes.max(1)
        ))
    } else {
        Finding::Good(format!("a node opens up to {own} of the {accepted} that the database accepts"))
    }
}

fn privileges(forbidden: &[String]) -> Finding {
    if forbidden.is_empty() {
        return good("all that the gateway needs");
    }
    let named = forbidden.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if forbidden.len() > NAMED { ", …" } else { "" };
    Finding::Bad(format!(
        "missing on {named}{more}; GRANT the role SELECT, INSERT, UPDATE and DELETE on all tables, and USAGE on all sequences"
    ))
}

/// Whether the state works, for as many nodes as the database is for.
async fn state(gateway: &Gateway) -> Vec<Named> {
    let name = gateway.state.describe();
    let shared = !gateway.config.database_url.is_embedded() && gateway.config.redis_url.is_none();
    let finding = judge(readiness::check_state(gateway).await, |()| {
        if shared {
            Finding::Note(format!("{name}, which is for one node only; with several, set REDIS_URL"))
        } else {
            good(name)
        }
    });
    let mut findings = vec![("state", finding)];
    match readiness::ask_state(gateway).await {
        Ok(Some(asked)) => {
            findings.push(("Redis clock", clock(&asked)));
            findings.push(("Redis memory", eviction(asked.server.eviction.as_deref())));
        }
        Ok(None) => {}
        Err(error) => findings.push(("Redis clock", Finding::Note(format!("not known: {error}")))),
    }
    findings
}

fn eviction(policy: Option<&str>) -> Finding {
    match policy {
        None => good("nothing is dropped before its time"),
        Some(policy) => Finding::Note(format!(
            "maxmemory-policy is {policy}: a full Redis drops counts of failed logins, codes and presence; set noeviction"
        )),
    }
}
