//! The audience of a push message and its pages, for push workers (docs/admin-v1.md).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Res, TestApp, User};

async fn send(admin: &Client, body: &Value) -> Res {
    admin.post("/admin/v1/push/targets").json(body).send().await
}

/// The targets on one page.
pub async fn targets(admin: &Client, body: Value) -> Vec<Value> {
    let res = send(admin, &body).await;
    res.assert_ok();
    assert_eq!(res.json().get("cursor"), None);
    res.json()["data"].as_array().unwrap().clone()
}

/// The account's number and the token, or the registration's id, of each target.
pub async fn reached(admin: &Client, body: Value) -> Vec<String> {
    let token = |target: &Value| {
        let token = target.get("device_token").or(target.get("registration_id")).unwrap();
        token.as_str().unwrap().to_owned()
    };
    targets(admin, body).await.iter().map(token).collect()
}

pub async fn everyone(admin: &Client) -> Vec<String> {
    reached(admin, json!({"everyone": true})).await
}

pub async fn bind(user: &User, device_sn: i32, token: &str) {
    let body = json!({"device_sn": device_sn, "device_token": token, "notifier_name": "apns"});
    user.admin_api.post("/user/token/bind").json(&body).send().await.assert_ok();
}

pub async fn register(user: &User, device: &str, id: &str, is_open: i32) {
    let body = json!({"deviceId": device, "registrationId": id, "isOpen": is_open, "type": 2});
    user.v1.post("/v1/user/notification-info").json(&body).send().await.assert_ok();
}

/// A user whose first device has the token `name`.
pub async fn bound(t: &TestApp, name: &str, tags: &[&str]) -> User {
    let user = t.user(name).await;
    bind(&user, 1, name).await;
    if !tags.is_empty() {
        user.admin_api.post("/user/push/tag").json(&json!({"tags": tags})).send().await.assert_ok();
    }
    user
}

pub async fn set(user: &User, what: Value) {
    let mut body = what;
    body["user_id"] = json!(user.id);
    user.admin_api.post("/user/settings").json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn a_target_is_all_that_a_worker_needs_to_push_to_a_device() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let body = json!({"email": "alice", "password": PASSWORD, "deviceId": "tablet", "platform": "iPad"});
    t.anon().header("app_id", "default").post("/v1/user/email-login").json(&body).send().await.assert_ok();
    bind(&alice, 2, "tablet token").await;
    register(&alice, "tablet", "tablet id", 1).await;
    register(&alice, "alice's phone", "phone id", 1).await;
    alice.admin_api.post("/user/push/badge").json(&json!({"badge": 3})).send().await.assert_ok();
    set(&alice, json!({"no_push_detail": true, "vibratory": true})).await;

    let quiet = json!({"now": false, "hide_detail": true, "no_sounds": false, "vibratory": true});
    let common = json!({"user_id": alice.id, "badge": 3, "nick_name": "alice", "quiet": quiet});
    let mut phone = common.clone();
    for (name, value) in [
        ("device_sn", json!(1)),
        ("device_id", json!("alice's phone")),
        ("platform", json!(0)),
        ("platform_name", json!("")),
        ("registration_id", json!("phone id")),
        ("registration_type", json!(2)),
    ] {
        phone[name] = value;
    }
    let found = targets(&admin, json!({"users": [alice.id]})).await;
    assert_eq!(found[0], phone);
    assert_eq!(found.len(), 2);
    let mut tablet = common;
    for (name, value) in [
        ("device_sn", json!(2)),
        ("device_id", json!("tablet")),
        ("platform", json!(1)),
        ("platform_name", json!("iPad")),
        ("notifier_name", json!("apns")),
        ("device_token", json!("tablet token")),
        ("registration_id", json!("tablet id")),
        ("registration_type", json!(2)),
    ] {
        tablet[name] = value;
    }
    assert_eq!(found[1], tablet);

    alice.admin_api.put("/user/push/nickname?value=Al").send().await.assert_ok();
    assert_eq!(targets(&admin, json!({"everyone": 1})).await[0]["nick_name"], "Al");
    alice.admin_api.put("/user/push/nickname?value=").send().await.assert_ok();
    assert_eq!(targets(&admin, json!({"everyone": 1})).await[0]["nick_name"], "alice");
}

