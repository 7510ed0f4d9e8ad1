//! Passwords, names, profiles, deletion, roster and discovery on the admin API (behaviour.md §3).

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Client, CodeApp, PASSWORD, TestApp};

const ENDED: &str = "json | 200 | 402 | access-token no longer valid, log in again";

async fn login(t: &TestApp, path: &str, body: Value) -> String {
    t.anon().header("app_id", "default").post(path).json(&body).send().await.line()
}

async fn profile(client: &Client) -> Value {
    client.get("/user/profile").send().await.json()["data"].clone()
}

#[actix_web::test]
async fn a_password_change_requires_the_old_password_and_ends_other_sessions() {
    let t = TestApp::new().await;
    let (phone, tablet) = (t.user("alice").await, t.login("alice", "tablet").await);
    let change = |old: &str, new: &str| {
        let body = json!({"old_password": old, "new_password": new});
        phone.admin_api.post("/user/change_password").json(&body).send()
    };
    change("wrong", "quite another").await.assert_line("json | 200 | 11001 | the password is wrong");
    assert_eq!(change("", "quite another").await.code(), 10002);
    assert_eq!(change(PASSWORD, "").await.code(), 10002);
    tablet.admin_api.get("/user/profile").send().await.assert_ok();
    change(PASSWORD, "quite another").await.assert_line("json | 200 | 200");
    tablet.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    phone.admin_api.get("/user/profile").send().await.assert_ok();
    let name = |password: &str| json!({"name": "alice", "password": password});
    assert!(login(&t, "/token/user", name(PASSWORD)).await.contains("402 | Operation rejected"));
    assert_eq!(login(&t, "/token/user", name("quite another")).await, "json | 200 | 200");
}

#[actix_web::test]
async fn wrong_old_passwords_count_as_failed_logins() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let body = json!({"old_password": "wrong", "new_password": "quite another"});
    for _ in 0..10 {
        assert_eq!(alice.admin_api.post("/user/change_password").json(&body).send().await.code(), 11001);
    }
    let right = json!({"old_password": PASSWORD, "new_password": "quite another"});
    let res = alice.admin_api.post("/user/change_password").json(&right).send().await;
    assert_eq!((res.status.as_u16(), res.header("retry-after")), (429, "900"));
}

#[actix_web::test]
async fn an_admin_can_set_a_password_and_a_user_can_not() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let body = json!({"password": "quite another"});
    let own = alice.admin_api.post("/user/change_password_admin").json(&body).send().await;
    own.assert_line("json | 200 | 10010 | no permission");
    let admin = t.admin().await;
    assert_eq!(admin.post("/user/change_password_admin").json(&body).send().await.code(), 10002);
    let acting = admin.header("user_id", &alice.id.to_string());
    acting.post("/user/change_password_admin").json(&body).send().await.assert_line("json | 200 | 200");
    alice.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    let body = json!({"name": "alice", "password": "quite another"});
    assert_eq!(login(&t, "/token/user", body).await, "json | 200 | 200");
}

#[actix_web::test]
async fn an_account_without_a_password_can_neither_change_it_nor_confirm_with_it() {
    let codes = CodeApp::new().await;
    let code = codes.sms_code(&codes.t.anon(), "13812345678").await;
    let res = codes.login("13812345678", &code).await;
    let token = res.json()["data"]["token"].as_str().unwrap().to_owned();
    let api = codes.t.anon().header("app_id", "default").header("access-token", &token);
    let set = json!({"old_password": "x", "new_password": PASSWORD});
    let wrong = "json | 200 | 11001 | the password is wrong";
    api.post("/user/change_password").json(&set).send().await.assert_line(wrong);
    api.post("/user/delete").json(&json!({"password": "x"})).send().await.assert_line(wrong);
    assert_eq!(api.post("/user/delete").send().await.code(), 10002);
}

