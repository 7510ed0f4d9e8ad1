//! Registering, listing, disabling and enabling accounts (behaviour.md §3).

use serde_json::{Value, json};

use crate::support::{HOUR_MS, PASSWORD, TestApp};

const REGISTER: &str = "/user/register/v2";

#[actix_web::test]
async fn a_new_account_has_the_documented_settings_without_unset_fields() {
    let t = TestApp::new().await;
    let body = json!({"username": "alice", "password": PASSWORD});
    let res = t.anon().header("app_id", "default").post(REGISTER).json(&body).send().await;

    let mut json = res.json();
    let user_id = json["data"].as_object_mut().unwrap().remove("user_id").unwrap();
    assert!(user_id.as_i64().unwrap() > 0);
    let expected = json!({"code": 200, "data": {
        "auto_download": false, "group_confirm": false, "no_sounds": false, "no_push": false, "vibratory": false,
        "no_push_detail": false, "auth_mode": 0, "no_push_start_hour": 0, "no_push_end_hour": 0,
    }});
    assert_eq!(json, expected);
}

#[actix_web::test]
async fn usernames_are_validated() {
    let t = TestApp::new().await;
    let outsider = t.anon().header("app_id", "default");
    let register = |name: &str| outsider.post(REGISTER).json(&json!({"username": name, "password": "pw3"})).send();

    for good in ["a", "Alice_1", "龥一", "9lives", "_", "matax", "用户abc", &"x".repeat(64)] {
        assert_eq!(register(good).await.line(), "json | 200 | 200", "{good}");
    }
    let bad = [
        ("", "is required"),
        ("12345", "is malformed"),
        ("a b", "holds characters that are not allowed"),
        ("é", "holds characters that are not allowed"),
        ("a-b", "holds characters that are not allowed"),
        ("a\u{9FA6}", "holds characters that are not allowed"),
        ("mta", "is reserved"),
        ("MTA_x", "is reserved"),
        ("Maximum", "is reserved"),
    ];
    for (name, problem) in bad {
        let expected = format!("json | 200 | 10002 | invalid request parameter: username {problem}");
        assert_eq!(register(name).await.line(), expected, "{name}");
    }
    let line = register(&"x".repeat(65)).await.line();
    assert_eq!(line, "json | 200 | 10002 | invalid request parameter: username is too long: at most 64 characters");
}

#[actix_web::test]
async fn usernames_are_unique_per_tenant_regardless_of_case() {
    let t = TestApp::new().await;
    t.user("Alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    t.admin_of("other").await.get("/user/list").send().await.assert_ok();
    let register = |app: &str| {
        let body = json!({"username": "aLICE", "password": PASSWORD});
        t.anon().header("app_id", app).post(REGISTER).json(&body).send()
    };

    register("default").await.assert_line("json | 200 | 10004 | user already exists");
    register("other").await.assert_ok();
}

#[actix_web::test]
async fn only_one_of_many_concurrent_registrations_of_a_name_succeeds() {
    let t = TestApp::with(|config| config.hashing_threads = 4.try_into().unwrap()).await;
    let outsider = t.anon().header("app_id", "default");
    let register = |_| outsider.post(REGISTER).json(&json!({"username": "alice", "password": PASSWORD})).send();
    let codes: Vec<i64> =
        futures_util::future::join_all((0..20).map(register)).await.iter().map(crate::support::Res::code).collect();

    assert_eq!(codes.iter().filter(|code| **code == 200).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 10004).count(), 19, "{codes:?}");
}

#[actix_web::test]
async fn registration_requires_an_app_id_and_both_parameters() {
    let t = TestApp::new().await;
    let body = json!({"username": "alice", "password": PASSWORD});
    let send = |app: Option<&str>, body: Value| {
        let outsider = app.map_or_else(|| t.anon(), |app| t.anon().header("app_id", app));
        outsider.post(REGISTER).json(&body).send()
    };

    send(None, body.clone()).await.assert_line("json | 200 | 40000 | app_id missing");
    send(Some(""), body.clone()).await.assert_line("json | 200 | 40000 | app_id missing");
    send(Some("nowhere"), body).await.assert_line("json | 200 | 40000 | app_id unknown");
    for (body, what) in [(json!({"password": "x"}), "username"), (json!({"username": "alice"}), "password")] {
        let expected = format!("json | 200 | 10002 | invalid request parameter: {what} is required");
        send(Some("default"), body).await.assert_line(&expected);
    }
    for (body, problem) in [
        ("[1]", "the body is not a JSON object"),
        ("{\n", "the body is not a JSON object, at line 2 column 0"),
        ("username=alice", "the body is not a JSON object"),
        ("{\"username\":5}", "username is of the wrong type"),
        ("null", "username is required"),
    ] {
        let res = t.anon().header("app_id", "default").post(REGISTER).body(body).send().await;
        res.assert_line(&format!("json | 200 | 10002 | invalid request parameter: {problem}"));
    }
}

