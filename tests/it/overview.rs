//! The overview for operators: health, nodes, and counts of what happened lately.

use std::sync::Arc;

use diglot::{
    clock::SystemClock,
    config::Flags,
    domain::{
        background,
        overview::{self, Attention},
    },
    gateway::Gateway,
    model::Language,
};
use serde_json::{Value, json};

use crate::support::{
    Client, CodeApp, HOUR_MS, MINUTE_MS, PASSWORD, Shell, TestApp, command_line, default_config, within_a_second,
};

const PATH: &str = "/admin/v1/overview/get";

async fn overview(admin: &Client) -> Value {
    admin.get(PATH).send().await.json()["data"].clone()
}

/// The numbers of a counter: the current five minutes, the last hour, the current hour, the last day.
fn numbers(overview: &Value, counter: &str) -> [u64; 4] {
    let list = |name: &str| -> Vec<u64> {
        overview["counters"][counter][name].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect()
    };
    let (hour, day) = (list("last_hour"), list("last_day"));
    assert_eq!((hour.len(), day.len()), (12, 24));
    [hour[11], hour.iter().sum(), day[23], day.iter().sum()]
}

async fn fail_to_log_in(t: &TestApp) {
    let body = json!({"name": "alice", "password": "wrong"});
    assert_eq!(t.anon().header("app_id", "default").post("/token/user").json(&body).send().await.code(), 402);
}

#[actix_web::test]
async fn logins_registrations_and_codes_are_counted_at_once() {
    let codes = CodeApp::answering(&[200, 200, 400], &[], |_| {}).await;
    let (t, admin) = (&codes.t, codes.t.admin().await);
    assert_eq!(numbers(&overview(&admin).await, "sign_ins"), [0; 4]);
    t.user("alice").await;
    assert_eq!(overview(&admin).await["online"], json!(1));
    fail_to_log_in(t).await;
    codes.sms_user("13812345678").await;
    let code = codes.sms_code(&t.anon(), "13812345678").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_ne!(codes.login("13812345678", wrong).await.code(), 1);
    admin
        .post("/user/register/batch")
        .json(&json!({"list": [{"username": "bob", "password": PASSWORD}]}))
        .send()
        .await
        .assert_ok();
    codes.request_sms(&t.anon(), "13812345679").await.assert_ok();

    within_a_second(async || numbers(&overview(&admin).await, "codes_failed") == [1; 4]).await;
    // The clock has passed from one five minutes to the next.
    let now = overview(&admin).await;
    assert_eq!(numbers(&now, "sign_ins"), [0, 2, 2, 2]);
    assert_eq!(numbers(&now, "failed_sign_ins"), [1, 2, 2, 2]);
    assert_eq!(numbers(&now, "registrations"), [1, 3, 3, 3]);
    assert_eq!(numbers(&now, "codes_sent"), [2, 3, 3, 3]);
    assert_eq!((&now["accounts"], &now["online"]), (&json!(3), &json!(0)));
    let other = t.admin_of("other").await;
    assert_eq!(numbers(&overview(&other).await, "sign_ins"), [0; 4]);
    assert_eq!(overview(&other).await["online"], json!(0));
}

#[actix_web::test]
async fn counts_move_from_the_current_minutes_to_the_last_day_and_out_of_it() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    t.user("alice").await;
    t.clock.advance(5 * MINUTE_MS);
    assert_eq!(numbers(&overview(&admin).await, "sign_ins"), [0, 1, 1, 1]);
    t.clock.advance(55 * MINUTE_MS);
    assert_eq!(numbers(&overview(&admin).await, "sign_ins"), [0, 0, 0, 1]);
    t.clock.advance(22 * HOUR_MS);
    assert_eq!(numbers(&overview(&admin).await, "sign_ins"), [0, 0, 0, 1]);
    t.clock.advance(HOUR_MS);
    assert_eq!(numbers(&overview(&admin).await, "sign_ins"), [0, 0, 0, 0]);
}

