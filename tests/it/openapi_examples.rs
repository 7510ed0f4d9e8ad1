//! The examples in the OpenAPI document are real requests and answers: this test makes them, and fails if an answer of the
//! gateway is no longer that of the document.

use std::{fs, path::Path};

use diglot::transport::openapi_document;
use serde_json::{Map, Value, json};

use crate::{
    contract_admin::{self, Body},
    contract_v1::{self, new_mobile, populated},
    support::{CodeApp, PASSWORD, Res, User},
};

const FILE: &str = "src/transport/openapi/examples.json";

/// Requests that the documents do not have.
fn others(user: i64) -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("POST", "/token/user", json!({"name": "alice", "password": PASSWORD})),
        ("POST", "/token/id", json!({"user_id": user, "password": PASSWORD})),
        ("POST", "/token/login", json!({"login_name": "alice", "password": PASSWORD})),
        ("GET", "/roster/name?username=alice", Value::Null),
        ("GET", "/roster/id?user_id=2", Value::Null),
        ("GET", "/v2/app_dns?app_id=default", Value::Null),
        ("GET", "/admin/v1/users/search?q=ali", Value::Null),
        ("GET", "/admin/v1/audit/list?action=account.register&page_size=1", Value::Null),
        ("POST", "/admin/v1/categories/create", json!({"name": "Games", "sort": 2})),
        ("POST", "/admin/v1/categories/update", json!({"id": 2, "sort": 1})),
        ("GET", "/admin/v1/categories/list", Value::Null),
        ("POST", "/admin/v1/categories/delete", json!({"id": 2})),
        ("POST", "/admin/v1/groups/create", json!({"nickname": "Go", "category": "精选", "headcount": 12})),
        ("POST", "/admin/v1/groups/update", json!({"id": 2, "is_banned": true})),
        ("GET", "/admin/v1/groups/list", Value::Null),
        ("POST", "/admin/v1/groups/delete", json!({"id": 2})),
        ("POST", "/admin/v1/bots/create", json!({"nickname": "Weather", "always_agree": true})),
        ("POST", "/admin/v1/bots/update", json!({"id": 2, "introduction": "Tells the weather"})),
        ("GET", "/admin/v1/bots/list", Value::Null),
        ("POST", "/admin/v1/bots/delete", json!({"id": 2})),
        ("POST", "/admin/v1/medals/define", json!({"name": "Early bird", "sort": 1})),
        ("GET", "/admin/v1/medals/list", Value::Null),
        ("POST", "/admin/v1/medals/grant", json!({"user_id": user, "medal_id": 2})),
        ("POST", "/admin/v1/medals/revoke", json!({"user_id": user, "medal_id": 2})),
        ("POST", "/admin/v1/vip/grant", json!({"user_id": user, "days": 30})),
        ("POST", "/admin/v1/bans/set", json!({"user_id": user, "reason": "spam", "until": 1_800_000_000})),
        ("POST", "/admin/v1/bans/lift", json!({"user_id": user})),
        (
            "POST",
            "/admin/v1/coins/adjust",
            json!({"user_id": user, "amount": 1.5, "typ": 2, "reason": "welcome", "idempotency_key": "welcome-2"}),
        ),
        ("GET", "/admin/v1/coins/list?user_id=2", Value::Null),
        ("GET", "/admin/v1/users/get?user_id=2", Value::Null),
        ("POST", "/admin/v1/push/targets", json!({"users": [user], "tags": {"none": ["muted"]}})),
        ("POST", "/admin/v1/push/feedback", json!({"device_tokens": ["dead-token"], "registration_ids": ["dead-id"]})),
        ("POST", "/admin/v1/ads/set", json!({"is_show": true, "bottom_height": 50})),
        ("GET", "/admin/v1/ads/get", Value::Null),
        ("GET", "/admin/v1/app/get", Value::Null),
        ("POST", "/admin/v1/app/set", json!({"registration_open": true, "push_sign_required": false})),
        ("POST", "/admin/v1/app/rotate-secret", Value::Null),
        ("POST", "/admin/v1/tokens/create", json!({"name": "reports", "days": 90})),
        ("GET", "/admin/v1/tokens/list", Value::Null),
        ("POST", "/admin/v1/tokens/revoke", json!({"name": "reports"})),
        ("POST", "/user/change_password_admin", json!({"password": PASSWORD})),
    ]
}