#[actix_web::test]
async fn an_unconfirmed_number_moves_to_the_account_that_proves_possession() {
    let codes = CodeApp::new().await;
    let (alice, bob) = (codes.t.user("alice").await, codes.t.user("bob").await);
    let acting = codes.t.admin().await.header("user_id", &bob.id.to_string());
    alice.admin_api.put("/user/mobile?mobile=13812345678").send().await.assert_ok();
    acting.put("/user/mobile?mobile=13987654321").send().await.assert_ok();

    let owner = codes.sms_user("13812345678").await;
    let info = owner.get("/v1/user/info").header("accept", "application/json").send().await.json();
    assert_ne!(info["data"]["user"]["userId"], alice.id.to_string());
    assert_eq!(profile(&alice.admin_api).await.get("mobile"), None);
    // A number set by an admin counts as confirmed.
    let client = codes.sms_user("13987654321").await;
    let info = client.get("/v1/user/info").header("accept", "application/json").send().await.json();
    assert_eq!(info["data"]["user"]["userId"], bob.id.to_string());

    alice.admin_api.put("/user/mobile?mobile=%2B4930123456").send().await.assert_ok();
    let code = codes.sms_code(&owner, "+4930123456").await;
    let body = json!({"phone": "+4930123456", "captcha": code});
    owner.post("/v1/user/change-phone-check").json(&body).send().await.assert_line("json | 200 | 1");
    assert_eq!(profile(&alice.admin_api).await.get("mobile"), None);
}

#[actix_web::test]
async fn a_user_can_log_in_with_any_of_its_names() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", "alice@mail.example").await;
    alice.admin_api.put("/user/mobile?mobile=%2B4930123456").send().await.assert_ok();
    let id = json!({"user_id": alice.id, "password": PASSWORD});
    assert_eq!(login(&codes.t, "/token/id", id).await, "json | 200 | 200");
    for name in ["Alice", "alice@Mail.example", "+4930123456"] {
        let body = json!({"login_name": name, "password": PASSWORD, "device_guid": "d"});
        assert_eq!(login(&codes.t, "/token/login", body).await, "json | 200 | 200", "{name}");
    }
    let refused = "json | 200 | 402 | Operation rejected: wrong name or password";
    let unknown = json!({"user_id": alice.id + 1, "password": PASSWORD});
    assert_eq!(login(&codes.t, "/token/id", unknown).await, refused);
    let wrong = json!({"user_id": alice.id, "password": "wrong"});
    assert_eq!(login(&codes.t, "/token/id", wrong).await, refused);
    assert!(login(&codes.t, "/token/id", json!({"user_id": "x", "password": "y"})).await.contains("10002"));
}

#[actix_web::test]
async fn usernames_and_numbers_are_unique_and_change_at_once() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let rename = |name: &str| bob.admin_api.post(&format!("/user/username?username={name}")).send();
    rename("ALICE").await.assert_line("json | 200 | 10004 | user already exists");
    rename("%E7%88%B1%E4%B8%BD%E4%B8%9D").await.assert_line("json | 200 | 200");
    for name in ["12345", "maxim_x", "a%20b", "a%F0%9F%99%82"] {
        assert_eq!(rename(name).await.code(), 10002, "{name}");
    }
    let body = json!({"name": "爱丽丝", "password": PASSWORD});
    assert_eq!(login(&t, "/token/user", body).await, "json | 200 | 200");

    // An unescaped plus sign arrives as a space.
    alice.admin_api.put("/user/mobile?mobile=+4930123456").send().await.assert_line("json | 200 | 200");
    assert_eq!(profile(&alice.admin_api).await["mobile"], "+4930123456");
    let taken = bob.admin_api.put("/user/mobile?mobile=%2B4930123456").send().await;
    taken.assert_line("json | 200 | 11012 | the mobile number is bound to another account");
    assert_eq!(bob.admin_api.put("/user/mobile?mobile=123").send().await.code(), 10002);
}

#[actix_web::test]
async fn a_partial_update_keeps_the_rest_and_no_other_field_can_be_set() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let full = json!({"nick_name": "爱丽丝 🙂", "description": "d", "private_info": "p", "public_info": "q"});
    alice.admin_api.put("/user/profile").json(&full).send().await.assert_line("json | 200 | 200");
    alice
        .admin_api
        .post("/user/profile")
        .json(&json!({"description": "", "public_info": null}))
        .send()
        .await
        .assert_ok();
    let sneaky = json!({
        "coin": 5, "coin_cents": 500, "vip_expires_at_ms": 9, "is_vip": 1, "status": 2, "role": "admin", "app_id": "x",
        "user_id": 99, "id": 99, "username": "root", "mobile": "13812345678", "email": "e@x.example",
    });
    alice.admin_api.put("/user/profile").json(&sneaky).send().await.assert_ok();
    let expected = json!({
        "user_id": alice.id, "username": "alice", "nick_name": "爱丽丝 🙂", "description": "", "private_info": "p",
        "public_info": "q",
    });
    assert_eq!(profile(&alice.admin_api).await, expected);
    let info = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    assert_eq!(info["data"]["user"]["goldCoinAmount"], json!(0.0));
    assert_eq!(info["data"]["user"]["isVip"], json!(0));
}