#[actix_web::test]
async fn accounts_are_selected_by_number_alias_and_tags_which_must_all_fit() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let alice = bound(&t, "alice", &["vip", "news"]).await;
    let bob = bound(&t, "bob", &["vip"]).await;
    let carol = bound(&t, "carol", &["news", "体育"]).await;
    let dave = bound(&t, "dave", &[]).await;
    for (user, alias) in [(&alice, "queen"), (&bob, "boss")] {
        user.admin_api.post("/user/push/alias").json(&json!({"alias": alias})).send().await.assert_ok();
    }
    let all = ["alice", "bob", "carol", "dave"];
    for (body, expected) in [
        (json!({"everyone": true}), &all[..]),
        (json!({"users": [dave.id, alice.id.to_string(), alice.id, 9999]}), &["alice", "dave"]),
        (json!({"users": [9999]}), &[]),
        (json!({"aliases": ["boss", "queen", "nobody"]}), &["alice", "bob"]),
        (json!({"aliases": ["nobody"]}), &[]),
        (json!({"tags": {"any": ["vip", "体育", "unknown"]}}), &["alice", "bob", "carol"]),
        (json!({"tags": {"any": ["unknown"]}}), &[]),
        (json!({"tags": {"all": ["vip", "news"]}}), &["alice"]),
        (json!({"tags": {"all": ["vip", "unknown"]}}), &[]),
        (json!({"tags": {"any": ["vip", "体育"], "all": ["news"]}}), &["alice", "carol"]),
        (json!({"tags": {"any": ["news"], "none": ["vip"]}}), &["carol"]),
        (json!({"tags": {"all": ["news"], "none": ["体育", "unknown"]}}), &["alice"]),
        (json!({"everyone": true, "tags": {"none": ["vip", "体育"]}}), &["dave"]),
        (json!({"everyone": true, "tags": {"all": []}}), &all),
        (json!({"users": [alice.id, bob.id, carol.id], "aliases": ["boss"]}), &["bob"]),
        (json!({"users": [alice.id, carol.id], "tags": {"all": ["news"], "none": ["vip"]}}), &["carol"]),
        (json!({"aliases": ["boss", "queen"], "tags": {"any": ["news"]}}), &["alice"]),
        (json!({"everyone": true, "users": [bob.id]}), &["bob"]),
    ] {
        assert_eq!(reached(&admin, body.clone()).await, expected, "{body}");
    }
}

#[actix_web::test]
async fn a_selection_must_say_which_accounts_are_meant() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    bound(&t, "alice", &["vip"]).await;
    let missing = "json | 200 | 10002 | invalid request parameter: one of users, aliases, tags.any, tags.all and \
        everyone is required";
    for body in [
        Value::Null,
        json!({}),
        json!({"everyone": false}),
        json!({"tags": {}}),
        json!({"tags": {"all": []}}),
        json!({"tags": {"none": ["vip"]}}),
        json!({"page_size": 10, "cursor": "0:0"}),
    ] {
        let request = admin.post("/admin/v1/push/targets");
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.assert_line(missing);
    }
}

