//! Values that are set are read back, whoever sets them and wherever they are shown.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{Body, Operation, operations, parameters, request};
use crate::support::{Client, CodeApp, MINUTE_MS, TestApp, User};

async fn data(client: &Client, path: &str) -> Value {
    let res = client.get(path).send().await;
    res.assert_ok();
    res.json()["data"].clone()
}

/// A user, and an admin acting as it.
async fn owner_and_admin(t: &TestApp) -> (User, [Client; 2]) {
    let alice = t.user("alice").await;
    let acting = t.admin().await.header("user_id", &alice.id.to_string());
    let clients = [alice.admin_api.clone(), acting];
    (alice, clients)
}

fn operation(method: &Method, path: &str) -> Operation {
    operations().into_iter().find(|operation| operation.method == *method && operation.path == path).unwrap()
}

/// An operation that sets something: its parameter, where that is read back, the field there, and two values.
type Setter = (&'static str, &'static str, &'static str, &'static str, [Value; 2]);

fn setters() -> Vec<Setter> {
    let (settings, profile, flags) = ("/user/settings", "/user/profile", [json!(true), json!(false)]);
    let texts = [json!("小爱 🙂"), json!("other text")];
    vec![
        ("/user/authmode", "value", settings, "auth_mode", [json!(3), json!(1)]),
        ("/user/download", "value", settings, "auto_download", flags.clone()),
        ("/user/push", "value", settings, "no_push", flags.clone()),
        ("/user/push/detail", "value", settings, "no_push_detail", flags.clone()),
        ("/user/push/limit", "no_push_start_hour", settings, "no_push_start_hour", [json!(22), json!(0)]),
        ("/user/push/limit", "no_push_end_hour", settings, "no_push_end_hour", [json!(23), json!(1)]),
        ("/user/push/nickname", "value", settings, "push_nick_name", texts.clone()),
        ("/user/push/alias", "push_token", settings, "push_token", [json!("token 1"), json!("token 2")]),
        ("/user/sounds", "value", settings, "no_sounds", flags.clone()),
        ("/user/vibratory", "value", settings, "vibratory", flags),
        (
            "/user/avatar",
            "avatar",
            profile,
            "avatar",
            [json!("https://x.example/1.png"), json!("https://x.example/2.png")],
        ),
        ("/user/mobile", "mobile", profile, "mobile", [json!("13812345678"), json!("+4930123456")]),
        ("/user/nickname", "nick_name", profile, "nick_name", texts.clone()),
        ("/user/private", "", profile, "private_info", texts.clone()),
        ("/user/public", "", profile, "public_info", texts.clone()),
        ("/user/profile", "description", profile, "description", texts.clone()),
        ("/user/profile", "nick_name", profile, "nick_name", texts.clone()),
        ("/user/profile", "private_info", profile, "private_info", texts.clone()),
        ("/user/profile", "public_info", profile, "public_info", texts),
        ("/user/username", "username", profile, "username", [json!("爱丽丝"), json!("alice_2")]),
    ]
}

/// The setters whose effect has another form; in parentheses the tests of it.
const OTHERS: [&str; 16] = [
    // (below)
    "/user/settings",
    "/user/avatar/batch",
    "/user/profile/batch",
    // (accounts.rs)
    "/user/disable",
    "/user/enable",
    "/user/register/batch",
    "/user/register/v2",
    // (devices.rs)
    "/user/device/remove",
    "/user/kick",
    "/user/token/bind",
    "/user/token/unbind",
    // (push.rs)
    "/user/push/badge",
    "/user/push/tag",
    "/user/push/tag/all",
    "/user/register/push",
    // (user_api.rs)
    "/user/change_password",
];

/// Sends an operation with valid parameters, of which one has this value.
async fn set(client: &Client, operation: &Operation, user: i64, parameter: &str, value: &Value) {
    let mut with = parameters(operation, user, 1);
    match &mut with.body {
        Body::None => {
            let known = with.query.iter_mut().find(|(name, _)| name == parameter).unwrap();
            known.1 = value.as_str().map_or(value.to_string(), str::to_owned);
        }
        Body::Json(body) => drop(body.insert(parameter.to_owned(), value.clone()).unwrap()),
        Body::Raw(text) => value.as_str().unwrap().clone_into(text),
    }
    request(client, operation, &with).send().await.assert_line("json | 200 | 200");
}

