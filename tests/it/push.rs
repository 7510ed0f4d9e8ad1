//! Push registration, alias, badge and tags (behaviour.md §3).

use actix_web::http::Method;
use diglot::domain::tenants;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{PASSWORD, Res, TestApp, command_line};

#[actix_web::test]
async fn tags_are_a_set() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await.admin_api;
    let tags = async || alice.get("/user/push/tag").send().await.json()["data"].clone();
    let send = |method: Method, body: Value| alice.request(method, "/user/push/tag").json(&body).send();

    assert_eq!(tags().await, json!([]));
    send(Method::POST, json!({"tags": ["vip", "news", "vip"]})).await.assert_line("json | 200 | 200");
    send(Method::POST, json!({"tags": ["news", "体育"]})).await.assert_ok();
    let mut shown: Vec<String> = serde_json::from_value(tags().await).unwrap();
    shown.sort();
    assert_eq!(shown, ["news", "vip", "体育"]);
    send(Method::DELETE, json!({"tags": ["vip", "unknown"]})).await.assert_line("json | 200 | 200");
    send(Method::POST, json!({})).await.assert_ok();
    assert_eq!(send(Method::POST, json!({"tags": [""]})).await.code(), 10002);
    let many: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    assert_eq!(send(Method::POST, json!({"tags": many})).await.code(), 10002);
    assert_eq!(tags().await.as_array().unwrap().len(), 2);
    alice.request(Method::DELETE, "/user/push/tag/all").send().await.assert_line("json | 200 | 200");
    assert_eq!(tags().await, json!([]));
}

#[actix_web::test]
async fn an_alias_is_unique_in_its_tenant() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await.admin_api, t.user("bob").await.admin_api);
    let there = t.user_of_new_app("other", "alice").await.admin_api;
    let body = json!({"alias": "boss", "push_token": "token"});
    alice.post("/user/push/alias").json(&body).send().await.assert_line("json | 200 | 200");
    alice.post("/user/push/alias").json(&body).send().await.assert_ok();
    assert_eq!(alice.get("/user/settings").send().await.json()["data"]["push_token"], "token");
    let res = bob.post("/user/push/alias").json(&body).send().await;
    res.assert_line("json | 200 | 10002 | invalid request parameter: alias belongs to another user");
    assert_eq!(bob.get("/user/settings").send().await.json()["data"].get("push_token"), None);
    there.post("/user/push/alias").json(&body).send().await.assert_ok();
    alice.post("/user/push/alias").json(&json!({"alias": "queen"})).send().await.assert_ok();
    bob.post("/user/push/alias").json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn a_badge_is_a_non_negative_number() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await.admin_api;
    let set = |badge: Value| alice.post("/user/push/badge").json(&json!({"badge": badge})).send();
    for badge in [0, 7, i64::from(i32::MAX)] {
        set(json!(badge)).await.assert_line("json | 200 | 200");
        assert_eq!(t.number("SELECT CAST(badge AS BIGINT) AS number FROM push_profiles").await, badge);
    }
    for badge in [json!(-1), json!(1_i64 << 31), json!("7"), Value::Null] {
        assert_eq!(set(badge.clone()).await.code(), 10002, "{badge}");
    }
}

fn sign(secret: &str, username: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(username.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[actix_web::test]
async fn a_push_registration_creates_the_account_with_device_alias_and_token() {
    let t = TestApp::new().await;
    let body = json!({
        "username": "alice", "password": PASSWORD, "alias": "a", "device_guid": "phone", "push_token": "token",
    });
    let register = |body: Value| t.anon().header("app_id", "default").post("/user/register/push").json(&body).send();
    let res = register(body.clone()).await;
    res.assert_line("json | 200 | 200");
    assert_eq!(res.json()["data"]["push_token"], "token");
    register(body).await.assert_line("json | 200 | 10004 | user already exists");
    let taken = json!({"username": "bob", "password": PASSWORD, "alias": "a"});
    assert_eq!(register(taken).await.code(), 10002);
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM users").await, 1);
    let alice = t.login("alice", "phone").await;
    let devices = alice.admin_api.get("/user/device/list").send().await.json();
    assert_eq!(devices["data"].as_array().unwrap().len(), 1, "the login is on the device that registered");
}

#[actix_web::test]
async fn a_signature_is_verified_if_present_and_required_if_the_tenant_requires_it() {
    let t = TestApp::new().await;
    let operator = command_line("default");
    let register = async |name: &str, sign: Option<String>| -> Res {
        let body = json!({"username": name, "password": PASSWORD, "sign": sign});
        t.anon().header("app_id", "default").post("/user/register/push").json(&body).send().await
    };
    let secret = tenants::show_secret(&t.gateway, &operator).await.unwrap();
    register("alice", None).await.assert_ok();
    register("bob", Some(sign(&secret, "bob"))).await.assert_ok();
    let wrong = "json | 200 | 10002 | invalid request parameter: sign is wrong";
    register("carol", Some(sign(&secret, "bob"))).await.assert_line(wrong);
    tenants::set_push_sign_required(&t.gateway, &operator, true).await.unwrap();
    register("carol", None).await.assert_line("json | 200 | 10002 | invalid request parameter: sign is required");
    register("carol", Some(sign(&secret, "carol").to_uppercase())).await.assert_ok();
    let new = tenants::rotate_secret(&t.gateway, &operator).await.unwrap();
    assert_ne!(new, secret);
    register("dave", Some(sign(&secret, "dave"))).await.assert_line(wrong);
    register("dave", Some(sign(&new, "dave"))).await.assert_ok();
}

#[actix_web::test]
async fn only_admins_register_accounts_while_registration_is_closed() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    tenants::set_registration_open(&t.gateway, &command_line("default"), false).await.unwrap();
    let body = json!({"username": "alice", "password": PASSWORD});
    for path in ["/user/register/v2", "/user/register/push"] {
        let res = t.anon().header("app_id", "default").post(path).json(&body).send().await;
        res.assert_line("json | 200 | 40001 | open registration is off for this app");
    }
    let res = admin.post("/user/register/batch").json(&json!({"list": [body]})).send().await;
    assert_eq!(res.json()["data"][0]["success"], true);
}
