//! Which devices push messages reach and when it is quiet, and what push services report as dead (docs/admin-v1.md).

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::{
    push_targets::{bind, bound, everyone, reached, register, set, targets},
    support::{Client, HOUR_MS, PASSWORD, TestApp},
};

#[actix_web::test]
async fn it_is_quiet_during_the_hours_without_push_in_the_configured_zone() {
    // The clock starts at 03:04 in UTC.
    for (zone, hour) in [("UTC", 3_i64), ("Asia/Shanghai", 11), ("America/New_York", 22)] {
        let t = TestApp::with(|config| config.timezone = TimeZone::get(zone).unwrap()).await;
        let (admin, alice) = (t.admin().await, bound(&t, "alice", &[]).await);
        let is_quiet = async || {
            let found = targets(&admin, json!({"users": [alice.id]})).await;
            found[0]["quiet"]["now"].as_bool().unwrap()
        };
        let at = |hours: i64| (hour + hours).rem_euclid(24);
        for (start, end, expected) in [
            (at(0), at(1), true),
            (at(-1), at(1), true),
            (at(-1), at(0), false),
            (at(1), at(2), false),
            (at(1), at(0), false),
            (at(1), at(1), false),
            (at(0), at(0), false),
            (at(-6), at(6), true),
            (at(6), at(-6), false),
            (at(-11), at(12), true),
        ] {
            let path = format!("/user/push/limit?no_push_start_hour={start}&no_push_end_hour={end}");
            alice.admin_api.put(&path).send().await.assert_ok();
            assert_eq!(is_quiet().await, expected, "{zone}: {start} to {end}");
        }
        let path = format!("/user/push/limit?no_push_start_hour={}&no_push_end_hour={}", at(1), at(3));
        alice.admin_api.put(&path).send().await.assert_ok();
        for expected in [false, true, true, false] {
            assert_eq!(is_quiet().await, expected, "{zone}");
            t.clock.advance(HOUR_MS);
        }
        alice.admin_api.put("/user/push?value=true").send().await.assert_ok();
        assert!(is_quiet().await, "pushes are off");
    }
}

#[actix_web::test]
async fn a_device_that_is_logged_out_is_not_reached() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, bound(&t, "alice", &[]).await);
    let tablet = t.login("alice", "tablet").await;
    bind(&tablet, 2, "tablet").await;
    register(&tablet, "tablet", "tablet id", 1).await;
    register(&alice, "elsewhere", "not a device", 1).await;
    assert_eq!(everyone(&admin).await, ["alice", "tablet"]);

    alice.admin_api.post("/user/kick?device_sn=2").send().await.assert_ok();
    assert_eq!(everyone(&admin).await, ["alice"]);
    let tablet = t.login("alice", "tablet").await;
    assert_eq!(everyone(&admin).await, ["alice", "tablet"]);
    tablet.v1.post("/v1/user/logout").send().await.assert_ok();
    assert_eq!(everyone(&admin).await, ["alice"]);
    t.clock.advance(t.gateway.config.session_max_idle_ms + 1);
    assert!(everyone(&admin).await.is_empty(), "the session was not used for too long");
}

#[actix_web::test]
async fn a_device_whose_notifications_are_off_is_not_reached() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    assert!(everyone(&admin).await.is_empty());
    register(&alice, "alice's phone", "id", 0).await;
    assert!(everyone(&admin).await.is_empty());
    register(&alice, "alice's phone", "id", 1).await;
    assert_eq!(everyone(&admin).await, ["id"]);
    bind(&alice, 1, "token").await;
    assert_eq!(everyone(&admin).await, ["token"]);
    register(&alice, "alice's phone", "id", 0).await;
    assert!(everyone(&admin).await.is_empty());
}

#[actix_web::test]
async fn disabled_and_deleted_accounts_are_not_reached() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let (alice, bob) = (bound(&t, "alice", &["vip"]).await, bound(&t, "bob", &["vip"]).await);
    admin.put("/user/disable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
    admin.clone().header("user_id", &bob.id.to_string()).post("/user/delete").send().await.assert_ok();
    for body in [json!({"everyone": true}), json!({"users": [alice.id, bob.id]}), json!({"tags": {"any": ["vip"]}})] {
        assert!(targets(&admin, body).await.is_empty());
    }
}

#[actix_web::test]
async fn the_token_of_an_account_reaches_it_until_its_sessions_end() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let body = json!({"username": "alice", "password": PASSWORD, "device_guid": "phone", "push_token": "token"});
    t.anon().header("app_id", "default").post("/user/register/push").json(&body).send().await.assert_ok();
    let found = targets(&admin, json!({"everyone": true})).await;
    let quiet = json!({"now": false, "hide_detail": false, "no_sounds": false, "vibratory": false});
    let expected = json!({"user_id": found[0]["user_id"], "platform": 0, "platform_name": "", "badge": 0,
        "device_token": "token", "nick_name": "alice", "quiet": quiet});
    assert_eq!(found, [expected]);

    let alice = t.login("alice", "phone").await;
    bind(&alice, 1, "of the phone").await;
    assert_eq!(everyone(&admin).await, ["token", "of the phone"]);
    bind(&alice, 1, "token").await;
    let found = targets(&admin, json!({"everyone": true})).await;
    assert_eq!((found.len(), &found[0]["device_sn"]), (1, &json!(1)), "the token is that of the device");
    bind(&alice, 1, "of the phone").await;
    alice.admin_api.post("/user/kick").send().await.assert_ok();
    assert!(everyone(&admin).await.is_empty());
}

