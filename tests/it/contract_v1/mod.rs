//! Tests every operation of the `/v1` document from its facts (`tests/contract/v1-user-api.json`).

mod descriptors;
mod protobuf;

use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Client, CodeApp, HOUR_MS, PASSWORD, Request, TestApp, User};

fn facts() -> Value {
    serde_json::from_str(include_str!("../../contract/v1-user-api.json")).unwrap()
}

pub struct Operation {
    pub path: String,
    pub method: Method,
    needs_token: bool,
    native: String,
    pub facts: Value,
}

pub fn operations() -> Vec<Operation> {
    let operation = |facts: &Value| Operation {
        path: facts["path"].as_str().unwrap().to_owned(),
        method: facts["method"].as_str().unwrap().parse().unwrap(),
        // According to the document get-user's token may be anything; the gateway also accepts requests without one.
        needs_token: facts["token_required"] == true && facts["path"] != "/v1/user/get-user",
        native: facts["native_encoding"].as_str().unwrap().to_owned(),
        facts: facts.clone(),
    };
    let facts = facts();
    let all: Vec<Operation> = facts["operations"].as_array().unwrap().iter().map(operation).collect();
    assert_eq!(all.len(), 24);
    all
}

/// A mobile number that has not been used before.
pub fn new_mobile() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+49301{:06}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A valid JSON body; `mobile` has not been used before.
pub async fn body(codes: &CodeApp, path: &str, user: &User, mobile: &str) -> Value {
    let anon = codes.t.anon();
    match path {
        "/v1/user/get-user" => json!({"userId": user.id.to_string()}),
        "/v1/user/edit-nickname" => json!({"nickname": "Al"}),
        "/v1/user/edit-avatar" => json!({"avatarUrl": "https://x.example/a.png"}),
        "/v1/user/email-login" => {
            json!({"email": "alice", "password": PASSWORD, "deviceId": "d", "platform": "web"})
        }
        "/v1/user/verification-login" => {
            let code = codes.sms_code(&anon, mobile).await;
            json!({"mobile": mobile, "captcha": code, "deviceId": "d", "platform": "windows"})
        }
        "/v1/user/bing-phone" | "/v1/user/change-phone-check" => {
            json!({"phone": mobile, "captcha": codes.sms_code(&anon, mobile).await})
        }
        "/v1/user/bing-email" | "/v1/user/change-email-check" => {
            let email = format!("{mobile}@mail.example");
            json!({"email": email, "captcha": codes.mail_code(&anon, &email, "").await})
        }
        "/v1/user/forget-password" => {
            codes.t.clock.advance(HOUR_MS);
            let code = codes.mail_code(&anon, RESETTER, "forget_password").await;
            json!({"email": RESETTER, "captcha": code, "password": PASSWORD})
        }
        "/v1/user/recommend-list" => json!({"category": "精选", "keyword": "", "size": 30, "page": 1}),
        "/v1/user/notification-info" => {
            json!({"deviceId": "d", "registrationId": "r", "isOpen": 1, "type": 2})
        }
        "/v1/user/notification-status" | "/v1/user/module-ignore-info" => json!({"deviceId": "d"}),
        _ => json!({}),
    }
}

async fn request(codes: &CodeApp, client: &Client, operation: &Operation, user: &User) -> Request {
    let request = client.request(operation.method.clone(), &operation.path);
    if operation.method == Method::GET {
        return request;
    }
    request.json(&body(codes, &operation.path, user, &new_mobile()).await)
}

/// The address of the user whose password is reset.
const RESETTER: &str = "bob@mail.example";

/// A gateway with at least one item of every kind, and a VIP with coins.
pub async fn populated() -> (CodeApp, User) {
    let codes = CodeApp::new().await;
    codes.mail_user("bob", RESETTER).await;
    let (admin, alice) = (codes.t.admin().await, codes.t.user("alice").await);
    for (path, body) in [
        ("categories/create", json!({"name": "精选"})),
        ("groups/create", json!({"nickname": "g", "category": "精选"})),
        ("bots/create", json!({"nickname": "b"})),
        ("vip/grant", json!({"user_id": alice.id, "days": 1})),
        ("medals/define", json!({"name": "m", "sort": 3})),
        ("medals/grant", json!({"user_id": alice.id, "medal_id": 1})),
        ("coins/adjust", json!({"user_id": alice.id, "amount": 2.5, "typ": 2, "reason": "r", "idempotency_key": "k"})),
    ] {
        admin.post(&format!("/admin/v1/{path}")).json(&body).send().await.assert_ok();
    }
    (codes, alice)
}

