//! How events reach webhooks: at least once, in order per account, again after failures, by any node.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use crate::support::{Client, HOUR_MS, Post, Reaction, START_MS, TestApp, WebhookReceiver};

async fn app() -> TestApp {
    TestApp::with(|config| config.webhook_allows_private = true).await
}

async fn subscribe(admin: &Client, url: &str, events: &[&str]) -> i64 {
    let body = json!({"url": url, "events": events});
    let res = admin.post("/admin/v1/webhooks/create").json(&body).send().await;
    res.assert_ok();
    res.json()["data"]["id"].as_i64().unwrap()
}

async fn deliveries(admin: &Client, id: i64) -> Vec<Value> {
    let res = admin.get(&format!("/admin/v1/webhooks/deliveries?id={id}")).send().await;
    res.assert_ok();
    res.json()["data"].as_array().unwrap().clone()
}

/// Waits until something is so of the deliveries, and returns them.
async fn wait_until(admin: &Client, id: i64, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..2000 {
        let all = deliveries(admin, id).await;
        if is_so(&all) {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", deliveries(admin, id).await);
}

/// Waits until the newest delivery has that state and number of attempts, and returns it.
async fn wait_for(admin: &Client, id: i64, state: &str, attempts: i64) -> Value {
    let is_newest = |all: &[Value]| all[0]["state"] == state && all[0]["attempts"] == attempts;
    wait_until(admin, id, is_newest).await.remove(0)
}

fn failures(count: usize) -> Vec<Reaction> {
    vec![Reaction::Answer(500, String::new()); count]
}

#[actix_web::test]
async fn a_failed_delivery_is_tried_again_with_growing_pauses_and_the_same_id() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    receiver.plan([Reaction::Answer(500, String::new()), Reaction::Hang, Reaction::Redirect(receiver.url())]);
    t.user("alice").await;
    let mut waited_ms = 0;
    for (attempt, pause_secs) in [(1, 5), (2, 30), (3, 120)] {
        let pending = wait_for(&admin, id, "pending", attempt).await;
        waited_ms += pause_secs * 1000;
        assert_eq!(pending["next_attempt_at_ms"], START_MS + waited_ms);
        t.clock.advance(pause_secs * 1000);
    }
    let done = wait_for(&admin, id, "delivered", 4).await;
    assert_eq!(done["result"], "HTTP 200");
    let posts = receiver.posts();
    let ids: Vec<_> = posts.iter().map(|post| post.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == done["message_id"]) && ids.len() == 4, "{ids:?}");
    let last: i64 = posts[3].header("webhook-timestamp").parse().unwrap();
    assert_eq!(last, (START_MS + waited_ms) / 1000);
}

#[actix_web::test]
async fn a_receiver_may_ask_for_a_longer_pause() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    receiver.plan([Reaction::Wait(90)]);
    t.user("alice").await;
    assert_eq!(wait_for(&admin, id, "pending", 1).await["next_attempt_at_ms"], START_MS + 90_000);
    receiver.plan([Reaction::Wait(1_000_000)]);
    t.clock.advance(90_000);
    assert_eq!(wait_for(&admin, id, "pending", 2).await["next_attempt_at_ms"], START_MS + 90_000 + HOUR_MS);
}

#[actix_web::test]
async fn after_a_day_a_delivery_is_parked_and_an_operator_resends_it() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    receiver.plan(failures(11));
    t.user("alice").await;
    for attempt in 1..=10 {
        let pending = wait_for(&admin, id, "pending", attempt).await;
        let next_ms = pending["next_attempt_at_ms"].as_i64().unwrap();
        t.clock.advance(next_ms - t.gateway.clock.now_ms());
    }
    let parked = wait_for(&admin, id, "parked", 11).await;
    let took_ms = t.gateway.clock.now_ms() - START_MS;
    assert_eq!(took_ms, 24 * HOUR_MS);
    assert_eq!(parked["result"], "HTTP 500");
    let body = json!({"id": id, "deliveries": [parked["id"]]});
    let res = admin.post("/admin/v1/webhooks/resend").json(&body).send().await;
    assert_eq!(res.json()["data"], json!({"resent": 1}));
    wait_for(&admin, id, "delivered", 1).await;
    let posts = receiver.posts();
    assert_eq!(posts[0].header("webhook-id"), posts[11].header("webhook-id"));
}