#[actix_web::test]
async fn a_list_is_not_accepted_as_an_object() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let refused = "json | 200 | 10002 | invalid request parameter: the body is not a JSON object";
    let anon = t.anon().header("app_id", "default");
    anon.post("/user/register/v2").json(&json!(["bob", "secret"])).send().await.assert_line(refused);
    admin.put("/user/disable").json(&json!([[alice.id]])).send().await.assert_line(refused);
    for (path, body) in [
        ("/user/change_password", json!([PASSWORD, "another"])),
        ("/user/profile", json!(["d", "n", "p", "q"])),
        ("/user/push/badge", json!([1])),
    ] {
        alice.admin_api.post(path).json(&body).send().await.assert_line(refused);
    }
    let batch = admin.post("/user/register/batch").json(&json!({"list": [["bob", "secret"]]})).send().await.json();
    assert!(batch["data"][0].to_string().contains("item"), "{batch}");
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM users").await, 1);
}

#[actix_web::test]
async fn private_and_public_info_are_stored_verbatim() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    for (kind, text) in [
        ("application/json", "{\"a\": [1,\n 2]}"),
        ("text/plain", "  plain 🙂\r\n"),
        ("image/png", "\"quoted\""),
        ("application/x-www-form-urlencoded", "a=b&c=%20"),
    ] {
        for (path, field) in [("/user/private", "private_info"), ("/user/public", "public_info")] {
            let request = alice.admin_api.put(path).header("content-type", kind).body(text);
            request.send().await.assert_line("json | 200 | 200");
            assert_eq!(profile(&alice.admin_api).await[field], text, "{kind}");
        }
    }
    let largest = "ä".repeat(32 * 1024);
    alice.admin_api.post("/user/private").body(largest.clone()).send().await.assert_ok();
    for body in [b"x".repeat(64 * 1024 + 1), b"a\0b".to_vec(), vec![0xff, 0xfe], Vec::new()] {
        let length = body.len();
        let res = alice.admin_api.post("/user/private").body(body).send().await;
        assert!(res.line().starts_with("json | 200 | 10002 | "), "{length}: {}", res.line());
    }
    assert_eq!(profile(&alice.admin_api).await["private_info"], largest);
    for path in [format!("/roster/id?user_id={}", alice.id), "/roster/name?username=Alice".to_owned()] {
        let seen = bob.admin_api.get(&path).send().await.json();
        assert_eq!(seen["data"]["public_info"], "a=b&c=%20");
        assert_eq!(seen["data"].get("private_info"), None);
    }
}

#[actix_web::test]
async fn an_invalid_batch_item_does_not_affect_the_others() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let stranger = t.user_of_new_app("other", "stranger").await;
    let admin = t.admin().await;
    let list = json!([
        {"user_id": alice.id, "nick_name": "A"},
        {"user_id": stranger.id, "nick_name": "S"},
        {"user_id": bob.id, "nick_name": ""},
        {"nick_name": "N"},
        "nonsense",
        {"user_id": bob.id.to_string(), "nick_name": "B"},
    ]);
    let res = admin.put("/user/profile/batch").json(&json!({"list": list})).send().await;
    res.assert_line("json | 200 | 200");
    let results = res.json()["data"].clone();
    let success: Vec<bool> = results.as_array().unwrap().iter().map(|one| one["success"] == true).collect();
    assert_eq!(success, [true, false, false, false, false, true]);
    assert_eq!(results[0], json!({"user_id": alice.id, "success": true}));
    assert_eq!(results[1], json!({"user_id": stranger.id, "success": false, "reason": "user does not exist"}));
    assert_eq!(profile(&alice.admin_api).await["nick_name"], "A");
    assert_eq!(profile(&bob.admin_api).await["nick_name"], "B");
    assert_eq!(profile(&stranger.admin_api).await["nick_name"], "stranger");

    let avatars = json!({"list": [{"user_id": alice.id, "avatar": "ftp://x"}, {"user_id": bob.id, "avatar": "https://x.example/b.png"}]});
    let res = admin.post("/user/avatar/batch").json(&avatars).send().await.json();
    assert_eq!((&res["data"][0]["success"], &res["data"][1]["success"]), (&json!(false), &json!(true)));
    for list in [json!([]), Value::Null, json!(vec![json!({}); 101])] {
        assert_eq!(admin.put("/user/avatar/batch").json(&json!({"list": list})).send().await.code(), 10002);
    }
}