/// Replaces what is random, tokens, captchas and codes, and the contacts of test users, which are numbered.
fn masked(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_random =
                    ["token", "access_token", "b64s", "captcha", "request_id", "secret"].contains(&name.as_str());
                let is_captcha = name == "id" && value.as_str().is_some_and(|text| text.len() == 22);
                let is_test_token = name == "name" && value.as_str().is_some_and(|text| text.starts_with("test-"));
                let is_contact = value.as_str().is_some_and(|text| text.starts_with("+493010"));
                if (is_random || is_captcha || is_test_token || is_contact) && value.is_string() {
                    *value = json!("…");
                } else {
                    masked(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(masked),
        _ => {}
    }
}

fn add(examples: &mut Map<String, Value>, operation: &str, mut request: Value, answer: &Res) {
    let mut answer = answer.json();
    assert!(answer["code"] == 1 || answer["code"] == 200, "{operation}: {answer}");
    masked(&mut request);
    masked(&mut answer);
    let mut example = json!({"answer": answer});
    if !request.is_null() {
        example["request"] = request;
    }
    examples.insert(operation.to_owned(), example);
}

async fn of_v1(examples: &mut Map<String, Value>, codes: &CodeApp, alice: &User) {
    for operation in contract_v1::operations() {
        let (method, path) = (operation.method.as_str(), operation.path.as_str());
        let user = if path.ends_with("logout") { codes.t.login("alice", "other").await } else { alice.clone() };
        let request = user.v1.request(operation.method.clone(), path).header("accept", "application/json");
        let (request, sent) = if method == "GET" {
            (request, Value::Null)
        } else {
            let mut sent = contract_v1::body(codes, path, &user, &new_mobile()).await;
            let request = request.json(&sent);
            // Numbers differ with the order of the tests.
            sent.as_object_mut().unwrap().retain(|name, _| !["mobile", "phone", "email"].contains(&name.as_str()));
            (request, sent)
        };
        let answer = request.send().await;
        add(examples, &format!("{method} {path}"), sent, &answer);
    }
}

async fn of_admin(examples: &mut Map<String, Value>, codes: &CodeApp) {
    for (index, operation) in contract_admin::operations().into_iter().enumerate() {
        let user = codes.t.user(&format!("user{index}")).await;
        let client = contract_admin::clients_for(&codes.t, &operation, &user).await.remove(0);
        let parameters = contract_admin::parameters(&operation, user.id, 1000 + index);
        let sent = match &parameters.body {
            Body::Json(fields) => Value::Object(fields.clone()),
            Body::Raw(text) => json!(text),
            Body::None => Value::Null,
        };
        let answer = contract_admin::request(&client, &operation, &parameters).send().await;
        add(examples, &format!("{} {}", operation.method, operation.path), sent, &answer);
    }
}

async fn of_others(examples: &mut Map<String, Value>, codes: &CodeApp, alice: &User) {
    let admin = codes.t.admin().await;
    let acting = admin.clone().header("user_id", &alice.id.to_string());
    let bound = json!({"device_sn": 2, "device_token": "device-token", "notifier_name": "apns"});
    acting.post("/user/token/bind").json(&bound).send().await.assert_ok();
    for (method, path, sent) in others(alice.id) {
        let client = if path == "/user/change_password_admin" { &acting } else { &admin };
        let request = client.request(method.parse().unwrap(), path);
        let request = if sent.is_null() { request } else { request.json(&sent) };
        let answer = request.send().await;
        add(examples, &format!("{method} {}", path.split('?').next().unwrap()), sent, &answer);
    }
}

#[actix_web::test]
async fn the_examples_are_real_requests_and_answers() {
    let (codes, alice) = populated().await;
    let mut examples = Map::new();
    of_v1(&mut examples, &codes, &alice).await;
    of_others(&mut examples, &codes, &alice).await;
    of_admin(&mut examples, &codes).await;
    let text = format!("{:#}\n", Value::Object(examples));
    if fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap() != text {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples.json");
        fs::write(&new, text).unwrap();
        panic!("{FILE} is out of date: if that is intended, copy {} there", new.display());
    }
}

#[test]
fn the_document_has_the_examples() {
    let document = openapi_document();
    let edit = &document["paths"]["/v1/user/edit-nickname"]["post"];
    assert_eq!(edit["requestBody"]["content"]["application/json"]["example"], json!({"nickname": "Al"}));
    let answer = &edit["responses"]["200"]["content"]["application/json"]["example"];
    assert_eq!(*answer, json!({"code": 1, "msg": "success"}));
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let with = operations.filter(|one| one["responses"]["200"]["content"]["application/json"].get("example").is_some());
    assert!(with.count() > 110);
}
