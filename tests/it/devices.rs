//! Devices of an account (behaviour.md §3, security.md 21).

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, User};

async fn list(client: &Client, query: &str) -> Value {
    client.get(&format!("/user/device/list{query}")).send().await.json()
}

fn numbers(list: &Value) -> Vec<i64> {
    list["data"].as_array().unwrap().iter().map(|device| device["device_sn"].as_i64().unwrap()).collect()
}

const ENDED: &str = "json | 200 | 402 | access-token no longer valid, log in again";

#[actix_web::test]
async fn devices_are_listed_in_pages_with_an_increasing_version() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for number in 0..11 {
        let body = json!({"email": "alice", "password": PASSWORD, "deviceId": format!("d{number}"), "platform": "mac"});
        let login = t.anon().header("user-agent", "Chat/1.0").post("/v1/user/email-login").json(&body);
        login.send().await.assert_ok();
    }
    let all = list(&alice.admin_api, "").await;
    assert_eq!(numbers(&all), (1..=12).collect::<Vec<i64>>());
    assert_eq!(all.get("cursor"), None);
    let second = &all["data"][1];
    assert_eq!(*second, json!({"user_id": alice.id, "device_sn": 2, "platform": 4, "user_agent": "Chat/1.0"}));

    let (mut seen, mut query) = (Vec::new(), "?page_size=5".to_owned());
    loop {
        let part = list(&alice.admin_api, &query).await;
        seen.extend(numbers(&part));
        let Some(cursor) = part["cursor"].as_str() else { break };
        query = format!("?page_size=5&cursor={cursor}");
    }
    assert_eq!(seen, numbers(&all));
    alice.admin_api.post("/user/device/remove?device_sn=5").send().await.assert_ok();
    assert!(list(&alice.admin_api, "").await["version"].as_i64() > all["version"].as_i64());
}

#[actix_web::test]
async fn a_removed_device_is_logged_out_and_deleted() {
    let t = TestApp::new().await;
    let (phone, tablet) = (t.user("alice").await, t.login("alice", "tablet").await);
    phone
        .admin_api
        .request(actix_web::http::Method::DELETE, "/user/device/remove?device_sn=2")
        .send()
        .await
        .assert_ok();
    tablet.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    tablet.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
    phone.admin_api.get("/user/profile").send().await.assert_ok();
    let again = phone.admin_api.post("/user/device/remove?device_sn=2").send().await;
    again.assert_line("json | 200 | 10002 | invalid request parameter: the device does not exist");
    assert_eq!(numbers(&list(&phone.admin_api, "").await), [1]);
    assert!(t.audit_rows().await.iter().any(|row| row.action == "device.remove"));
}

#[actix_web::test]
async fn a_kick_logs_out_one_device_or_all_but_deletes_none() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let kick = async |alice: &User, query: &str, body: Option<Value>| {
        let request = admin.clone().header("user_id", &alice.id.to_string()).post(&format!("/user/kick{query}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.assert_line("json | 200 | 200");
    };
    let phone = t.user("alice").await;
    for (query, body) in [("?device_sn=2", None), ("", Some(json!({"device_sn": 2})))] {
        let tablet = t.login("alice", "tablet").await;
        kick(&phone, query, body).await;
        tablet.admin_api.get("/user/profile").send().await.assert_line(ENDED);
        phone.admin_api.get("/user/profile").send().await.assert_ok();
    }
    let tablet = t.login("alice", "tablet").await;
    kick(&phone, "", Some(json!({}))).await;
    for user in [&tablet, &phone] {
        user.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    }
    let again = t.login("alice", "tablet").await;
    assert_eq!(numbers(&list(&again.admin_api, "").await), [1, 2]);
    let unknown = again.admin_api.put("/user/kick?device_sn=7").send().await;
    unknown.assert_line("json | 200 | 10002 | invalid request parameter: the device does not exist");
}

#[actix_web::test]
async fn a_push_token_belongs_to_one_device_of_the_tenant() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let bind = async |user: &User, sn: i64, token: &str| {
        let body = json!({"device_sn": sn, "device_token": token, "notifier_name": "apns"});
        user.admin_api.post("/user/token/bind").json(&body).send().await
    };
    bind(&alice, 1, "t1").await.assert_line("json | 200 | 200");
    bind(&alice, 1, "t2").await.assert_ok();
    bind(&bob, 1, "t2").await.assert_ok();
    let owner = t.number("SELECT user_id AS number FROM push_tokens").await;
    assert_eq!(owner, bob.id);
    let unknown = bind(&alice, 2, "t3").await;
    unknown.assert_line("json | 200 | 10002 | invalid request parameter: the device does not exist");

    let unbind = |query: &str| bob.admin_api.post(&format!("/user/token/unbind?{query}")).send();
    unbind("device_sn=1").await.assert_line("json | 200 | 10002 | invalid request parameter: deviceSn is required");
    let res = unbind("deviceSn=1").await;
    assert_eq!(res.json(), json!({"code": 200, "data": {}}));
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM push_tokens").await, 0);
}

#[actix_web::test]
async fn a_deleted_device_has_no_push_token() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let log_in = async || {
        let body = json!({"name": "alice", "password": PASSWORD});
        t.anon().header("app_id", "default").post("/token/user").json(&body).send().await.assert_ok();
    };
    log_in().await;
    let body = json!({"device_sn": 2, "device_token": "lost", "notifier_name": "apns"});
    alice.admin_api.post("/user/token/bind").json(&body).send().await.assert_ok();
    alice.admin_api.post("/user/kick?device_sn=2").send().await.assert_ok();
    log_in().await;
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM push_tokens").await, 0);
}

#[actix_web::test]
async fn devices_without_an_id_are_deleted_once_they_have_no_session() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for _ in 0..5 {
        let body = json!({"name": "alice", "password": PASSWORD});
        let login = t.anon().header("app_id", "default").post("/token/user").json(&body).send().await.json();
        let token = login["data"]["token"].as_str().unwrap().to_owned();
        t.anon().header("token", &token).post("/v1/user/logout").send().await.assert_ok();
    }
    t.login("alice", "tablet").await.v1.get("/v1/user/info").send().await.assert_ok();
    assert_eq!(numbers(&list(&alice.admin_api, "").await), [1, 7]);
}

#[actix_web::test]
async fn a_user_is_online_for_a_while_after_its_own_requests() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let body = json!({"username": "alice", "password": PASSWORD});
    let res = t.anon().header("app_id", "default").post("/user/register/v2").json(&body).send().await;
    let id = res.json()["data"]["user_id"].as_i64().unwrap().to_string();
    let acting = admin.header("user_id", &id);
    let is_online = async || acting.get("/user/online_status").send().await.json()["data"]["online"].clone();

    assert_eq!(is_online().await, json!(false));
    acting.get("/user/profile").send().await.assert_ok();
    assert_eq!(is_online().await, json!(false));
    let phone = t.login("alice", "phone").await;
    t.clock.advance(59_000);
    assert_eq!(is_online().await, json!(true));
    phone.v1.get("/v1/user/info").send().await.assert_ok();
    t.clock.advance(59_000);
    assert_eq!(is_online().await, json!(true));
    t.clock.advance(1_000);
    assert_eq!(is_online().await, json!(false));
    phone.v1.get("/v1/user/info").send().await.assert_ok();
    assert_eq!(is_online().await, json!(true));
    acting.put("/user/kick").send().await.assert_ok();
    assert_eq!(is_online().await, json!(false));
}