#[actix_web::test]
async fn an_owner_deletes_its_account_with_the_password_and_an_admin_without() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let delete = |password: Value| {
        alice.admin_api.request(Method::DELETE, "/user/delete").json(&json!({"password": password})).send()
    };
    delete(json!("wrong")).await.assert_line("json | 200 | 11001 | the password is wrong");
    assert_eq!(delete(Value::Null).await.code(), 10002);
    delete(json!(PASSWORD)).await.assert_line("json | 200 | 200");
    alice.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    let gone = "json | 200 | 10000 | user does not exist";
    bob.admin_api.get(&format!("/roster/id?user_id={}", alice.id)).send().await.assert_line(gone);
    bob.admin_api.get("/roster/name?username=alice").send().await.assert_line(gone);
    let refused = "json | 200 | 402 | Operation rejected: wrong name or password";
    assert_eq!(login(&t, "/token/user", json!({"name": "alice", "password": PASSWORD})).await, refused);
    assert_eq!(login(&t, "/token/id", json!({"user_id": alice.id, "password": PASSWORD})).await, refused);

    let acting = t.admin().await.header("user_id", &bob.id.to_string());
    acting.post("/user/delete").send().await.assert_line("json | 200 | 200");
    acting.get("/user/profile").send().await.assert_line(gone);
    bob.admin_api.get("/user/profile").send().await.assert_line(ENDED);
    assert_eq!(t.audit_rows().await.iter().filter(|row| row.action == "account.delete").count(), 2);
}

#[actix_web::test]
async fn the_roster_requires_a_token_of_the_tenant() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let stranger = t.user_of_new_app("other", "stranger").await;
    let path = format!("/roster/id?user_id={}", alice.id);
    let admin = t.admin().await;
    for client in [admin.clone(), admin.header("user_id", &alice.id.to_string()), alice.admin_api.clone()] {
        let seen = client.get(&path).send().await.json();
        assert_eq!(seen["data"], json!({"user_id": alice.id, "username": "alice", "nick_name": "alice"}));
    }
    stranger.admin_api.get(&path).send().await.assert_line("json | 200 | 10000 | user does not exist");
    t.anon()
        .header("app_id", "default")
        .get(&path)
        .send()
        .await
        .assert_line("json | 200 | 10003 | access-token header missing");
    assert_eq!(alice.admin_api.get("/roster/id").send().await.code(), 10002);
    assert_eq!(alice.admin_api.get("/roster/id?user_id=1e3").send().await.code(), 10002);
    assert_eq!(alice.admin_api.get("/roster/name").send().await.code(), 10002);
}

#[actix_web::test]
async fn sdks_can_discover_this_server() {
    let t = TestApp::new().await;
    let res = t.anon().header("host", "chat.example:8443").get("/v2/app_dns?app_id=default").send().await;
    res.assert_line("json | 200 | 200");
    let json = res.json();
    let expected = json!([{"group_level": 0, "clusters": [{
        "ratel": [{"protocol": "http", "host": "chat.example:8443"}],
        "webim": [{"protocol": "http", "host": "chat.example:8443"}],
        "ws": [{"protocol": "ws", "host": "chat.example:8443"}],
        "rtc": [{"protocol": "http", "host": "chat.example:8443"}],
    }]}]);
    assert_eq!(json["data"]["dns_list"], expected);
    assert_eq!((&json["dns_list"], &json["app_status"]), (&expected, &json!(0)));
    let older = t.anon().get("/app_dns?app_id=default").send().await.json();
    assert_eq!(older["data"]["dns_list"].as_array().map(Vec::len), Some(1));
    t.anon().get("/v2/app_dns?app_id=nowhere").send().await.assert_line("json | 200 | 40000 | app_id unknown");
    t.anon().get("/v2/app_dns").send().await.assert_line("json | 200 | 40000 | app_id missing");
}
