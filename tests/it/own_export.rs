//! `GET /v1/user/export`: all that is kept about an account, for its owner.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use diglot::{clock::Clock as _, transport::pb};
use serde_json::{Value, json};

use crate::{
    avatars::{Gallery, images::picture, upload},
    contract_v1::new_mobile,
    support::{CodeApp, DAY_MS, PASSWORD, TestApp, User},
};

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

#[actix_web::test]
async fn rows_of_others_in_the_audit_log_do_not_say_who_or_where_they_are() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await.from("198.51.100.200"), t.user("alice").await);
    let ban = json!({"user_id": alice.id, "reason": "spam", "until": 1_800_000_000});
    admin.post("/admin/v1/bans/set").json(&ban).send().await.assert_ok();
    admin.post("/admin/v1/bans/lift").json(&json!({"user_id": alice.id})).send().await.assert_ok();
    let for_alice = admin.header("user_id", &alice.id.to_string());
    for_alice.post("/user/username?username=alicia").send().await.assert_ok();
    let wrong = json!({"name": "alicia", "password": "wrong password", "device_guid": "d"});
    let stranger = t.anon().from("198.51.100.201").header("app_id", "default");
    assert_ne!(stranger.post("/token/user").json(&wrong).send().await.code(), 200);

    let archive = export(&alice).await;
    let rows = archive["audit_log"].as_array().unwrap();
    let of = |action: &str| rows.iter().find(|row| row["action"] == action && row["result"] == "ok").unwrap();
    for action in ["ban.set", "ban.lift", "account.set_username"] {
        assert_eq!((&of(action)["actor"], &of(action)["address"]), (&json!("operator"), &Value::Null));
    }
    assert_eq!(of("account.export_own")["actor"], format!("user:{}", alice.id));
    for action in ["account.export_own", "session.login", "account.register"] {
        assert_eq!(of(action)["address"], "203.0.113.7", "{action}");
    }
    let refused = rows.iter().find(|row| row["action"] == "session.login" && row["result"] != "ok").unwrap();
    assert_eq!((&refused["actor"], &refused["address"]), (&json!("anonymous"), &Value::Null));
    let text = archive.to_string();
    assert!(!text.contains("198.51.100.20") && !text.contains("admin_token"), "{text}");
}

#[actix_web::test]
async fn it_has_the_invitations() {
    let codes = CodeApp::new().await;
    let alice = codes.t.user("alice").await;
    let invitation = export(&alice).await["account"]["invitation_code"].clone();
    let mobile = new_mobile();
    let code = codes.sms_code(&codes.t.anon(), &mobile).await;
    let body =
        json!({"mobile": mobile, "captcha": code, "deviceId": "d", "platform": "ios", "invitationCode": invitation});
    let res = codes.t.anon().post("/v1/user/verification-login").json(&body).send().await;
    res.assert_ok();
    let bob = codes.t.anon().header("token", res.json()["data"]["token"].as_str().unwrap());
    let bobs = bob.get(PATH).send().await.json()["data"]["archive"].clone();
    let at_ms = codes.t.clock.now_ms();
    let invited = json!({"user_id": bobs["account"]["user_id"], "at_ms": at_ms});
    assert_eq!(export(&alice).await["invitations"], json!({"invited_by": null, "invited": [invited]}));
    let by_alice = json!({"user_id": alice.id, "at_ms": at_ms});
    assert_eq!(bobs["invitations"], json!({"invited_by": by_alice, "invited": []}));
}

#[actix_web::test]
async fn it_has_the_uploaded_images_and_the_account_on_the_tinode_server() {
    let g = Gallery::new().await;
    let (alice, bob) = (g.t.user("alice").await, g.t.user("bob").await);
    let key = upload(&alice, picture("png", 20, 20)).await.json()["data"]["key"].clone();
    let at_ms = g.t.clock.now_ms();
    let admin = format!("default:{}", g.t.admin_token().await);
    let server = g.t.anon().header("authorization", &format!("Basic {}", BASE64_STANDARD.encode(admin)));
    let rec = json!({"uid": "AAAAAAAAAAE", "authlvl": "auth"});
    let link = json!({"endpoint": "link", "secret": BASE64_STANDARD.encode(&alice.token), "rec": rec});
    assert_eq!(server.post("/adapters/tinode/link").json(&link).send().await.json(), json!({}));
    let (own, other) = (export(&alice).await, export(&bob).await);
    assert_eq!(own["images"], json!([{"name": key, "uploaded_at_ms": at_ms}]));
    assert_eq!(own["tinode_uid"], "AAAAAAAAAAE");
    assert_eq!((&other["images"], &other["tinode_uid"]), (&json!([]), &Value::Null));
}

#[actix_web::test]
async fn the_document_has_its_keys() {
    let t = TestApp::new().await;
    let archive = export(&t.user("alice").await).await;
    let keys: BTreeSet<&str> = archive.as_object().unwrap().keys().map(String::as_str).collect();
    let document = include_str!("../../docs/export.md");
    let documented = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(key, _)| key);
    assert_eq!(documented.collect::<BTreeSet<_>>(), keys);
}
