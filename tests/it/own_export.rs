//! `GET /v1/user/export`: all that is kept about an account, for its owner.

use diglot::transport::pb;
use serde_json::{Value, json};

use crate::support::{DAY_MS, PASSWORD, TestApp, User};

const PATH: &str = "/v1/user/export";

async fn export(user: &User) -> Value {
    let res = user.v1.get(PATH).send().await;
    res.assert_ok();
    res.json()["data"]["archive"].clone()
}

#[actix_web::test]
async fn a_user_gets_all_that_is_kept_about_the_account_and_nothing_about_others() {
    let t = TestApp::new().await;
    let (admin, alice, bob) = (t.admin().await, t.user("alice").await, t.user("bob").await);
    let coins = |user: i64| json!({"user_id": user, "amount": 2.5, "typ": 2, "reason": "gift", "idempotency_key": "a"});
    for user in [&alice, &bob] {
        admin.post("/admin/v1/coins/adjust").json(&coins(user.id)).send().await.assert_ok();
    }
    let remark = json!({"friendId": bob.id.to_string(), "name": "Bobby", "phone": "123", "others": "[]"});
    alice.v1.post("/v1/user/save-user-remarks").json(&remark).send().await.assert_ok();
    let notification = json!({"deviceId": "d", "registrationId": "r-1", "isOpen": 1, "type": 2});
    alice.v1.post("/v1/user/notification-info").json(&notification).send().await.assert_ok();
    let private = json!({"private_info": "a secret plan"});
    alice.admin_api.put("/user/profile").json(&private).send().await.assert_ok();
    alice.admin_api.post("/user/push/tag").json(&json!({"tags": ["news"]})).send().await.assert_ok();
    let archive = export(&alice).await;
    assert_eq!(archive["account"]["user_id"], alice.id);
    assert_eq!((&archive["account"]["username"], &archive["account"]["has_password"]), (&json!("alice"), &json!(true)));
    assert_eq!(archive["account"]["private_info"], "a secret plan");
    assert_eq!(archive["remarks"][0]["name"], "Bobby");
    assert_eq!(archive["notifications"][0]["registration_id"], "r-1");
    assert_eq!(archive["push"]["tags"], json!(["news"]));
    assert_eq!(archive["coins"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&archive["devices"][0]["device_id"], &archive["devices"][0]["device_sn"]),
        (&json!("alice's phone"), &json!(1))
    );
    let actions: Vec<_> = archive["audit_log"].as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["account.export_own", "coins.adjust", "session.login", "account.register"]);
    let text = archive.to_string();
    assert!(!text.contains(&alice.token) && !text.contains("$2b$") && !text.contains(PASSWORD), "{text}");
}

#[actix_web::test]
async fn both_encodings_have_the_archive_as_json() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let res = alice.v1.get(PATH).header("accept", "application/x-protobuf").send().await;
    let answer: pb::ExportResponse = res.proto();
    let archive: Value = serde_json::from_str(&answer.archive_json).unwrap();
    assert_eq!(archive["account"]["username"], "alice");
    assert!(export(&alice).await.is_object());
}

#[actix_web::test]
async fn an_account_is_exported_five_times_a_day_by_its_owner_only() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for _ in 0..5 {
        export(&alice).await;
    }
    assert_eq!(alice.v1.get(PATH).send().await.status.as_u16(), 429);
    t.clock.advance(DAY_MS);
    export(&alice).await;
    t.anon().get(PATH).send().await.assert_line("json | 200 | -101 | 未登录");
}