#[track_caller]
fn assert_shape(at: &str, documented: &Value, shown: &Value) {
    match documented {
        Value::Object(fields) => {
            for (name, kind) in fields {
                let value = shown.get(name).unwrap_or_else(|| panic!("{at}.{name} is missing in {shown}"));
                assert_shape(&format!("{at}.{name}"), kind, value);
            }
            assert_eq!(shown.as_object().unwrap().len(), fields.len(), "{at}: {shown}");
        }
        Value::Array(items) => {
            let shown = shown.as_array().unwrap();
            assert!(!shown.is_empty(), "{at} is empty");
            for value in shown {
                assert_shape(at, &items[0], value);
            }
        }
        kind => {
            let is_right = match kind.as_str().unwrap() {
                "string" => shown.is_string(),
                "int" => shown.is_i64(),
                "double" => shown.is_number(),
                other => panic!("{at}: {other}"),
            };
            assert!(is_right, "{at} should be {kind} and is {shown}");
        }
    }
}

#[actix_web::test]
async fn every_json_answer_has_the_documented_keys_and_types_and_no_others() {
    let (codes, alice) = populated().await;
    let mut walked = 0;
    for operation in operations().iter().filter(|operation| operation.native == "json") {
        let session = codes.t.login("alice", &operation.path).await;
        let res = request(&codes, &session.v1, operation, &alice).await.send().await;
        assert_eq!(res.line(), "json | 200 | 1", "{}", operation.path);
        let json = res.json();
        assert_eq!(json["msg"], "success", "{}", operation.path);
        match &operation.facts["data"] {
            // The document has only a refusal for module-ignore-info.
            Value::Null if operation.path.ends_with("module-ignore-info") => {}
            Value::Null => assert_eq!(json.get("data"), None, "{}", operation.path),
            documented => assert_shape(&operation.path, documented, &json["data"]),
        }
        walked += 1;
    }
    assert_eq!(walked, 19);
}

#[actix_web::test]
async fn every_operation_answers_in_its_documented_encoding_and_in_both_on_request() {
    let (codes, alice) = populated().await;
    for operation in operations() {
        for (accept, expected) in
            [("application/json", "json"), ("application/x-protobuf", "protobuf"), ("*/*", operation.native.as_str())]
        {
            let session = codes.t.login("alice", &operation.path).await;
            let request = match accept {
                // Without a preference or a body, the route determines the encoding.
                "*/*" => session.v1.request(operation.method.clone(), &operation.path),
                _ => request(&codes, &session.v1, &operation, &alice).await,
            };
            let res = request.header("accept", accept).send().await;
            assert_eq!(res.status, 200, "{} {accept}", operation.path);
            assert!(res.line().starts_with(&format!("{expected} | 200 | ")), "{} {accept}", operation.path);
            if accept != "*/*" {
                assert_eq!(res.code(), 1, "{} {accept}: {}", operation.path, res.line());
            }
        }
    }
}

#[actix_web::test]
async fn operations_that_require_a_token_refuse_requests_without_one() {
    let (codes, alice) = populated().await;
    for operation in operations() {
        for client in [codes.t.anon(), codes.t.anon().header("token", "made up")] {
            for accept in ["application/json", "application/x-protobuf"] {
                let res = request(&codes, &client, &operation, &alice).await.header("accept", accept).send().await;
                let is_refused = res.code() == -101;
                assert_eq!(is_refused, operation.needs_token, "{}: {}", operation.path, res.line());
            }
        }
    }
}

#[actix_web::test]
async fn a_wrong_method_is_405_with_the_allowed_methods() {
    let t = TestApp::new().await;
    for operation in operations() {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let res = t.anon().request(method, &operation.path).send().await;
            assert_eq!(res.status, 405, "{}", operation.path);
            assert!(res.header("allow").contains(operation.method.as_str()), "{}", operation.path);
        }
    }
}
