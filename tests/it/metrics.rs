//! The metrics of a node: what is counted, that nobody can add series without end, and that each is documented.

use std::{collections::BTreeSet, fs, path::PathBuf};

use actix_web::http::Method;
use diglot::domain::metrics;
use serde_json::json;

use crate::support::{CodeApp, PASSWORD, Running, TestApp, get, within_a_second};

async fn text(t: &TestApp) -> String {
    String::from_utf8(metrics::render(&t.gateway).await.unwrap()).unwrap()
}

/// The value of a series, as `name` or `name{labels}`.
pub async fn value(t: &TestApp, series: &str) -> f64 {
    let text = text(t).await;
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned));
    line.unwrap_or_else(|| panic!("{series} is not in {text}")).parse().unwrap()
}

/// The series of a text, without their values.
pub fn series(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap().0).collect()
}

fn names(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect()
}

/// The text after some requests, so that every metric has a series.
pub async fn text_of_a_used_node() -> String {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    text(&t).await
}

/// A file of the project.
pub fn file(path: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[actix_web::test]
async fn the_ops_listener_alone_serves_the_metrics() {
    let running = Running::start().await;
    let answer = get(running.ops, "/metrics").await;
    assert!(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{answer}");
    assert!(answer.contains("\ndiglot_database_up 1\n") && answer.contains("\ndiglot_state_up 1\n"), "{answer}");
    let version = env!("CARGO_PKG_VERSION");
    assert!(answer.contains("diglot_build_info{") && answer.contains(&format!("version=\"{version}\"")), "{answer}");
    for other in [running.app, running.web] {
        assert!(get(other, "/metrics").await.starts_with("HTTP/1.1 404"));
    }
    running.stop().await;
}

#[actix_web::test]
async fn requests_are_counted_by_face_path_encoding_and_outcome() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    alice.v1.get("/v1/user/info").header("accept", "application/json").send().await.assert_ok();
    t.web().get("/v1/user/info").send().await.assert_line("json | 200 | -101 | 未登录");
    let count = async |labels: &str| value(&t, &format!("diglot_http_requests_total{{{labels}}}")).await.to_string();
    let of = |code: &str, encoding: &str, face: &str| {
        format!(r#"code="{code}",encoding="{encoding}",face="{face}",route="/v1/user/info",status="200""#)
    };
    assert_eq!(count(&of("1", "protobuf", "app")).await, "1");
    assert_eq!(count(&of("1", "json", "app")).await, "1");
    assert_eq!(count(&of("-101", "json", "web")).await, "1");
    let latencies = r#"diglot_http_request_duration_seconds_count{route="/v1/user/info"}"#;
    assert_eq!(value(&t, latencies).await.to_string(), "3");
    assert_eq!(value(&t, "diglot_http_requests_in_flight").await.to_string(), "0");
}

#[actix_web::test]
async fn what_clients_make_up_adds_no_series() {
    let t = TestApp::new().await;
    let (app, web) = (t.anon(), t.web());
    let request = async |number: usize| {
        let client = if number.is_multiple_of(2) { &app } else { &web };
        let path = [format!("/{number}"), format!("/v1/{number}"), format!("/v1/user/info?{number}")];
        let method = Method::from_bytes(format!("M{}", number / 12).as_bytes()).unwrap();
        let method = if number.is_multiple_of(4) { method } else { Method::GET };
        let made_up = [("host", format!("h{number}.example")), ("accept", format!("application/x-{number}"))];
        let (name, value) = &made_up[number / 6 % 2];
        let sent = client.request(method, &path[number / 2 % 3]).header(name, value);
        let _ = sent.header("accept-encoding", &format!("x{number}")).send().await;
    };
    for number in 0..48 {
        request(number).await;
    }
    let before = text(&t).await;
    for number in 48..10_000 {
        request(number).await;
    }
    let after = text(&t).await;
    assert_eq!(series(&after), series(&before));
}

#[actix_web::test]
async fn nodes_of_one_process_count_for_themselves() {
    let t = TestApp::new().await;
    let other = t.another_node().await;
    t.user("alice").await;
    assert_eq!(value(&t, r#"diglot_logins_total{outcome="ok"}"#).await.to_string(), "1");
    assert_eq!(value(&other, r#"diglot_logins_total{outcome="ok"}"#).await.to_string(), "0");
}

#[actix_web::test]
async fn logins_hashes_audit_rows_and_presence_are_counted() {
    let t = TestApp::with(|config| config.reloadable.login_tries_per_account = 1).await;
    t.user("alice").await;
    assert_eq!(value(&t, "diglot_registrations_total").await.to_string(), "1");
    assert_eq!(value(&t, "diglot_online_accounts").await.to_string(), "1");
    // The tenant, the registration and the login.
    let rows = value(&t, "diglot_audit_rows_total").await;
    assert!(rows >= 2.0, "{rows}");
    let login = json!({"name": "alice", "password": format!("not {PASSWORD}")});
    for _ in 0..2 {
        let _ = t.anon().header("app_id", "default").post("/token/user").json(&login).send().await;
    }
    assert_eq!(value(&t, r#"diglot_logins_total{outcome="failed"}"#).await.to_string(), "2");
    assert_eq!(value(&t, r#"diglot_rate_limited_total{limit="logins"}"#).await.to_string(), "1");
    // A registration, a login and a failed one; the locked one was not hashed.
    assert_eq!(value(&t, "diglot_hashing_wait_seconds_count").await.to_string(), "3");
    assert_eq!(value(&t, "diglot_hashing_running").await.to_string(), "0");
    assert!(value(&t, "diglot_audit_rows_total").await > rows);
}

#[actix_web::test]
async fn lookups_in_the_cache_and_jobs_of_the_database_are_counted() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    within_a_second(async || {
        alice.v1.get("/v1/user/info").send().await.assert_ok();
        value(&t, r#"diglot_cache_hits_total{kind="session"}"#).await > 0.0
    })
    .await;
    assert!(value(&t, r#"diglot_cache_misses_total{kind="session"}"#).await > 0.0);
    assert!(value(&t, "diglot_cache_bytes").await > 0.0);
    assert_eq!(value(&t, "diglot_cache_trusted").await.to_string(), "1");
    alice.admin_api.put("/user/nickname?nick_name=Al").send().await.assert_ok();
    assert!(value(&t, r#"diglot_cache_evictions_total{cause="change"}"#).await > 0.0);
    assert!(value(&t, r#"diglot_database_wait_seconds_count{pool="requests"}"#).await > 0.0);
    assert!(value(&t, r#"diglot_database_wait_seconds_count{pool="monitoring"}"#).await > 0.0);
    assert_eq!(value(&t, r#"diglot_database_waiting{pool="requests"}"#).await.to_string(), "0");
    assert!(value(&t, "diglot_feed_lag_seconds").await < 60.0);
}

#[actix_web::test]
async fn captchas_and_codes_are_counted_by_their_fate() {
    let codes = CodeApp::answering(&[200, 400], &[], |_| {}).await;
    let t = &codes.t;
    codes.request_sms(&t.anon(), "13812345678").await.assert_ok();
    codes.request_sms(&t.anon(), "13812345679").await.assert_ok();
    within_a_second(async || value(t, r#"diglot_codes_failed_total{channel="sms"}"#).await > 0.0).await;
    within_a_second(async || value(t, r#"diglot_codes_delivered_total{channel="sms"}"#).await > 0.0).await;
    assert_eq!(value(t, r#"diglot_codes_sent_total{channel="sms"}"#).await.to_string(), "2");
    assert_eq!(value(t, r#"diglot_codes_sent_total{channel="email"}"#).await.to_string(), "0");
    assert_eq!(value(t, r#"diglot_captcha_answers_total{outcome="right"}"#).await.to_string(), "2");
    // Another code for the same number within a minute.
    let _ = codes.request_sms(&t.anon(), "13812345678").await;
    assert_eq!(value(t, r#"diglot_rate_limited_total{limit="codes"}"#).await.to_string(), "1");
}

#[actix_web::test]
async fn a_database_that_is_gone_is_reported_and_does_not_fail_the_metrics() {
    let t = TestApp::new().await;
    let mut config = t.gateway.config.clone();
    config.database_url = "postgres://127.0.0.1:1/nothing".parse().unwrap();
    let lost = t.node_with(config).await;
    assert_eq!(value(&lost, "diglot_database_up").await.to_string(), "0");
    assert_eq!(value(&lost, "diglot_state_up").await.to_string(), "1");
}

#[actix_web::test]
async fn every_metric_is_documented_and_every_documented_one_exists() {
    let text = text_of_a_used_node().await;
    let documents = file("docs/metrics.md");
    let documented: BTreeSet<_> =
        documents.lines().filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next()).collect();
    assert_eq!(names(&text), documented);
}