#[actix_web::test]
async fn every_value_that_is_set_is_read_back_by_the_owner_and_by_an_admin() {
    let t = TestApp::new().await;
    let (alice, clients) = owner_and_admin(&t).await;
    for (path, parameter, read_path, field, values) in setters() {
        let methods =
            operations().into_iter().filter(|operation| operation.path == path && operation.method != Method::GET);
        for operation in methods {
            for client in &clients {
                for value in &values {
                    set(client, &operation, alice.id, parameter, value).await;
                    for reader in &clients {
                        let shown = data(reader, read_path).await;
                        assert_eq!(&shown[field], value, "{} {path} {parameter}", operation.method);
                    }
                }
            }
        }
    }
}

#[test]
fn every_parameter_of_an_operation_that_changes_something_is_read_back_by_a_test() {
    let setters = setters();
    for path in OTHERS {
        assert!(operations().iter().any(|operation| operation.path == path), "{path}");
    }
    for operation in operations().iter().filter(|operation| operation.method != Method::GET) {
        let of_path: Vec<_> =
            setters.iter().filter(|setter| setter.0 == operation.path).map(|setter| setter.1).collect();
        let is_other = OTHERS.contains(&operation.path.as_str());
        assert_ne!(is_other, !of_path.is_empty(), "{} {}", operation.method, operation.path);
        let (query, body) = (operation.facts["query"].as_array().unwrap(), operation.facts["body"].as_array());
        for field in query.iter().chain(body.into_iter().flatten()).filter(|_| !is_other) {
            let name = field["name"].as_str().unwrap();
            // An alias is not shown, but taken (push.rs).
            assert!(of_path.contains(&name) || name == "alias", "{} {}: {name}", operation.method, operation.path);
        }
    }
}

/// Two different values of a setting, the first unlike the one of a new account.
fn values_of_setting(field: &Value) -> [Value; 2] {
    match (field["name"].as_str().unwrap(), field["type"].as_str().unwrap()) {
        ("auth_mode", _) => [json!(3), json!(2)],
        ("no_push_start_hour" | "no_push_end_hour", _) => [json!(23), json!(7)],
        ("silence_start_time" | "silence_end_time", _) => [json!(0), json!(i32::MAX)],
        (_, "boolean") => [json!(true), json!(false)],
        (name, "string") => [json!(format!("{name} 🙂")), json!(format!("another {name}"))],
        (name, kind) => panic!("{name}: {kind}"),
    }
}

#[actix_web::test]
async fn each_setting_of_an_update_is_read_back_and_no_other_changes() {
    let t = TestApp::new().await;
    let (alice, clients) = owner_and_admin(&t).await;
    let edit = operation(&Method::PUT, "/user/settings");
    let mut expected = data(&clients[0], "/user/settings").await;
    let mut all = json!({"user_id": alice.id});
    for field in edit.facts["body"].as_array().unwrap() {
        let name = field["name"].as_str().unwrap();
        if ["user_id", "id"].contains(&name) {
            continue;
        }
        let values = values_of_setting(field);
        all[name] = values[0].clone();
        for (method, client) in [Method::PUT, Method::POST].into_iter().zip(&clients) {
            for value in &values {
                let body = json!({"user_id": alice.id, name: value});
                client
                    .request(method.clone(), "/user/settings")
                    .json(&body)
                    .send()
                    .await
                    .assert_line("json | 200 | 200");
                expected[name] = value.clone();
                for reader in &clients {
                    assert_eq!(data(reader, "/user/settings").await, expected, "{method} {name}");
                }
            }
        }
    }
    assert_eq!(all.as_object().unwrap().len(), 16);
    clients[0].put("/user/settings").json(&all).send().await.assert_line("json | 200 | 200");
    assert_eq!(data(&clients[1], "/user/settings").await, all);
}