#[actix_web::test]
#[ignore = "needs Redis: run scripts/test"]
async fn nodes_share_their_counts_and_know_each_other() {
    let t = TestApp::new().await;
    let other = t.another_node().await;
    let admin = t.admin().await;
    other.user("alice").await;
    background::finish(&other.gateway).await;
    let now = overview(&admin).await;
    assert_eq!((numbers(&now, "sign_ins"), &now["online"]), ([1; 4], &json!(1)));
    other.user("bob").await;
    t.clock.advance(10_000);
    within_a_second(async || {
        let now = overview(&admin).await;
        numbers(&now, "sign_ins")[0] == 2 && now["nodes"].as_array().unwrap().len() == 2
    })
    .await;
    background::finish(&other.gateway).await;
    assert_eq!(overview(&admin).await["nodes"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_node_is_listed_with_its_version_and_start() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    within_a_second(async || overview(&admin).await["nodes"].as_array().unwrap().len() == 1).await;
    let node = overview(&admin).await["nodes"][0].clone();
    let own = &t.gateway.node;
    let expected = json!({"id": own.id, "host": own.host, "version": env!("CARGO_PKG_VERSION"),
        "started_at_ms": own.started_at_ms, "seen_at_ms": own.started_at_ms});
    assert_eq!(node, expected);
}

#[actix_web::test]
async fn without_redis_the_overview_has_what_its_node_knows_and_says_so() {
    let t = TestApp::with(|config| config.redis_url = Some("redis://127.0.0.1:1".parse().unwrap())).await;
    let admin = t.admin().await;
    t.user("alice").await;
    let now = overview(&admin).await;
    let state =
        json!({"name": "Redis", "ok": false, "reason": "unavailable, or it takes no writes", "is_degraded": true});
    assert_eq!(now["state"], state);
    assert_eq!(numbers(&now, "sign_ins"), [1; 4]);
    assert_eq!((&now["accounts"], &now["online"]), (&json!(1), &json!(1)));
    assert_eq!(now["attention"][0]["name"], json!("state_unavailable"));
    background::finish(&t.gateway).await;
    assert_eq!(numbers(&overview(&admin).await, "sign_ins"), [1; 4], "kept until Redis is available");
}

#[actix_web::test]
async fn without_the_database_the_overview_still_answers() {
    let flags = Flags::from([
        ("DATABASE_URL", "postgres://u:geheim@127.0.0.1:1/d".to_owned()),
        ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef".to_owned()),
    ]);
    let gateway = Gateway::build(default_config(&flags), Arc::new(SystemClock)).unwrap();
    let overview = overview::get(&gateway, &command_line("shop")).await.unwrap();
    assert_eq!((overview.accounts, overview.online), (None, 0));
    let expected = [
        Attention::DatabaseUnavailable,
        Attention::NothingSendsEmail,
        Attention::NothingSendsSms,
        Attention::InProcessStateOnSharedDatabase,
    ];
    assert_eq!(overview.attention, expected);
    let shown = format!("{overview:?}");
    assert!(!shown.contains("geheim") && !shown.contains("127.0.0.1"), "{shown}");
}

#[actix_web::test]
async fn what_needs_attention_is_told_in_the_language_of_the_request() {
    let t = TestApp::with(|config| config.is_dev = false).await;
    let admin = t.admin().await;
    let attention = async |language: &str| -> Vec<Value> {
        let answer = admin.get(PATH).header("accept-language", language).send().await.json();
        answer["data"]["attention"].as_array().unwrap().clone()
    };
    for (language, spoken) in [("en", Language::En), ("zh", Language::Zh)] {
        let expected = [Attention::NothingSendsEmail, Attention::NothingSendsSms]
            .map(|one| json!({"name": one.name(), "text": one.text(spoken)}));
        assert_eq!(attention(language).await, expected);
    }
    let codes = CodeApp::new().await;
    assert_eq!(overview(&codes.t.admin().await).await["attention"], json!([]));
}

#[actix_web::test]
async fn the_overview_is_for_operators() {
    let t = TestApp::new().await;
    assert_eq!(t.user("alice").await.admin_api.get(PATH).send().await.code(), 10010);
}

#[test]
fn the_command_line_shows_the_overview() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    let shown = shell.run(&["overview", "--app", "shop"]);
    assert!(shown.starts_with("database   ok\nstate      in process: ok\naccounts   0\n"), "{shown}");
    assert!(shown.contains("attention  Nothing sends codes by SMS"), "{shown}");
    assert_eq!(shell.fail(&["overview", "--app", "nowhere"]), "diglot: no such app");
}