#[actix_web::test]
async fn malformed_selections_are_refused() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let (many, tags) = ((1..=1001).collect::<Vec<_>>(), (1..=21).map(|tag| tag.to_string()).collect::<Vec<_>>());
    let aliases: Vec<String> = many.iter().map(ToString::to_string).collect();
    for (body, problem) in [
        (json!({"users": []}), "users is required"),
        (json!({"everyone": true, "users": []}), "users is required"),
        (json!({"everyone": true, "aliases": []}), "aliases is required"),
        (json!({"everyone": true, "tags": {"any": []}}), "tags.any is required"),
        (json!({"users": many}), "users has too many items: at most 1000"),
        (json!({"aliases": aliases}), "aliases has too many items: at most 1000"),
        (json!({"tags": {"any": tags}}), "tags.any has too many items: at most 20"),
        (json!({"tags": {"all": tags}}), "tags.all has too many items: at most 20"),
        (json!({"everyone": true, "tags": {"none": tags}}), "tags.none has too many items: at most 20"),
        (json!({"users": [0]}), "users is malformed"),
        (json!({"users": ["alice"]}), "users is malformed"),
        (json!({"aliases": [" "]}), "aliases is required"),
        (json!({"tags": {"any": ["a\u{0}"]}}), "tags holds characters that are not allowed"),
        (json!({"everyone": true, "page_size": 0}), "page_size must be from 1 to 1000"),
        (json!({"everyone": true, "page_size": 1001}), "page_size must be from 1 to 1000"),
        (json!({"everyone": true, "cursor": "next"}), "cursor is malformed"),
    ] {
        send(&admin, &body).await.assert_line(&format!("json | 200 | 10002 | invalid request parameter: {problem}"));
    }
    for body in [
        json!({"users": 1}),
        json!({"users": [[1]]}),
        json!({"aliases": [1]}),
        json!({"tags": ["vip"]}),
        json!({"tags": {"any": "vip"}}),
        json!({"everyone": "everyone"}),
        json!({"everyone": true, "page_size": "many"}),
        json!({"everyone": true, "cursor": 1}),
        json!([]),
    ] {
        let res = send(&admin, &body).await;
        assert_eq!((res.status.as_u16(), res.code()), (200, 10002), "{body}");
    }
}

#[actix_web::test]
async fn pages_show_every_target_once_in_order_while_others_come_and_go() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let mut users = Vec::new();
    for number in 0..7 {
        users.push(bound(&t, &format!("user{number}"), &["all", if number % 2 == 0 { "even" } else { "odd" }]).await);
    }
    t.login("user3", "tablet").await;
    bind(&users[3], 2, "user3's tablet").await;
    let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    for selection in [
        json!({"everyone": true}),
        json!({"users": ids}),
        json!({"tags": {"all": ["all"]}}),
        json!({"tags": {"any": ["odd", "even"]}}),
    ] {
        for size in 1..=9 {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let mut body = selection.clone();
                (body["page_size"], body["cursor"]) = (json!(size), json!(cursor));
                let res = send(&admin, &body).await;
                res.assert_ok();
                let answer = res.json();
                let page = answer["data"].as_array().unwrap();
                assert!(page.len() <= size, "{selection} {size}");
                seen.extend(page.iter().map(|target| (target["user_id"].as_i64(), target["device_sn"].as_i64())));
                let Some(next) = answer["cursor"].as_str() else { break };
                assert_eq!(page.len(), size);
                next.clone_into(&mut cursor);
            }
            assert_eq!(seen.len(), 8, "{selection} {size}");
            assert!(
                seen.is_sorted() && seen.iter().collect::<BTreeSet<_>>().len() == 8,
                "{selection} {size}: {seen:?}"
            );
        }
    }

    let first = send(&admin, &json!({"everyone": true, "page_size": 3})).await.json();
    for user in [&users[1], &users[5]] {
        user.admin_api.post("/user/kick?device_sn=1").send().await.assert_ok();
    }
    admin.clone().header("user_id", &users[2].id.to_string()).post("/user/delete").send().await.assert_ok();
    bound(&t, "user7", &[]).await;
    let body = json!({"everyone": true, "cursor": first["cursor"]});
    let rest = ["user3", "user3's tablet", "user4", "user6", "user7"];
    assert_eq!(reached(&admin, body).await, rest);
}

#[actix_web::test]
async fn a_message_can_be_for_many_accounts_most_of_which_are_not_reached() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let copies = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)";
    let columns = "app_id, nickname, name_id, avatar_url, avatar_id, coin_cents, vip_expires_at_ms, status, \
        last_device_sn, registered_at_ms, last_active_at_ms, last_active_day, online_days, continuous_online_days, \
        coin_records";
    let values = "'default', 'x', 1, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0";
    let many = format!("INSERT INTO users ({columns}) {copies} SELECT {values} FROM n");
    assert_eq!(t.execute(&many).await.unwrap(), 6000);
    bound(&t, "alice", &["vip"]).await;
    let (mut seen, mut requests, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = send(&admin, &json!({"everyone": true, "cursor": cursor})).await.json();
        requests += 1;
        seen.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["cursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!((seen.len(), requests), (1, 2));
    assert_eq!(reached(&admin, json!({"tags": {"any": ["vip"]}})).await, ["alice"]);
}
