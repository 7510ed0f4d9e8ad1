//! The fields of the answers.

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use super::{Operation, clients, next, operations, parameters, request};
use crate::support::{CodeApp, PASSWORD, TestApp, User};

/// The documented fields that a success of these operations does not have (behaviour.md §2 and §3); the path "" stands
/// for all operations.
const ABSENT: [(&str, &[&str]); 5] = [
    // No error, no item that failed, and no other page.
    ("", &["message", "data.reason", "cursor"]),
    ("/user/settings", &["data.id"]),
    ("/user/register/", &["data.id", "data.auth_answer", "data.auth_question", "data.push_nick_name"]),
    ("/user/register/", &["data.silence_end_time", "data.silence_start_time"]),
    ("/user/register/v2", &["data.push_token"]),
];

fn is_absent(operation: &Operation, field: &str) -> bool {
    ABSENT.iter().any(|(path, fields)| operation.path.starts_with(path) && fields.contains(&field))
}

/// Every documented field is there, unless it is one of [`ABSENT`], and no other is.
#[track_caller]
fn assert_fields(operation: &Operation, prefix: &str, documented: &Value, shown: &Map<String, Value>) {
    let documented: &[Value] = documented.as_array().map_or(&[], Vec::as_slice);
    for name in shown.keys() {
        let is_known = documented.iter().any(|field| field["name"] == name.as_str());
        assert!(is_known, "{} {}: {prefix}{name} is not documented", operation.method, operation.path);
    }
    for field in documented {
        let name = format!("{prefix}{}", field["name"].as_str().unwrap());
        let value = shown.get(field["name"].as_str().unwrap());
        let at = format!("{} {}: {name} is {value:?}", operation.method, operation.path);
        assert_eq!(value.is_none(), is_absent(operation, &name), "{at}");
        if let Some(value) = value {
            assert_value(operation, &name, field["type"].as_str().unwrap(), &field["fields"], value);
        }
    }
}

#[track_caller]
fn assert_value(operation: &Operation, name: &str, kind: &str, fields: &Value, value: &Value) {
    let at = format!("{} {}: {name} should be {kind} and is {value}", operation.method, operation.path);
    if let Some(item) = kind.strip_prefix("array[") {
        let items = value.as_array().unwrap_or_else(|| panic!("{at}"));
        assert!(!items.is_empty(), "{at}");
        for value in items {
            assert_value(operation, name, item.trim_end_matches(']'), fields, value);
        }
        return;
    }
    match kind {
        "object" => assert_fields(operation, &format!("{name}."), fields, value.as_object().expect(&at)),
        "int32" => assert!(value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()), "{at}"),
        "int64" => assert!(value.is_i64(), "{at}"),
        "string" => assert!(value.is_string(), "{at}"),
        "boolean" => assert!(value.is_boolean(), "{at}"),
        _ => panic!("{at}"),
    }
}

/// Gives a user a value in every field that answers show.
async fn complete(codes: &CodeApp, user: &User) {
    for operation in operations().iter().filter(|operation| operation.method != Method::GET) {
        let is_setter = ["/user/settings", "/user/profile", "/user/avatar", "/user/mobile", "/user/push/tag"];
        if is_setter.contains(&operation.path.as_str()) && operation.method != Method::DELETE {
            let with = parameters(operation, user.id, next());
            request(&user.admin_api, operation, &with).send().await.assert_ok();
        }
    }
    let email = format!("{}@mail.example", user.id);
    let body = json!({"email": email, "captcha": codes.mail_code(&user.v1, &email, "").await});
    user.v1.post("/v1/user/bing-email").json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn every_operation_works_for_authorized_callers_and_answers_every_documented_field() {
    let codes = CodeApp::new().await;
    for operation in operations() {
        let (_, clients_of) = clients(&codes.t, &operation).await;
        for number in 0..clients_of.len() {
            // A new user each time, since some operations end the session.
            let (user, clients) = clients(&codes.t, &operation).await;
            if operation.method == Method::GET {
                complete(&codes, &user).await;
            }
            let res = request(&clients[number], &operation, &parameters(&operation, user.id, next())).send().await;
            res.assert_line("json | 200 | 200");
            assert_fields(&operation, "", &operation.facts["response"], res.json().as_object().unwrap());
            for item in
                res.json()["data"].as_array().into_iter().flatten().filter(|_| operation.path.ends_with("/batch"))
            {
                assert_eq!(item["success"], true, "{} {}", operation.method, operation.path);
            }
        }
    }
}

#[actix_web::test]
async fn a_refusal_has_a_code_and_a_message_and_nothing_else() {
    let t = TestApp::new().await;
    for operation in operations() {
        let (user, clients) = clients(&t, &operation).await;
        let with = parameters(&operation, user.id, next());
        let nowhere = clients[0].clone().header("app_id", "nowhere");
        let json = request(&nowhere, &operation, &with).send().await.json();
        let expected = json!({"code": 40000, "message": "app_id unknown"});
        assert_eq!(json, expected, "{} {}", operation.method, operation.path);
    }
}

#[actix_web::test]
async fn an_item_that_failed_has_a_reason_and_what_names_it() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for (path, mut item, reason) in [
        ("avatar", json!({"user_id": alice.id, "avatar": "x\u{0}"}), "invalid request parameter: avatar"),
        ("profile", json!({"user_id": alice.id, "nick_name": ""}), "invalid request parameter: nick_name"),
        ("register", json!({"username": "alice", "password": PASSWORD}), "user already exists"),
    ] {
        let body = json!({"list": [item]});
        let res = admin.post(&format!("/user/{path}/batch")).json(&body).send().await.json();
        let shown = res["data"][0].as_object().unwrap();
        assert!(shown["reason"].as_str().unwrap().starts_with(reason), "{path}: {shown:?}");
        let name = if path == "register" { "username" } else { "user_id" };
        let expected = json!({"success": false, "reason": shown["reason"], name: item[name].take()});
        assert_eq!(res["data"], json!([expected]), "{path}");
    }
}