#[actix_web::test]
async fn a_stale_token_does_not_affect_a_registration() {
    let t = TestApp::new().await;
    let outsider = t.anon().header("app_id", "default").header("access-token", "stale");
    let body = json!({"username": "alice", "password": PASSWORD});
    outsider.post(REGISTER).json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn a_registration_sets_only_name_and_password() {
    let t = TestApp::new().await;
    let body = json!({"username": "alice", "password": PASSWORD, "user_id": 77, "app_id": "other", "status": 1,
        "coin_cents": 5, "vip_expires_at_ms": 9_999_999_999_999_i64, "mobile": "+12345678", "auth_mode": 3});
    let res = t.anon().header("app_id", "default").post(REGISTER).json(&body).send().await;

    let data = res.json()["data"].clone();
    assert_eq!((&data["auth_mode"], data["user_id"] == 77), (&json!(0), false));
    let alice = t.login("alice", "phone").await;
    let info = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    let user = &info["data"]["user"];
    assert_eq!((&user["goldCoinAmount"], &user["isVip"], &user["phone"]), (&json!(0.0), &json!(0), &json!("")));
}

#[actix_web::test]
async fn password_length_is_bounded_and_every_character_is_significant() {
    let t = TestApp::new().await;
    let outsider = t.anon().header("app_id", "default");
    let register = |name: &str, password: &str| {
        outsider.post(REGISTER).json(&json!({"username": name, "password": password})).send()
    };
    let login = |name: &str, password: &str| {
        outsider.post("/token/user").json(&json!({"name": name, "password": password})).send()
    };

    register("empty", "").await.assert_line("json | 200 | 10002 | invalid request parameter: password is required");
    register("long", &"x".repeat(129))
        .await
        .assert_line("json | 200 | 10002 | invalid request parameter: password is too long: at most 128 characters");
    register("huge", &"x".repeat(1_000_000)).await.assert_line("json | 413 | 413 | the body is too large");
    register("short", "x").await.assert_ok();

    // bcrypt by itself only uses the first 72 bytes.
    let long = "p".repeat(127);
    register("exact", &format!("{long}a")).await.assert_ok();
    assert_eq!(login("exact", &format!("{long}b")).await.code(), 402);
    login("exact", &format!("{long}a")).await.assert_ok();

    // Text in another Unicode normalisation form is the same password; text in another case is a different one.
    register("forms", "Zoë 密码\0!").await.assert_ok();
    login("forms", "Zoe\u{308} 密码\0!").await.assert_ok();
    assert_eq!(login("forms", "zoë 密码\0!").await.code(), 402);
    assert_eq!(login("forms", "Zoë 密码").await.code(), 402);
}

#[actix_web::test]
async fn registrations_are_rate_limited_per_source() {
    let t = TestApp::with(|config| config.reloadable.registrations_per_hour = 3).await;
    let outsider = t.anon().header("app_id", "default");
    let register = |name: &str, from: &str| {
        outsider.clone().from(from).post(REGISTER).json(&json!({"username": name, "password": "x"})).send()
    };

    for name in ["a", "b", "c"] {
        register(name, "203.0.113.7").await.assert_ok();
    }
    let res = register("d", "203.0.113.7").await;
    res.assert_line("json | 429 | 429 | too many requests, try again in 3600 seconds");
    assert_eq!(res.header("retry-after"), "3600");
    register("d", "203.0.113.8").await.assert_ok();
    let list: Vec<Value> = (0..5).map(|n| json!({"username": format!("batch{n}"), "password": "x"})).collect();
    t.admin().await.post("/user/register/batch").json(&json!({"list": list})).send().await.assert_ok();
    t.clock.advance(HOUR_MS);
    register("e", "203.0.113.7").await.assert_ok();
}

#[actix_web::test]
async fn an_ipv6_prefix_counts_as_one_source() {
    let t = TestApp::with(|config| config.reloadable.registrations_per_hour = 1).await;
    let outsider = t.anon().header("app_id", "default");
    let register = |name: &str, from: &str| {
        outsider.clone().from(from).post(REGISTER).json(&json!({"username": name, "password": "x"})).send()
    };

    register("a", "2001:db8:1:2::1").await.assert_ok();
    assert_eq!(register("b", "2001:db8:1:2:ffff::2").await.code(), 429);
    register("c", "2001:db8:1:3::1").await.assert_ok();
    register("d", "203.0.113.7").await.assert_ok();
    assert_eq!(register("e", "::ffff:203.0.113.7").await.code(), 429);
}

#[actix_web::test]
async fn an_invalid_batch_item_does_not_affect_the_others() {
    let t = TestApp::new().await;
    t.user("taken").await.v1.get("/v1/user/info").send().await.assert_ok();
    let list = json!([
        {"username": "first", "password": PASSWORD},
        {"username": "taken", "password": PASSWORD},
        {"username": "no good", "password": PASSWORD},
        {"username": "first", "password": PASSWORD},
        {"password": PASSWORD},
        {"username": "typed", "password": 5},
        null,
        {"username": "last", "password": PASSWORD},
    ]);
    let res = t.admin().await.post("/user/register/batch").json(&json!({"list": list})).send().await;

    res.assert_line("json | 200 | 200");
    let data = res.json()["data"].clone();
    let results: Vec<(&str, bool, &str)> = data
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let reason = item.get("reason").map_or("", |reason| reason.as_str().unwrap());
            assert_eq!(item.get("user_id").is_some(), item["success"] == true, "{item}");
            (item["username"].as_str().unwrap(), item["success"].as_bool().unwrap(), reason)
        })
        .collect();
    assert_eq!(results.iter().filter(|(name, success, _)| *name == "first" && *success).count(), 1);
    let expected = [
        ("taken", false, "user already exists"),
        ("no good", false, "invalid request parameter: username holds characters that are not allowed"),
        ("first", false, "user already exists"),
        ("", false, "invalid request parameter: username is required"),
        ("typed", false, "invalid request parameter: item is malformed"),
        ("", false, "invalid request parameter: item is malformed"),
        ("last", true, ""),
    ];
    for result in expected {
        assert!(results.contains(&result), "{result:?} in {results:?}");
    }
    let names: Vec<&str> = results.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, ["first", "taken", "no good", "first", "", "typed", "", "last"]);
    t.login("first", "phone").await.v1.get("/v1/user/info").send().await.assert_ok();
}

