//! The settings of a device: notifications, and the modules that its user ignores.

use serde_json::{Value, json};

use crate::support::{HOUR_MS, Res, START_MS, TestApp, User};

async fn post(user: &User, path: &str, body: Value) -> Res {
    user.v1.post(path).json(&body).send().await
}

async fn status(user: &User, device: &str) -> Value {
    let body = json!({"deviceId": device, "registrationId": "anything"});
    let res = post(user, "/v1/user/notification-status", body).await;
    res.assert_line("json | 200 | 1");
    res.json()["data"]["notification"].clone()
}

#[actix_web::test]
async fn a_device_is_registered_once_and_keeps_its_id() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let register = |registration: &str, is_open: i32| {
        let body = json!({"deviceId": "phone", "registrationId": registration, "isOpen": is_open, "type": 2});
        post(&alice, "/v1/user/notification-info", body)
    };
    let nothing = json!({"id": 0, "userId": alice.id.to_string(), "deviceId": "phone", "registrationId": "",
        "isOpen": 0, "type": 0, "delFlag": 0, "createTime": 0, "updateTime": 0});
    assert_eq!(status(&alice, "phone").await, nothing);

    register("first", 1).await.assert_line("json | 200 | 1");
    let id = status(&alice, "phone").await["id"].clone();
    t.clock.advance(HOUR_MS);
    register("second", 0).await.assert_ok();
    let expected = json!({"id": id, "userId": alice.id.to_string(), "deviceId": "phone", "registrationId": "second",
        "isOpen": 0, "type": 2, "delFlag": 0, "createTime": START_MS / 1000,
        "updateTime": (START_MS + HOUR_MS) / 1000});
    assert_eq!(status(&alice, "phone").await, expected);
    assert!(id.as_i64().unwrap() > 0);
    assert_eq!(status(&alice, "tablet").await["id"], 0);
    assert_eq!(status(&bob, "phone").await["id"], 0);
}

#[actix_web::test]
async fn a_registration_requires_all_fields() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for (field, value, problem) in [
        ("deviceId", json!(""), "deviceId 不能为空"),
        ("deviceId", json!(null), "deviceId 不能为空"),
        ("deviceId", json!("x".repeat(256)), "deviceId 过长，最多 255 个字符"),
        ("registrationId", json!(" "), "registrationId 不能为空"),
        ("registrationId", json!("a\u{0}"), "registrationId 包含不允许的字符"),
        ("isOpen", json!(2), "isOpen 必须在 0 到 1 之间"),
    ] {
        let mut body = json!({"deviceId": "phone", "registrationId": "r", "isOpen": 1, "type": 2});
        body[field] = value;
        let line = post(&alice, "/v1/user/notification-info", body).await.line();
        assert_eq!(line, format!("json | 200 | 1100 | 请求参数错误: {problem}"));
    }
    let line = post(&alice, "/v1/user/notification-status", json!({})).await.line();
    assert_eq!(line, "json | 200 | 1100 | 请求参数错误: deviceId 不能为空");
    assert_eq!(status(&alice, "phone").await["id"], 0);
}

#[actix_web::test]
async fn only_vips_can_ignore_modules() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let info = || post(&alice, "/v1/user/module-ignore-info", json!({"deviceId": "phone"}));
    let ignore = |what: &str| post(&alice, "/v1/user/module-ignore", json!({"deviceId": "phone", "ignore": what}));
    let refused = "json | 200 | -1 | 此功能仅限VIP用户使用";

    info().await.assert_line(refused);
    alice.v1.post("/v1/user/module-ignore-info").send().await.assert_line(refused);
    ignore("a").await.assert_line(refused);
    let days = json!({"user_id": alice.id, "days": 1});
    admin.post("/admin/v1/vip/grant").json(&days).send().await.assert_ok();
    assert_eq!(info().await.json()["data"]["ignore"]["ignore"], "");
    ignore("a,b").await.assert_line("json | 200 | 1");
    ignore("b").await.assert_ok();
    let known = info().await.json()["data"]["ignore"].clone();
    let expected = json!({"id": known["id"], "userId": alice.id.to_string(), "updateTime": START_MS / 1000,
        "deviceId": "phone", "ignore": "b"});
    assert_eq!(known, expected);
    t.clock.advance(24 * HOUR_MS);
    info().await.assert_line(refused);
}
