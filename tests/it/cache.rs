//! The staleness of the cache: none on the node that makes a change, less than a second on the others (security.md 21;
//! docs/adr/0010-cache-and-changes.md).

use std::time::{Duration, Instant};

use actix_web::rt::time::timeout;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, connection::SimpleConnection as _};
use diglot::{
    store::{Conn, DatabaseUrl, StoreError},
    transport::pb,
};
use serde_json::{Value, json};
use tokio::task::yield_now;

use crate::support::{DAY_MS, MINUTE_MS, Proxy, TestApp, User, server_urls, within_a_second};

const INFO: &str = "/v1/user/info";
const LOGGED_OUT: &str = "protobuf | 200 | -101 | 未登录";

/// Waits until a node trusts its cache.
pub async fn wait_until_trusted(t: &TestApp) {
    let trusted = async {
        while !t.gateway.cache.is_trusted() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), trusted).await.unwrap();
}

/// Waits until a node does not trust its cache.
pub async fn wait_until_untrusted(t: &TestApp) {
    let untrusted = async {
        while t.gateway.cache.is_trusted() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), untrusted).await.unwrap();
}

/// Two nodes that have both cached Alice and her session.
pub async fn two_nodes() -> (TestApp, TestApp, User) {
    let a = TestApp::new().await;
    let b = a.another_node().await;
    wait_until_trusted(&a).await;
    wait_until_trusted(&b).await;
    let alice = a.user("alice").await;
    for t in [&a, &b] {
        info(t, &alice).await;
    }
    (a, b, alice)
}

async fn info(t: &TestApp, user: &User) -> pb::OwnUser {
    t.anon().get(INFO).header("token", &user.token).send().await.proto::<pb::InfoResponse>().data.unwrap()
}

async fn line(t: &TestApp, user: &User) -> String {
    t.anon().get(INFO).header("token", &user.token).send().await.line()
}

async fn seen(t: &TestApp, user: &User) -> Value {
    let res = t.anon().post("/v1/user/get-user").json(&json!({"userId": user.id})).send().await;
    res.json()["data"]["user"].clone()
}

#[actix_web::test]
async fn a_cache_hit_does_not_read_the_database() {
    let (a, _, alice) = two_nodes().await;
    silence_accounts(&a).await;
    info(&a, &alice).await;
    a.execute("UPDATE users SET nickname = 'unreported'").await.unwrap();
    assert_eq!(info(&a, &alice).await.name, "alice");
}