#[actix_web::test]
async fn a_batch_has_1_to_100_items() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let send = |body: Value| admin.post("/user/register/batch").json(&body).send();

    for body in [json!({}), json!({"list": null}), json!({"list": []})] {
        send(body).await.assert_line("json | 200 | 10002 | invalid request parameter: list is required");
    }
    let list = |length: usize| (0..length).map(|n| json!({"username": format!("u{n}"), "password": "x"})).collect();
    let hundred: Vec<Value> = list(100);
    send(json!({"list": list(101) as Vec<Value>}))
        .await
        .assert_line("json | 200 | 10002 | invalid request parameter: list has too many items: at most 100");
    let res = send(json!({"list": hundred})).await;
    assert!(res.json()["data"].as_array().unwrap().iter().all(|item| item["success"] == true));
}

#[actix_web::test]
async fn accounts_are_listed_in_pages_oldest_first() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let list: Vec<Value> = (0..60).map(|n| json!({"username": format!("u{n}"), "password": "x"})).collect();
    admin.post("/user/register/batch").json(&json!({"list": list})).send().await.assert_ok();
    let page = async |query: &str| -> Vec<i64> {
        let res = admin.get(&format!("/user/list{query}")).send().await;
        res.assert_ok();
        res.json()["data"].as_array().unwrap().iter().map(|user| user["user_id"].as_i64().unwrap()).collect()
    };

    let all = page("?page_size=200").await;
    assert_eq!(all.len(), 60);
    assert!(all.is_sorted());
    assert_eq!(page("").await, all[..50]);
    assert_eq!(page("?page_num=2").await, all[50..]);
    assert_eq!(page("?page_num=3&page_size=7").await, all[14..21]);
    assert!(page("?page_num=2147483647&page_size=200").await.is_empty());
    let first = admin.get("/user/list?page_size=1").send().await.json();
    assert_eq!(first["data"][0]["status"], 0);
    assert!(first["data"][0]["username"].is_string());
    for (query, problem) in [
        ("?page_num=0", "page_num must be from 1 to 2147483647"),
        ("?page_num=-1", "page_num must be from 1 to 2147483647"),
        ("?page_size=0", "page_size must be from 1 to 200"),
        ("?page_size=201", "page_size must be from 1 to 200"),
        ("?page_num=99999999999999999999", "page_num is malformed"),
        ("?page_size=1e2", "page_size is malformed"),
        ("?page_size=", "page_size is malformed"),
    ] {
        let expected = format!("json | 200 | 10002 | invalid request parameter: {problem}");
        admin.get(&format!("/user/list{query}")).send().await.assert_line(&expected);
    }
}