#[actix_web::test]
async fn the_token_of_an_account_does_not_reach_another_ones_device() {
    let t = TestApp::new().await;
    let (admin, alice, bob) = (t.admin().await, t.user("alice").await, t.user("bob").await);
    set(&alice, json!({"push_token": "handed on"})).await;
    assert_eq!(reached(&admin, json!({"users": [alice.id]})).await, ["handed on"]);
    bind(&bob, 1, "handed on").await;
    assert!(targets(&admin, json!({"users": [alice.id]})).await.is_empty());
    assert_eq!(reached(&admin, json!({"users": [bob.id]})).await, ["handed on"]);
}

#[actix_web::test]
async fn workers_are_operators_of_their_own_app() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let alice = bound(&t, "alice", &["vip"]).await;
    alice.admin_api.post("/user/push/alias").json(&json!({"alias": "a"})).send().await.assert_ok();
    for body in [
        json!({"everyone": true}),
        json!({"users": [alice.id]}),
        json!({"aliases": ["a"]}),
        json!({"tags": {"any": ["vip"]}}),
        json!({"tags": {"all": ["vip"]}}),
    ] {
        assert_eq!(reached(&admin, body.clone()).await, ["alice"]);
        assert!(targets(&other, body.clone()).await.is_empty(), "{body}");
        let res = alice.admin_api.post("/admin/v1/push/targets").json(&body).send().await;
        assert_eq!(res.code(), 10010);
    }
    let dead = json!({"device_tokens": ["alice"]});
    assert_eq!(alice.admin_api.post("/admin/v1/push/feedback").json(&dead).send().await.code(), 10010);
    assert_eq!(everyone(&admin).await, ["alice"]);
}

async fn report(admin: &Client, body: Value) -> i64 {
    let res = admin.post("/admin/v1/push/feedback").json(&body).send().await;
    res.assert_ok();
    res.json()["data"]["removed"].as_i64().unwrap()
}

#[actix_web::test]
async fn feedback_removes_dead_tokens_of_the_own_app_only_and_is_audited() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let (alice, bob) = (bound(&t, "alice", &[]).await, t.user("bob").await);
    let there = t.user_of("other", "alice").await;
    bind(&there, 1, "alice").await;
    set(&there, json!({"push_token": "account token"})).await;
    register(&there, "alice's phone", "id", 1).await;
    register(&alice, "alice's phone", "id", 1).await;
    set(&bob, json!({"push_token": "account token", "no_sounds": true})).await;
    assert_eq!(everyone(&admin).await, ["alice", "account token"]);

    assert_eq!(report(&admin, json!({"device_tokens": ["unknown"], "registration_ids": ["unknown"]})).await, 0);
    assert_eq!(report(&admin, json!({"device_tokens": []})).await, 0);
    let dead = json!({"device_tokens": ["alice", "account token", "alice"], "registration_ids": ["id"]});
    assert_eq!(report(&admin, dead.clone()).await, 3);
    assert!(everyone(&admin).await.is_empty());
    let settings = bob.admin_api.get("/user/settings").send().await.json()["data"].clone();
    assert_eq!((settings.get("push_token"), &settings["no_sounds"]), (None, &json!(true)));
    assert_eq!(report(&admin, dead).await, 0);
    assert_eq!(everyone(&other).await, ["account token", "alice"]);
    let rows: Vec<_> = t.audit_rows().await.into_iter().filter(|row| row.action == "push.feedback").collect();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.app_id.as_str(), row.target.as_str(), row.result.as_str()), ("default", "3 registrations", "ok"));

    // What the user chose stays, and the device can register again.
    let body = json!({"deviceId": "alice's phone", "registrationId": "x"});
    let status = alice.v1.post("/v1/user/notification-status").json(&body).send().await.json();
    let shown = &status["data"]["notification"];
    assert_eq!((&shown["isOpen"], &shown["registrationId"]), (&json!(1), &json!("")));
    register(&alice, "alice's phone", "new id", 1).await;
    bind(&alice, 1, "new token").await;
    assert_eq!(everyone(&admin).await, ["new token"]);
}

#[actix_web::test]
async fn malformed_feedback_is_refused() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let many: Vec<String> = (0..=1000).map(|number| number.to_string()).collect();
    for (body, problem) in [
        (json!({}), "one of device_tokens and registration_ids is required"),
        (json!({"device_tokens": many}), "device_tokens has too many items: at most 1000"),
        (json!({"registration_ids": many}), "registration_ids has too many items: at most 1000"),
        (json!({"device_tokens": [" "]}), "device_tokens is required"),
        (json!({"registration_ids": ["x".repeat(256)]}), "registration_ids is too long: at most 255 characters"),
    ] {
        let res = admin.post("/admin/v1/push/feedback").json(&body).send().await;
        res.assert_line(&format!("json | 200 | 10002 | invalid request parameter: {problem}"));
    }
    for body in [json!({"device_tokens": "x"}), json!({"registration_ids": [1]}), json!([])] {
        assert_eq!(admin.post("/admin/v1/push/feedback").json(&body).send().await.code(), 10002, "{body}");
    }
    assert_eq!(report(&admin, json!({"device_tokens": many[1..], "registration_ids": many[1..]})).await, 0);
}