#[actix_web::test]
async fn an_event_older_than_a_day_is_parked_after_one_failure() {
    let t = app().await;
    t.clock.set_to_now();
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.created", "session.created"]).await;
    receiver.plan(failures(3));
    t.user("alice").await;
    for _ in 0..500 {
        if deliveries(&admin, id).await.last().unwrap()["attempts"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    t.clock.advance(25 * HOUR_MS);
    wait_for(&admin, id, "parked", 1).await;
    assert_eq!(deliveries(&admin, id).await[1]["state"], "parked");
    assert_eq!(receiver.posts().len(), 3);
    let res = admin.post("/admin/v1/webhooks/resend").json(&json!({"id": id})).send().await;
    assert_eq!(res.json()["data"], json!({"resent": 2}));
    wait_for(&admin, id, "delivered", 1).await;
    let events: Vec<_> = receiver.posts()[3..].iter().map(Post::event).collect();
    assert_eq!(events, ["user.created", "session.created"]);
}

#[actix_web::test]
async fn an_operator_hurries_what_waits() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.created", "session.created"]).await;
    receiver.plan(failures(3));
    t.user("alice").await;
    for attempt in 1..=3 {
        wait_until(&admin, id, |all| all.last().unwrap()["attempts"] == attempt).await;
        if attempt < 3 {
            t.clock.advance(120_000);
        }
    }
    // The attempt is counted before its outcome is known, which puts off the next one.
    let is_put_off = |one: &Value| one["next_attempt_at_ms"].as_i64() > Some(t.gateway.clock.now_ms() + 60_000);
    wait_until(&admin, id, |all| all.iter().all(is_put_off)).await;
    let res = admin.post("/admin/v1/webhooks/resend").json(&json!({"id": id})).send().await;
    assert_eq!(res.json()["data"], json!({"resent": 2}));
    wait_for(&admin, id, "delivered", 1).await;
    let events: Vec<_> = receiver.posts()[3..].iter().map(Post::event).collect();
    assert_eq!(events, ["user.created", "session.created"]);
}

#[actix_web::test]
async fn an_account_with_many_events_does_not_hold_up_the_others() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::slow(Duration::from_millis(100)));
    let id = subscribe(&admin, &receiver.url(), &["user.updated"]).await;
    let [alice, bob] = [t.user("alice").await, t.user("bob").await];
    for change in 0..60 {
        let name = json!({"nickname": format!("name {change}")});
        alice.v1.post("/v1/user/edit-nickname").json(&name).send().await.assert_ok();
    }
    bob.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "B"})).send().await.assert_ok();
    let posts = receiver.wait_for(61).await;
    let position = posts.iter().position(|post| post.data()["user_id"] == bob.id).unwrap();
    assert!(position < 45, "{position}");
    let of_alice: Vec<i64> = posts.iter().filter(|post| post.data()["user_id"] == alice.id).map(number_of).collect();
    assert!(of_alice.is_sorted() && of_alice.len() == 60);
    wait_for(&admin, id, "delivered", 1).await;
}

#[actix_web::test]
async fn a_node_that_stops_gives_back_what_it_has() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::slow(Duration::from_millis(500)));
    let id = subscribe(&admin, &receiver.url(), &["user.created", "session.created"]).await;
    t.user("alice").await;
    receiver.wait_for(1).await;
    t.stop_following();
    diglot::domain::background::finish(&t.gateway).await;
    let other_node = t.another_node().await;
    receiver.wait_for(3).await;
    let admin = other_node.anon().header("app_id", "default").header("access-token", &t.admin_token().await);
    wait_for(&admin, id, "delivered", 1).await;
}