#[actix_web::test]
async fn disabling_ends_every_session_and_enabling_restores_none() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let (phone, bob) = (t.user("alice").await, t.user("bob").await);
    let laptop = t.login("alice", "laptop").await;
    let login = || {
        let body = json!({"name": "alice", "password": PASSWORD});
        t.anon().header("app_id", "default").post("/token/user").json(&body).send()
    };

    admin.put("/user/disable").json(&json!({"list": [phone.id]})).send().await.assert_ok();
    for session in [&phone, &laptop] {
        session.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
        session
            .admin_api
            .get("/user/profile")
            .send()
            .await
            .assert_line("json | 200 | 402 | access-token no longer valid, log in again");
    }
    bob.v1.get("/v1/user/info").send().await.assert_ok();
    login().await.assert_line("json | 200 | 402 | Operation rejected: the account is disabled");
    let list = admin.get("/user/list").send().await.json();
    let status = |name: &str| {
        list["data"].as_array().unwrap().iter().find(|user| user["username"] == name).unwrap()["status"].clone()
    };
    assert_eq!((status("alice"), status("bob")), (json!(1), json!(0)));

    admin.put("/user/enable").json(&json!({"list": [phone.id.to_string()]})).send().await.assert_ok();
    phone.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
    login().await.assert_ok();
}

#[actix_web::test]
async fn disabling_is_all_or_nothing() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let alice = t.user("alice").await;
    t.admin_of("other").await.get("/user/list").send().await.assert_ok();
    let stranger = t.user_of("other", "stranger").await;

    for unknown in [999_999, stranger.id] {
        let res = admin.put("/user/disable").json(&json!({"list": [alice.id, unknown]})).send().await;
        res.assert_line("json | 200 | 10000 | user does not exist");
        alice.v1.get("/v1/user/info").send().await.assert_ok();
        stranger.v1.get("/v1/user/info").send().await.assert_ok();
    }
    for body in [json!({}), json!({"list": []}), json!({"list": null})] {
        admin.put("/user/disable").json(&body).send().await.assert_ok();
    }
    for (list, field) in [
        (json!([1, 1.5]), "list[1]"),
        (json!([true]), "list[0]"),
        (json!([null]), "list[0]"),
        (json!("1"), "list"),
        (json!({"1": 2}), "list"),
    ] {
        let res = admin.put("/user/disable").json(&json!({"list": list})).send().await;
        res.assert_line(&format!("json | 200 | 10002 | invalid request parameter: {field} is of the wrong type"));
    }
    for (id, problem) in [(json!(""), "is required"), (json!("x"), "is malformed"), (json!(-1), "is malformed")] {
        let res = admin.put("/user/disable").json(&json!({"list": [alice.id, id]})).send().await;
        res.assert_line(&format!("json | 200 | 10002 | invalid request parameter: list {problem}"));
    }
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    admin.put("/user/disable").json(&json!({"list": [alice.id, alice.id]})).send().await.assert_ok();
}

#[actix_web::test]
async fn thousands_of_accounts_are_disabled_atomically() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let alice = t.user("alice").await;
    let mut list: Vec<i64> = (0..30_000).map(|n| 10_000 + n).collect();
    list.insert(0, alice.id);

    let res = admin.put("/user/disable").json(&json!({"list": list})).send().await;
    res.assert_line("json | 200 | 10000 | user does not exist");
    alice.v1.get("/v1/user/info").send().await.assert_ok();
}
