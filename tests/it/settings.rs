//! Settings of an account (behaviour.md §3).

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn settings(client: &Client) -> Value {
    client.get("/user/settings").send().await.json()["data"].clone()
}

#[actix_web::test]
async fn a_new_account_has_the_documented_settings_without_unset_fields() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let expected = json!({
        "user_id": alice.id, "auth_mode": 0, "auto_download": false, "group_confirm": false, "no_push": false,
        "no_push_detail": false, "no_push_start_hour": 0, "no_push_end_hour": 0, "no_sounds": false, "vibratory": false,
    });
    assert_eq!(settings(&alice.admin_api).await, expected);
}

#[actix_web::test]
async fn each_route_changes_its_setting_and_a_partial_update_keeps_the_rest() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for (path, field, value) in [
        ("authmode?value=3", "auth_mode", json!(3)),
        ("download?value=true", "auto_download", json!(true)),
        ("push?value=1", "no_push", json!(true)),
        ("push/detail?value=ON", "no_push_detail", json!(true)),
        ("push/nickname?value=%E5%B0%8F%E7%88%B1%F0%9F%99%82", "push_nick_name", json!("小爱🙂")),
        ("sounds?value=Yes", "no_sounds", json!(true)),
        ("vibratory?value=True", "vibratory", json!(true)),
        ("push/limit?no_push_start_hour=22&no_push_end_hour=7", "no_push_start_hour", json!(22)),
    ] {
        // Query-only POSTs may bring anything.
        let request = alice.admin_api.post(&format!("/user/{path}"));
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .send()
            .await
            .assert_line("json | 200 | 200");
        assert_eq!(settings(&alice.admin_api).await[field], value, "{path}");
    }
    let before = settings(&alice.admin_api).await;
    let body = json!({"user_id": alice.id, "auth_question": "Who?", "no_sounds": false, "vibratory": null, "id": 9});
    alice.admin_api.put("/user/settings").json(&body).send().await.assert_line("json | 200 | 200");
    let mut expected = before;
    expected["auth_question"] = json!("Who?");
    expected["no_sounds"] = json!(false);
    assert_eq!(settings(&alice.admin_api).await, expected);
    // A widely used SDK sends in the body what the document has in the query.
    for (path, body, field, value) in [
        ("push", json!({"value": false}), "no_push", json!(false)),
        ("sounds", json!({"value": 1}), "no_sounds", json!(true)),
        ("push/nickname", json!({"value": "小爱"}), "push_nick_name", json!("小爱")),
        ("push/limit", json!({"no_push_start_hour": 1, "no_push_end_hour": 2}), "no_push_end_hour", json!(2)),
        ("authmode?value=2", json!({"value": 3}), "auth_mode", json!(2)),
    ] {
        alice.admin_api.post(&format!("/user/{path}")).json(&body).send().await.assert_line("json | 200 | 200");
        assert_eq!(settings(&alice.admin_api).await[field], value, "{path}");
    }
    for value in ["false", "0", "off", "NO"] {
        alice.admin_api.put(&format!("/user/push?value={value}")).send().await.assert_ok();
        assert_eq!(settings(&alice.admin_api).await["no_push"], json!(false), "{value}");
        alice.admin_api.put("/user/push?value=true").send().await.assert_ok();
    }
}

#[actix_web::test]
async fn out_of_range_settings_are_refused_and_change_nothing() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let before = settings(&alice.admin_api).await;
    for path in [
        "authmode?value=4",
        "authmode?value=-1",
        "push/limit?no_push_start_hour=24&no_push_end_hour=1",
        "push/limit?no_push_start_hour=1&no_push_end_hour=-1",
        "push/limit?no_push_start_hour=5",
    ] {
        let res = alice.admin_api.put(&format!("/user/{path}")).send().await;
        assert_eq!(res.code(), 10002, "{path}: {}", res.line());
    }
    for body in [
        json!({"auth_mode": 1}),
        json!({"user_id": alice.id, "auth_mode": 4, "no_push": true}),
        json!({"user_id": alice.id, "silence_start_time": 1_i64 << 31, "no_push": true}),
        json!({"user_id": alice.id, "auth_answer": "a".repeat(256), "no_push": true}),
    ] {
        assert_eq!(alice.admin_api.put("/user/settings").json(&body).send().await.code(), 10002, "{body}");
    }
    let other = json!({"user_id": alice.id + 1, "no_push": true});
    alice.admin_api.put("/user/settings").json(&other).send().await.assert_line("json | 200 | 10010 | no permission");
    assert_eq!(settings(&alice.admin_api).await, before);
}

#[actix_web::test]
async fn the_auth_answer_is_visible_to_its_owner_only() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let body = json!({"user_id": alice.id, "auth_mode": 2, "auth_question": "Who?", "auth_answer": "the Queen"});
    alice.admin_api.put("/user/settings").json(&body).send().await.assert_ok();
    for path in [format!("/roster/id?user_id={}", alice.id), "/roster/name?username=alice".to_owned()] {
        let res = bob.admin_api.get(&path).send().await;
        res.assert_ok();
        assert!(!String::from_utf8_lossy(&res.body).contains("Queen"), "{path}");
    }
}
