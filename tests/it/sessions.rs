//! Sessions: how long they live and what ends them (behaviour.md §4, security.md 21).

use diglot::transport::pb;
use serde_json::json;

use crate::support::{DAY_MS, HOUR_MS, TestApp, User};

const ENDED: &str = "json | 200 | 402 | access-token no longer valid, log in again";

async fn is_live(session: &User) -> bool {
    let v1 = session.v1.get("/v1/user/info").send().await.code();
    let admin = session.admin_api.get("/user/profile").send().await;
    match (v1, admin.code()) {
        (1, 200) => true,
        (-101, 402) => false,
        _ => panic!("the doors disagree: {v1} and {}", admin.line()),
    }
}

#[actix_web::test]
async fn a_logout_ends_only_its_own_session() {
    let t = TestApp::new().await;
    let phone = t.user("alice").await;
    let laptop = t.login("alice", "laptop").await;

    phone.v1.post("/v1/user/logout").send().await.assert_line("json | 200 | 1");
    assert!(!is_live(&phone).await);
    assert!(is_live(&laptop).await);
    phone.v1.post("/v1/user/logout").send().await.assert_line("json | 200 | -101 | 未登录");
    phone.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    let res = laptop.v1.post("/v1/user/logout").json(&json!({"device-id": "laptop"})).send().await;
    assert_eq!(res.json(), json!({"code": 1, "msg": "success"}));
    assert!(!is_live(&laptop).await);
}

#[actix_web::test]
async fn a_login_on_a_device_replaces_its_session() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let (first, other) = (t.login("alice", "tablet").await, t.login("alice", "laptop").await);
    let second = t.login("alice", "tablet").await;

    assert!(!is_live(&first).await);
    assert!(is_live(&second).await);
    assert!(is_live(&other).await);
}

#[actix_web::test]
async fn logins_without_a_device_id_replace_nothing() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let (first, second) = (t.login("alice", "").await, t.login("alice", "").await);

    assert!(is_live(&first).await);
    assert!(is_live(&second).await);
}

#[actix_web::test]
async fn the_oldest_session_ends_when_the_maximum_is_exceeded() {
    let t = TestApp::with(|config| config.reloadable.sessions_per_user = 3).await;
    let first = t.user("alice").await;
    let mut rest = Vec::new();
    for device in ["b", "c", "d"] {
        rest.push(t.login("alice", device).await);
    }

    assert!(!is_live(&first).await);
    for session in &rest {
        assert!(is_live(session).await);
    }
}

#[actix_web::test]
async fn an_unused_session_ends_after_30_days() {
    let t = TestApp::new().await;
    let (used, unused) = (t.user("alice").await, t.user("bob").await);

    for _ in 0..4 {
        t.clock.advance(10 * DAY_MS);
        assert!(is_live(&used).await);
    }
    assert!(!is_live(&unused).await);
}

#[actix_web::test]
async fn every_session_ends_after_180_days() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for _ in 0..17 {
        t.clock.advance(10 * DAY_MS);
        assert!(is_live(&alice).await);
    }
    t.clock.advance(10 * DAY_MS - HOUR_MS);
    assert!(is_live(&alice).await);
    t.clock.advance(HOUR_MS);
    assert!(!is_live(&alice).await);
}

#[actix_web::test]
async fn sessions_that_ended_long_ago_are_deleted_at_the_next_login() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    t.login("alice", "left alone").await;
    alice.v1.post("/v1/user/logout").send().await.assert_ok();
    t.clock.advance(179 * DAY_MS);
    t.login("alice", "new").await;
    let ended = alice.admin_api.get("/user/profile").send().await;
    ended.assert_line("json | 200 | 402 | access-token no longer valid, log in again");
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM sessions").await, 3);
    t.clock.advance(182 * DAY_MS);
    t.login("alice", "newer").await;
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM sessions").await, 1 + 1);
    let unknown = alice.admin_api.get("/user/profile").send().await;
    unknown.assert_line("json | 200 | 10008 | access-token invalid");
}

#[actix_web::test]
async fn login_works_with_protobuf() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let request = pb::EmailLoginRequest {
        email: "alice".to_owned(),
        password: crate::support::PASSWORD.to_owned(),
        device_id: "watch".to_owned(),
        platform: "android".to_owned(),
    };

    let login: pb::LoginResponse = t.anon().post("/v1/user/email-login").proto(&request).send().await.proto();
    let res = t.anon().get("/v1/user/info").header("token", &login.token).send().await;
    res.assert_line("protobuf | 200 | 1");
}