#[actix_web::test]
async fn the_events_of_an_account_come_in_order_also_when_one_fails() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.updated"]).await;
    let [alice, bob] = [t.user("alice").await, t.user("bob").await];
    let rename = async |client: &Client, name: &str| {
        client.post("/v1/user/edit-nickname").json(&json!({"nickname": name})).send().await.assert_ok();
    };
    receiver.plan(failures(1));
    rename(&alice.v1, "A1").await;
    let first = wait_for(&admin, id, "pending", 1).await["message_id"].clone();
    rename(&alice.v1, "A2").await;
    rename(&bob.v1, "B1").await;
    rename(&alice.v1, "A3").await;
    // Of another account, so it does not wait.
    let posts = receiver.wait_for(2).await;
    assert_eq!(posts[1].data()["user_id"], bob.id);
    t.clock.advance(5000);
    let posts = receiver.wait_for(5).await;
    let of_alice: Vec<_> = posts.iter().filter(|post| post.data()["user_id"] == alice.id).collect();
    let ids: Vec<i64> = of_alice.iter().map(|post| number_of(post)).collect();
    assert_eq!(of_alice[1].header("webhook-id"), first);
    assert!(ids[1] < ids[2] && ids[2] < ids[3], "{ids:?}");
}

/// The number in the id of a post, which counts events.
fn number_of(post: &Post) -> i64 {
    post.header("webhook-id").rsplit('_').next().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn many_nodes_share_the_work_and_send_nothing_twice() {
    const USERS: usize = 4;
    const CHANGES: usize = 12;
    let t = app().await;
    let (_second, _third) = (t.another_node().await, t.another_node().await);
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["user.updated"]).await;
    let mut users = Vec::new();
    for name in 0..USERS {
        users.push(t.user(&format!("user{name}")).await);
    }
    for change in 0..CHANGES {
        for user in &users {
            let name = json!({"nickname": format!("name {change}")});
            user.v1.post("/v1/user/edit-nickname").json(&name).send().await.assert_ok();
        }
    }
    let posts = receiver.wait_for(USERS * CHANGES).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.posts().len(), USERS * CHANGES);
    let mut order: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for post in &posts {
        order.entry(post.data()["user_id"].as_i64().unwrap()).or_default().push(number_of(post));
    }
    assert!(order.values().all(|ids| ids.len() == CHANGES && ids.is_sorted()), "{order:?}");
}

#[actix_web::test]
async fn what_a_node_had_when_it_stopped_another_one_delivers() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::slow(Duration::from_secs(3)));
    let id = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    t.user("alice").await;
    receiver.wait_for(1).await;
    let other_node = t.another_node().await;
    let admin = other_node.anon().header("app_id", "default").header("access-token", &t.admin_token().await);
    // Nobody is left who would note the answer.
    let clock = std::sync::Arc::clone(&t.clock);
    t.stop_following();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.posts().len(), 1);
    clock.advance(60_000);
    let posts = receiver.wait_for(2).await;
    assert_eq!(posts[0].header("webhook-id"), posts[1].header("webhook-id"));
    wait_for(&admin, id, "delivered", 1).await;
}

#[actix_web::test]
async fn a_slow_receiver_delays_neither_requests_nor_other_receivers() {
    let t = app().await;
    let admin = t.admin().await;
    let (slow, quick) = (WebhookReceiver::slow(Duration::from_secs(60)), WebhookReceiver::start());
    subscribe(&admin, &slow.url(), &["user.created"]).await;
    subscribe(&admin, &quick.url(), &["user.created"]).await;
    let started = std::time::Instant::now();
    for name in ["alice", "bob", "carol"] {
        t.user(name).await;
    }
    quick.wait_for(3).await;
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[actix_web::test]
async fn old_deliveries_go_and_a_deleted_webhook_gets_nothing() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let id = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    t.user("alice").await;
    wait_for(&admin, id, "delivered", 1).await;
    t.clock.advance(25 * HOUR_MS);
    for _ in 0..500 {
        if deliveries(&admin, id).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(deliveries(&admin, id).await.is_empty());
    receiver.plan(failures(1));
    t.user("bob").await;
    wait_for(&admin, id, "pending", 1).await;
    admin.post("/admin/v1/webhooks/delete").json(&json!({"id": id})).send().await.assert_ok();
    t.clock.advance(HOUR_MS);
    t.user("carol").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.posts().len(), 2);
}
