//! Presence, by open sockets and by recent requests (behaviour.md §4).

use std::time::Duration;

use diglot::clock::Clock as _;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    sockets::{Node, PATIENCE, Socket},
    support::{DAY_MS, HOUR_MS, MINUTE_MS, TestApp, User, within_a_second},
};

async fn close(mut socket: Socket) {
    socket.0.close(None).await.unwrap();
    while socket.0.next().await.is_some() {}
}

/// When the user was last active, as everyone sees it.
async fn last_active(node: &Node, user: &User) -> String {
    let seen = node.t.anon().post("/v1/user/get-user").json(&json!({"userId": user.id})).send().await.json();
    seen["data"]["user"]["profileInfo"]["lastActiveTime"].as_str().unwrap().to_owned()
}

fn now(node: &Node) -> String {
    let now = jiff::Timestamp::from_millisecond(node.t.clock.now_ms()).unwrap();
    now.to_zoned(node.t.gateway.config.timezone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[actix_web::test]
async fn presence_follows_the_socket() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let acting = node.t.admin().await.header("user_id", &alice.id.to_string());
    let is_online =
        async || -> Value { acting.get("/user/online_status").send().await.json()["data"]["online"].clone() };
    let mut socket = node.log_in(&alice).await;
    for _ in 0..5 {
        node.t.clock.advance(40_000);
        assert_eq!(socket.heartbeat("x").await, "heartbeat_ack x");
        assert_eq!(is_online().await, json!(true));
    }
    socket.0.close(None).await.unwrap();
    while socket.0.next().await.is_some() {}
    let gone = async {
        while is_online().await == json!(true) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_reconnected_device_stays_online_when_its_old_socket_closes() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let acting = node.t.admin().await.header("user_id", &alice.id.to_string());
    let is_online = async || acting.get("/user/online_status").send().await.json()["data"]["online"] == json!(true);
    let old = node.log_in(&alice).await;
    let new = node.log_in(&alice).await;
    close(old).await;
    // For longer than the presence timeout there is neither a heartbeat nor a request.
    for _ in 0..4 {
        node.t.clock.advance(15_000);
        within_a_second(is_online).await;
        assert_eq!(last_active(&node, &alice).await, now(&node));
    }
    drop(new);
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_reconnected_user_is_online_at_once_and_was_active_until_it_disconnected() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let acting = node.t.admin().await.header("user_id", &alice.id.to_string());
    let is_online = async || acting.get("/user/online_status").send().await.json()["data"]["online"] == json!(true);
    let mut socket = node.log_in(&alice).await;
    node.t.clock.advance(MINUTE_MS);
    assert_eq!(socket.heartbeat("1").await, "heartbeat_ack 1");
    close(socket).await;
    within_a_second(async || !is_online().await).await;
    let left = now(&node);
    node.t.clock.advance(3000);
    assert_eq!(last_active(&node, &alice).await, left);
    let socket = node.log_in(&alice).await;
    assert!(is_online().await);
    close(socket).await;
    within_a_second(async || !is_online().await).await;
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    assert!(is_online().await, "a request of its own");
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn setting_the_clock_closes_no_socket_and_changes_no_presence() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let acting = node.t.admin().await.header("user_id", &alice.id.to_string());
    let is_online = async || acting.get("/user/online_status").send().await.json()["data"]["online"] == json!(true);
    let mut socket = node.log_in(&alice).await;
    for step_ms in [HOUR_MS, -2 * HOUR_MS, HOUR_MS] {
        node.t.clock.step(step_ms);
        // Longer than the interval at which the gateway checks the socket's deadlines.
        let closed = tokio::time::timeout(Duration::from_millis(1100), socket.0.next()).await;
        assert!(closed.is_err(), "{closed:?}");
        assert_eq!(socket.heartbeat("x").await, "heartbeat_ack x");
        assert!(is_online().await);
    }
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_clock_that_ran_ahead_leaves_nobody_online() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let acting = t.admin().await.header("user_id", &alice.id.to_string());
    let is_online = async || acting.get("/user/online_status").send().await.json()["data"]["online"] == json!(true);
    t.clock.step(20 * DAY_MS);
    alice.v1.post("/v1/user/get-user-data").send().await.assert_ok();
    assert!(is_online().await);
    t.clock.step(-20 * DAY_MS);
    t.clock.advance(2 * MINUTE_MS);
    assert!(!is_online().await);
    alice.v1.post("/v1/user/get-user-data").send().await.assert_ok();
    assert!(is_online().await);
}