#[actix_web::test]
async fn each_item_of_a_batch_is_read_back_from_its_user() {
    let t = TestApp::new().await;
    let (admin, alice, bob) = (t.admin().await, t.user("alice").await, t.user("bob").await);
    for path in ["/user/profile/batch", "/user/avatar/batch"] {
        for method in [Method::PUT, Method::POST] {
            let facts = &operation(&method, path).facts["body"][0]["items"];
            let item = |user: &User| {
                let text = |name: &str| json!(format!("https://x.example/{name}/{method}/{}", user.id));
                let names = facts.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap());
                let mut item: Value = names.map(|name| (name.to_owned(), text(name))).collect();
                item["user_id"] = json!(user.id);
                item
            };
            let body = json!({"list": [item(&alice), item(&bob)]});
            admin.request(method.clone(), path).json(&body).send().await.assert_line("json | 200 | 200");
            for user in [&alice, &bob] {
                let shown = data(&user.admin_api, "/user/profile").await;
                for (name, value) in item(user).as_object().unwrap() {
                    assert_eq!(&shown[name], value, "{method} {path} {name}");
                }
            }
        }
    }
}

/// What the owner sees of itself in `/v1`.
async fn info(user: &User) -> Value {
    let res = user.v1.get("/v1/user/info").header("accept", "application/json").send().await;
    res.json()["data"]["user"].clone()
}

/// What anybody sees of a user: in `/v1`, and in the roster.
async fn seen(t: &TestApp, user: &User) -> (Value, Value) {
    let res = t.anon().post("/v1/user/get-user").json(&json!({"userId": user.id})).send().await;
    let roster = data(&t.admin().await, &format!("/roster/id?user_id={}", user.id)).await;
    (res.json()["data"]["user"].clone(), roster)
}

#[actix_web::test]
async fn an_avatar_that_is_set_in_one_api_is_shown_in_both() {
    let t = TestApp::new().await;
    let (alice, clients) = owner_and_admin(&t).await;
    let (one, two) = ("https://x.example/1.png", "https://x.example/2.png");
    for (request, avatar, id) in [
        (clients[0].put("/user/avatar").json(&json!({"avatar": one})), one, "1"),
        (alice.v1.post("/v1/user/edit-avatar").json(&json!({"avatarUrl": two})), two, "2"),
    ] {
        request.send().await.assert_ok();
        let (public, roster) = seen(&t, &alice).await;
        for shown in [&info(&alice).await, &public] {
            assert_eq!((&shown["avatarUrl"], &shown["avatarId"]), (&json!(avatar), &json!(id)));
        }
        assert_eq!(roster["avatar"], avatar);
        for client in &clients {
            assert_eq!(data(client, "/user/profile").await["avatar"], avatar);
        }
    }
}

#[actix_web::test]
async fn an_address_that_is_bound_is_shown_to_its_owner_in_both_apis_and_to_nobody_else() {
    let codes = CodeApp::new().await;
    let (alice, clients) = owner_and_admin(&codes.t).await;
    for (path, email) in [("bing-email", "alice@mail.example"), ("change-email-check", "al@mail.example")] {
        codes.t.clock.advance(MINUTE_MS);
        let body = json!({"email": email, "captcha": codes.mail_code(&alice.v1, email, "").await});
        alice.v1.post(&format!("/v1/user/{path}")).json(&body).send().await.assert_ok();
        assert_eq!(info(&alice).await["email"], email);
        for client in &clients {
            assert_eq!(data(client, "/user/profile").await["email"], email);
        }
        let (public, roster) = seen(&codes.t, &alice).await;
        assert!(!public.to_string().contains("mail.example") && !roster.to_string().contains("mail.example"));
    }
}

#[actix_web::test]
async fn the_number_and_the_name_of_an_admin_are_shown_in_both_apis() {
    let t = TestApp::new().await;
    let (alice, clients) = owner_and_admin(&t).await;
    clients[1].put("/user/mobile?mobile=13812345678").send().await.assert_ok();
    clients[1].put("/user/nickname?nick_name=Al").send().await.assert_ok();
    let own = info(&alice).await;
    assert_eq!((&own["phone"], &own["nickname"]), (&json!("13812345678"), &json!("Al")));
    let (public, roster) = seen(&t, &alice).await;
    assert_eq!((&public["nickname"], &roster["nick_name"]), (&json!("Al"), &json!("Al")));
    assert!(!public.to_string().contains("13812345678") && !roster.to_string().contains("13812345678"));
}