#[actix_web::test]
async fn logged_in_devices_are_listed() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    t.clock.advance(HOUR_MS);
    let body =
        json!({"email": "alice", "password": crate::support::PASSWORD, "deviceId": "pc", "platform": "Windows 11"});
    t.anon().post("/v1/user/email-login").json(&body).send().await.assert_ok();
    let gone = t.login("alice", "gone").await;
    gone.v1.post("/v1/user/logout").send().await.assert_ok();
    t.login("alice", "").await.v1.get("/v1/user/info").send().await.assert_ok();

    let later = u64::try_from((crate::support::START_MS + HOUR_MS) / 1000).unwrap();
    let id = alice.id.to_string();
    let client = |platform: &str, device: &str, login_timestamp| pb::Client {
        user_id: id.clone(),
        platform: platform.to_owned(),
        device_id: device.to_owned(),
        login_timestamp,
    };
    let proto: pb::ClientsResponse = alice.v1.get("/v1/user/clients").send().await.proto();
    let generated = proto.devices[2].device_id.clone();
    assert!(generated.starts_with("generated-"), "{generated}");
    let expected =
        [client("", "alice's phone", later - 3600), client("Windows 11", "pc", later), client("", &generated, later)];
    assert_eq!(proto.devices, expected);
    let json = alice.v1.get("/v1/user/clients").header("accept", "application/json").send().await.json();
    let expected = json!({"userId": id, "platform": "Windows 11", "deviceId": "pc", "loginTimestamp": later});
    assert_eq!(json["data"]["devices"][1], expected);
    t.clock.advance(30 * DAY_MS - HOUR_MS);
    let late = t.login("alice", "late").await;
    let proto: pb::ClientsResponse = late.v1.get("/v1/user/clients").send().await.proto();
    assert!(!proto.devices.iter().any(|device| device.device_id == "pc" && device.login_timestamp != later));
    t.clock.advance(HOUR_MS);
    let proto: pb::ClientsResponse = late.v1.get("/v1/user/clients").send().await.proto();
    assert_eq!(proto.devices.iter().map(|device| device.device_id.as_str()).collect::<Vec<_>>(), ["late"]);
}

#[actix_web::test]
async fn a_device_can_be_taken_offline_from_another() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let laptop = t.login("alice", "laptop").await;
    let offline =
        |user: &User, device: &str| user.v1.post("/v1/user/device-offline").json(&json!({"deviceId": device})).send();

    offline(&bob, "laptop").await.assert_line("json | 200 | -1 | 设备不存在");
    assert!(is_live(&laptop).await);
    offline(&alice, "laptop").await.assert_line("json | 200 | 1");
    assert!(!is_live(&laptop).await);
    assert!(is_live(&alice).await);
    offline(&alice, "laptop").await.assert_ok();
    offline(&alice, "").await.assert_line("json | 200 | 1100 | 请求参数错误: deviceId 不能为空");
}

#[actix_web::test]
async fn a_token_can_be_used_to_get_another_one() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let get = |token: &str| t.anon().get(&format!("/v1/user/get-token?token={token}")).send();

    let res = get(&alice.token).await;
    res.assert_line("json | 200 | 1");
    let second = res.json()["data"]["token"].as_str().unwrap().to_owned();
    assert_ne!(second, alice.token);
    for token in [&alice.token, &second] {
        t.anon().get("/v1/user/info").header("token", token).send().await.assert_line("protobuf | 200 | 1");
    }
    for token in ["", "x", "adm-00000000-0000-0000-0000-000000000000"] {
        get(token).await.assert_line("json | 200 | -101 | 未登录");
    }
    let header = t.anon().get("/v1/user/get-token").header("token", &alice.token).send().await;
    header.assert_line("json | 200 | -101 | 未登录");
    alice.v1.post("/v1/user/logout").send().await.assert_ok();
    get(&alice.token).await.assert_line("json | 200 | -101 | 未登录");
    t.admin().await.put("/user/disable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
    get(&second).await.assert_line("json | 200 | -101 | 未登录");
}

#[actix_web::test]
async fn sessions_without_a_device_id_make_room_first_then_the_least_recently_used() {
    let t = TestApp::with(|config| config.reloadable.sessions_per_user = 5).await;
    let alice = t.user("alice").await;
    let (laptop, tablet) = (t.login("alice", "laptop").await, t.login("alice", "tablet").await);
    for _ in 0..30 {
        t.clock.advance(6 * 60_000);
        t.login("alice", "").await;
        assert!(is_live(&alice).await, "the phone in use");
    }
    assert!(is_live(&laptop).await && is_live(&tablet).await);
    // With devices only, the one that was not used for longest goes.
    t.clock.advance(6 * 60_000);
    assert!(is_live(&alice).await && is_live(&tablet).await);
    for device in ["desk", "watch", "car"] {
        t.login("alice", device).await;
    }
    assert!(!is_live(&laptop).await);
    assert!(is_live(&alice).await && is_live(&tablet).await);
}

#[actix_web::test]
async fn getting_tokens_never_ends_the_session_that_asks() {
    let t = TestApp::with(|config| config.reloadable.sessions_per_user = 3).await;
    t.user("alice").await;
    let nameless = t.login("alice", "").await;
    for _ in 0..30 {
        t.clock.advance(6 * 60_000);
        let path = format!("/v1/user/get-token?token={}", nameless.token);
        t.anon().get(&path).send().await.assert_line("json | 200 | 1");
    }
    assert!(is_live(&nameless).await);
}

#[actix_web::test]
async fn a_session_without_a_device_id_can_be_named_and_ended() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let nameless = t.login("alice", "").await;
    let clients: pb::ClientsResponse = alice.v1.get("/v1/user/clients").send().await.proto();
    let generated = &clients.devices[1].device_id;
    alice.v1.post("/v1/user/device-offline").json(&json!({"deviceId": generated})).send().await.assert_ok();
    assert!(!is_live(&nameless).await && is_live(&alice).await);
}