#[actix_web::test]
async fn an_ended_session_is_refused_at_once_here_and_soon_on_other_nodes() {
    for end in ["kick", "disable", "password", "delete", "logout", "remove"] {
        let (a, b, alice) = two_nodes().await;
        let admin = a.admin().await;
        let acting = admin.clone().header("user_id", &alice.id.to_string());
        let ended = match end {
            "kick" => acting.post("/user/kick").send().await,
            "disable" => admin.put("/user/disable").json(&json!({"list": [alice.id]})).send().await,
            "password" => acting.post("/user/change_password_admin").json(&json!({"password": "another"})).send().await,
            "delete" => acting.post("/user/delete").send().await,
            "logout" => alice.v1.post("/v1/user/logout").send().await,
            _ => acting.post("/user/device/remove?device_sn=1").send().await,
        };
        ended.assert_ok();
        assert_eq!(line(&a, &alice).await, LOGGED_OUT, "{end}");
        within_a_second(async || line(&b, &alice).await == LOGGED_OUT).await;
        if end == "disable" {
            admin.put("/user/enable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
            within_a_second(async || a.login("alice", "again").await.id == alice.id).await;
            assert_eq!(
                (line(&a, &alice).await, line(&b, &alice).await),
                (LOGGED_OUT.to_owned(), LOGGED_OUT.to_owned())
            );
        }
    }
}

#[actix_web::test]
async fn a_changed_profile_shows_at_once_here_and_soon_on_other_nodes() {
    let (a, b, alice) = two_nodes().await;
    let admin = a.admin().await;
    let medal = admin.post("/admin/v1/medals/define").json(&json!({"name": "M"})).send().await.json();
    let medal = medal["data"]["id"].clone();
    let (id, until) = (alice.id, 1_800_000_000);
    for (client, path, body, field, value) in [
        (&alice.v1, "/v1/user/edit-nickname", json!({"nickname": "Al"}), "nickname", json!("Al")),
        (&alice.v1, "/v1/user/edit-avatar", json!({"url": "https://x.example/a"}), "avatarId", json!("1")),
        (&alice.v1, "/v1/user/save-user-data", json!({"gender": 2}), "profileInfo.gender", json!(2)),
        (&admin, "/admin/v1/vip/grant", json!({"user_id": id, "days": 1}), "isVip", json!(1)),
        (&admin, "/admin/v1/medals/grant", json!({"user_id": id, "medal_id": medal}), "medals.0.name", json!("M")),
        (&admin, "/admin/v1/bans/set", json!({"user_id": id, "reason": "r", "until": until}), "banTime", json!(until)),
        (&admin, "/admin/v1/bans/lift", json!({"user_id": id}), "banTime", json!(0)),
    ] {
        seen(&a, &alice).await;
        seen(&b, &alice).await;
        client.post(path).json(&body).send().await.assert_ok();
        let pointer = format!("/{}", field.replace('.', "/"));
        assert_eq!(seen(&a, &alice).await.pointer(&pointer), Some(&value), "{path}");
        within_a_second(async || seen(&b, &alice).await.pointer(&pointer) == Some(&value)).await;
    }
}

#[actix_web::test]
async fn a_change_by_sql_evicts_the_cache_too() {
    let (a, b, alice) = two_nodes().await;
    let admin = a.admin().await;
    let medal =
        admin.post("/admin/v1/medals/define").json(&json!({"name": "M"})).send().await.json()["data"]["id"].clone();
    let body = json!({"user_id": alice.id, "medal_id": medal});
    admin.post("/admin/v1/medals/grant").json(&body).send().await.assert_ok();
    within_a_second(async || seen(&b, &alice).await["medals"][0]["name"] == "M").await;
    a.execute("UPDATE medals SET name = 'N'").await.unwrap();
    within_a_second(async || seen(&b, &alice).await["medals"][0]["name"] == "N").await;
    a.execute("INSERT INTO medals (app_id, name, description, image_url, sort) VALUES ('default', 'O', '', '', 0)")
        .await
        .unwrap();
    a.execute("UPDATE user_medals SET medal_id = (SELECT id FROM medals WHERE name = 'O')").await.unwrap();
    within_a_second(async || seen(&b, &alice).await["medals"][0]["name"] == "O").await;
    a.execute("UPDATE sessions SET expires_at_ms = 1").await.unwrap();
    assert_eq!(line(&a, &alice).await, LOGGED_OUT);
    within_a_second(async || line(&b, &alice).await == LOGGED_OUT).await;
}

#[actix_web::test]
async fn cached_vip_time_and_sessions_expire() {
    let (a, _, alice) = two_nodes().await;
    let admin = a.admin().await;
    admin.post("/admin/v1/vip/grant").json(&json!({"user_id": alice.id, "days": 1})).send().await.assert_ok();
    assert_eq!(info(&a, &alice).await.is_vip, 1);
    a.clock.advance(DAY_MS - MINUTE_MS);
    assert_eq!(info(&a, &alice).await.is_vip, 1);
    a.clock.advance(MINUTE_MS);
    assert_eq!((info(&a, &alice).await.is_vip, info(&a, &alice).await.vip_status), (0, 2));
    info(&a, &alice).await;
    a.clock.advance(30 * DAY_MS);
    assert_eq!(line(&a, &alice).await, LOGGED_OUT);
}

#[actix_web::test]
async fn a_changed_tenant_takes_effect_at_once_here_and_soon_on_other_nodes() {
    let (a, b, _) = two_nodes().await;
    let register = async |t: &TestApp, name: &str| {
        let body = json!({"username": name, "password": "secret"});
        t.anon().header("app_id", "default").post("/user/register/v2").json(&body).send().await.code()
    };
    assert_eq!((register(&a, "u1").await, register(&b, "u2").await), (200, 200));
    a.execute("UPDATE apps SET registration_open = FALSE").await.unwrap();
    assert_eq!(register(&a, "u3").await, 40001);
    let mut number = 4;
    within_a_second(async || {
        number += 1;
        register(&b, &format!("u{number}")).await == 40001
    })
    .await;
}

/// Two nodes on the shared servers, one of which reaches Redis through a proxy.
async fn node_behind_a_proxy() -> (TestApp, TestApp, Proxy) {
    let (_, redis_url) = server_urls().expect("scripts/test names the servers");
    let url = url::Url::parse(&redis_url).unwrap();
    let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
    let proxy = Proxy::start(target.parse().unwrap());
    let a = TestApp::new().await;
    let mut config = a.gateway.config.clone();
    config.redis_url = Some(format!("redis://{}{}", proxy.address(), url.path()).parse().unwrap());
    let b = a.node_with(config).await;
    wait_until_trusted(&a).await;
    wait_until_trusted(&b).await;
    (a, b, proxy)
}

/// Drops the trigger that reports changes of accounts to the feed, so that only a cache miss shows them.
async fn silence_accounts(t: &TestApp) {
    let silence = if t.gateway.config.database_url.is_embedded() {
        "DROP TRIGGER users_note_change"
    } else {
        "DROP TRIGGER users_note_change ON users"
    };
    t.execute(silence).await.unwrap();
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn without_redis_the_cache_is_used_and_a_kick_takes_effect_within_a_second() {
    let (a, b, proxy) = node_behind_a_proxy().await;
    let (alice, bob) = (a.user("alice").await, a.user("bob").await);
    proxy.go_silent();
    for _ in 0..2 {
        info(&b, &alice).await;
        info(&b, &bob).await;
    }
    // Longer than the lease, which has to be extended without Redis.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        info(&b, &bob).await;
    }
    silence_accounts(&a).await;
    a.execute("UPDATE users SET nickname = 'not seen' WHERE username = 'bob'").await.unwrap();
    alice.admin_api.post("/user/kick").send().await.assert_ok();
    within_a_second(async || line(&b, &alice).await == LOGGED_OUT).await;
    assert_eq!(info(&b, &bob).await.name, "bob", "from the cache");
    proxy.pass_again();
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_change_whose_message_is_lost_is_found_by_polling_within_a_second() {
    let (a, b, proxy) = node_behind_a_proxy().await;
    let alice = a.user("alice").await;
    info(&a, &alice).await;
    // B can't publish, and A can't detect that.
    proxy.go_silent();
    b.anon()
        .header("app_id", "default")
        .header("access-token", &alice.token)
        .post("/user/kick")
        .send()
        .await
        .assert_ok();
    assert_eq!(line(&b, &alice).await, LOGGED_OUT);
    within_a_second(async || line(&a, &alice).await == LOGGED_OUT).await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL: run scripts/test"]
async fn a_change_that_commits_late_is_not_missed() {
    let t = TestApp::new().await;
    wait_until_trusted(&t).await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let DatabaseUrl::Postgres(url) = &t.gateway.config.database_url else { panic!("on PostgreSQL") };
    let mut late = PgConnection::establish(url.as_str()).unwrap();
    late.batch_execute("BEGIN; UPDATE users SET nickname = 'late' WHERE username = 'alice'").unwrap();
    // Younger transactions commit, and the feed is polled several times.
    let started = Instant::now();
    let mut number = 0;
    while started.elapsed() < Duration::from_secs(1) {
        number += 1;
        let rename = json!({"nickname": format!("bob {number}")});
        bob.v1.post("/v1/user/edit-nickname").json(&rename).send().await.assert_ok();
        assert_eq!(info(&t, &alice).await.name, "alice");
    }
    late.batch_execute("COMMIT").unwrap();
    within_a_second(async || info(&t, &alice).await.name == "late").await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL: run scripts/test"]
async fn a_transaction_that_stays_open_makes_no_poll_read_the_feed_again() {
    let t = TestApp::new().await;
    let DatabaseUrl::Postgres(url) = &t.gateway.config.database_url else { panic!("on PostgreSQL") };
    let mut open = PgConnection::establish(url.as_str()).unwrap();
    open.batch_execute("BEGIN; CREATE TABLE open_transaction (id INT)").unwrap();
    let db = &t.gateway.db;
    let start = db.feed_start().await.unwrap();
    t.execute("UPDATE apps SET registration_open = TRUE").await.unwrap();
    let first = db.poll_feed(start).await.unwrap();
    let second = db.poll_feed(first.watermark).await.unwrap();
    assert_eq!((first.entries.len(), second.entries.len()), (1, 0));
    open.batch_execute("INSERT INTO changes (user_id) VALUES (7); COMMIT").unwrap();
    assert_eq!(db.poll_feed(second.watermark).await.unwrap().entries.len(), 1);
}

#[actix_web::test]
async fn activity_evicts_nothing() {
    let (a, _, alice) = two_nodes().await;
    seen(&a, &alice).await;
    silence_accounts(&a).await;
    a.execute("UPDATE users SET nickname = 'not seen'").await.unwrap();
    for _ in 0..3 {
        a.clock.advance(6 * MINUTE_MS);
        assert_eq!(info(&a, &alice).await.name, "alice", "from the cache");
    }
    // The activity that this node stored itself shows nevertheless.
    a.clock.advance(DAY_MS);
    info(&a, &alice).await;
    assert_eq!((seen(&a, &alice).await["onLineDay"].clone(), a.number(ONLINE_DAYS).await), (json!(2), 2));
}

const ONLINE_DAYS: &str = "SELECT CAST(online_days AS BIGINT) AS number FROM users";

#[actix_web::test]
async fn an_admin_token_revoked_by_sql_is_refused_at_once() {
    let t = TestApp::new().await;
    wait_until_trusted(&t).await;
    let admin = t.admin().await;
    let list = async || admin.get("/user/list").send().await.code();
    assert_eq!((list().await, list().await), (200, 200));
    t.execute("UPDATE admin_tokens SET revoked_at_ms = 1").await.unwrap();
    assert_eq!(list().await, 402);
}

/// Columns of `users` that are not cached, or whose staleness does not matter (docs/adr/0010-cache-and-changes.md).
const NOT_IN_THE_FEED: [&str; 14] = [
    "id",
    "app_id",
    "username_key",
    "password_hash",
    "mobile_confirmed",
    "last_device_sn",
    "devices_version",
    "coin_records",
    "registered_at_ms",
    "last_active_at_ms",
    "last_active_day",
    "online_days",
    "continuous_online_days",
    "password_changed_at_ms",
];

#[actix_web::test]
async fn every_column_of_users_is_in_the_feed_or_exempt() {
    #[derive(QueryableByName)]
    struct Text {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let t = TestApp::new().await;
    let is_embedded = t.gateway.config.database_url.is_embedded();
    let texts = async |sql: &'static str| -> Vec<String> {
        let read = move |conn: &mut Conn| Ok::<_, StoreError>(diesel::sql_query(sql).load::<Text>(conn)?);
        t.gateway.db.read(read).await.unwrap().into_iter().map(|row| row.text).collect()
    };
    let (columns, trigger) = if is_embedded {
        (
            texts("SELECT name AS text FROM pragma_table_info('users')").await,
            texts("SELECT sql AS text FROM sqlite_master WHERE name = 'users_note_change'").await.concat(),
        )
    } else {
        (
            texts(
                "SELECT column_name::TEXT AS text FROM information_schema.columns \
                 WHERE table_name = 'users' AND table_schema = current_schema()",
            )
            .await,
            texts(
                "SELECT pg_get_triggerdef(oid) AS text FROM pg_trigger \
                 WHERE tgname = 'users_note_change' AND tgrelid = 'users'::regclass",
            )
            .await
            .concat(),
        )
    };
    let listed = trigger.split("UPDATE OF").nth(1).unwrap().split(" ON ").next().unwrap();
    let in_feed: Vec<&str> = listed.split(',').map(str::trim).collect();
    assert!(columns.len() > 20 && in_feed.len() > 10, "{trigger}");
    for column in &columns {
        let (feed, exempt) = (in_feed.contains(&column.as_str()), NOT_IN_THE_FEED.contains(&column.as_str()));
        assert!(feed != exempt, "{column}: either in the trigger users_note_change or in NOT_IN_THE_FEED");
    }
}
