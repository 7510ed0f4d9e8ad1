//! What a node remembers is never staler than it may be: on the node that changes something not at all, on others for less
//! than a second (security.md 21; docs/adr/0010-cache-and-changes.md).

use actix_web::rt::time::timeout;
use diglot::transport::pb;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::yield_now;

use crate::support::{DAY_MS, MINUTE_MS, OwnServer, Proxy, TestApp, User, server_urls, within_a_second};

const INFO: &str = "/v1/user/info";
const LOGGED_OUT: &str = "protobuf | 200 | -101 | 未登录";

/// Waits until a node remembers what it reads.
pub async fn trusted(t: &TestApp) {
    let trusted = async {
        while !t.gateway.cache.is_trusted() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), trusted).await.unwrap();
}

/// Waits until a node does not trust what it remembers.
pub async fn lost(t: &TestApp) {
    let lost = async {
        while t.gateway.cache.is_trusted() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), lost).await.unwrap();
}

/// Two nodes, both of which remember Alice and her session.
async fn two_nodes() -> (TestApp, TestApp, User) {
    let a = TestApp::new().await;
    let b = a.another_node().await;
    trusted(&a).await;
    trusted(&b).await;
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
async fn what_is_cached_is_not_read_again() {
    let (a, _, alice) = two_nodes().await;
    // A change that the database does not tell of can't be seen.
    let silence = if a.gateway.config.database_url.is_embedded() {
        "DROP TRIGGER users_note_change"
    } else {
        "DROP TRIGGER users_note_change ON users"
    };
    a.execute(silence).await.unwrap();
    info(&a, &alice).await;
    a.execute("UPDATE users SET nickname = 'behind our back'").await.unwrap();
    assert_eq!(info(&a, &alice).await.name, "alice");
}

#[actix_web::test]
async fn whatever_ends_a_session_is_known_at_once_here_and_soon_elsewhere() {
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
async fn what_an_account_shows_is_known_at_once_here_and_soon_elsewhere() {
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
async fn what_is_changed_by_hand_is_known_too() {
    let (a, b, alice) = two_nodes().await;
    let admin = a.admin().await;
    let medal =
        admin.post("/admin/v1/medals/define").json(&json!({"name": "M"})).send().await.json()["data"]["id"].clone();
    let body = json!({"user_id": alice.id, "medal_id": medal});
    admin.post("/admin/v1/medals/grant").json(&body).send().await.assert_ok();
    within_a_second(async || seen(&b, &alice).await["medals"][0]["name"] == "M").await;
    a.execute("UPDATE medals SET name = 'N'").await.unwrap();
    within_a_second(async || seen(&b, &alice).await["medals"][0]["name"] == "N").await;
    a.execute("UPDATE sessions SET expires_at_ms = 1").await.unwrap();
    assert_eq!(line(&a, &alice).await, LOGGED_OUT);
    within_a_second(async || line(&b, &alice).await == LOGGED_OUT).await;
}

#[actix_web::test]
async fn what_ends_by_itself_ends_also_when_it_is_remembered() {
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
async fn an_app_that_changes_is_known_at_once_here_and_soon_elsewhere() {
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

/// The machine's servers, with Redis behind a proxy for one node.
async fn node_behind_a_proxy() -> (TestApp, TestApp, Proxy) {
    let (_, redis_url) = server_urls().expect("scripts/test names the servers");
    let url = url::Url::parse(&redis_url).unwrap();
    let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
    let proxy = Proxy::start(target.parse().unwrap());
    let a = TestApp::new().await;
    let mut config = a.gateway.config.clone();
    config.redis_url = Some(format!("redis://{}{}", proxy.address(), url.path()));
    let b = a.node_with(config).await;
    trusted(&a).await;
    trusted(&b).await;
    (a, b, proxy)
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_node_that_hears_nothing_trusts_no_memory() {
    let (a, b, proxy) = node_behind_a_proxy().await;
    let alice = a.user("alice").await;
    info(&b, &alice).await;
    proxy.go_silent();
    lost(&b).await;
    alice.admin_api.post("/user/kick").send().await.assert_ok();
    assert_eq!(line(&b, &alice).await, LOGGED_OUT, "at its next request");
    proxy.pass_again();
    trusted(&b).await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_change_whose_message_is_lost_is_found_within_a_second() {
    let (a, b, proxy) = node_behind_a_proxy().await;
    let alice = a.user("alice").await;
    info(&a, &alice).await;
    // B can't tell, and A does not know that.
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
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_node_that_was_stopped_for_long_forgets_what_it_knew() {
    let redis = OwnServer::redis();
    let a = TestApp::with(|config| config.redis_url = Some(format!("redis://{}", redis.address))).await;
    trusted(&a).await;
    let alice = a.user("alice").await;
    info(&a, &alice).await;
    // Changes that are old by the time that a node looks again: as if it had been stopped in between.
    redis.freeze();
    lost(&a).await;
    a.execute("UPDATE sessions SET ended_at_ms = 1").await.unwrap();
    a.execute("DELETE FROM changes").await.unwrap();
    redis.thaw();
    trusted(&a).await;
    assert_eq!(line(&a, &alice).await, LOGGED_OUT);
}
