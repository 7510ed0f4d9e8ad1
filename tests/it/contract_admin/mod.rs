//! Tests every operation of the admin document from its facts (`tests/contract/admin-user-api.json`): 61 pairs of a
//! method and a path.

mod answers;
mod callers;
mod parameters;
mod values;

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use crate::support::{Client, PASSWORD, Request, TestApp, User};

pub struct Operation {
    pub method: Method,
    pub path: String,
    facts: Value,
}

/// Operations for admins only (behaviour.md §3).
const ADMIN_ONLY: [&str; 6] = [
    "/user/avatar/batch",
    "/user/profile/batch",
    "/user/register/batch",
    "/user/disable",
    "/user/enable",
    "/user/list",
];

/// Operations without a token.
const TOKENLESS: [&str; 2] = ["/user/register/v2", "/user/register/push"];

pub fn operations() -> Vec<Operation> {
    let facts: Value = serde_json::from_str(include_str!("../../contract/admin-user-api.json")).unwrap();
    let mut all = Vec::new();
    for facts in facts["operations"].as_array().unwrap() {
        for method in facts["methods"].as_array().unwrap() {
            all.push(Operation {
                method: method.as_str().unwrap().parse().unwrap(),
                path: facts["path"].as_str().unwrap().to_owned(),
                facts: facts.clone(),
            });
        }
    }
    assert_eq!(all.len(), 61);
    all
}

/// Every parameter of an operation with a valid value.
pub struct Parameters {
    pub query: Vec<(String, String)>,
    pub body: Body,
}

pub enum Body {
    None,
    Json(Map<String, Value>),
    Raw(String),
}

/// A valid value of a documented parameter; `n` makes it unique.
fn good(operation: &Operation, name: &str, user: i64, n: usize) -> Value {
    match name {
        "avatar" => json!("https://x.example/a.png"),
        "username" => json!(format!("fresh_{n}")),
        "password" | "new_password" | "old_password" => json!(PASSWORD),
        "user_id" => json!(user),
        "device_sn" | "deviceSn" | "auth_mode" | "page_num" => json!(1),
        "mobile" => json!(format!("+49302{n:06}")),
        "alias" => json!(format!("alias {n}")),
        "device_token" => json!(format!("token {n}")),
        "tags" => json!(["a", "b"]),
        "sign" => Value::Null,
        "value" if operation.path == "/user/authmode" => json!(2),
        "value" if operation.path == "/user/push/nickname" => json!("Al"),
        "value" | "auto_download" | "group_confirm" | "no_push" | "no_push_detail" | "no_sounds" | "vibratory" => {
            json!(true)
        }
        "list" if operation.path == "/user/disable" || operation.path == "/user/enable" => json!([]),
        "list" => {
            let fields = operation.facts["body"][0]["items"].as_array().unwrap();
            let item: Map<String, Value> = fields
                .iter()
                .map(|field| field["name"].as_str().unwrap().to_owned())
                .map(|name| (name.clone(), good(operation, &name, user, n)))
                .collect();
            json!([item])
        }
        "no_push_start_hour" | "no_push_end_hour" | "silence_start_time" | "silence_end_time" | "badge" | "id"
        | "page_size" => json!(7),
        _ => json!("some text"),
    }
}

pub fn parameters(operation: &Operation, user: i64, n: usize) -> Parameters {
    let named = |list: &Value| -> Vec<(String, Value)> {
        let names = list.as_array().into_iter().flatten().map(|field| field["name"].as_str().unwrap().to_owned());
        names
            .map(|name| (name.clone(), good(operation, &name, user, n)))
            .filter(|(_, value)| !value.is_null())
            .collect()
    };
    let query = named(&operation.facts["query"]).into_iter();
    let body = named(&operation.facts["body"]);
    Parameters {
        query: query.map(|(name, value)| (name, value.as_str().map_or(value.to_string(), str::to_owned))).collect(),
        body: match body.as_slice() {
            [] => Body::None,
            [(name, _)] if name.is_empty() => Body::Raw("{\"any\": text".to_owned()),
            _ => Body::Json(body.into_iter().collect()),
        },
    }
}

pub fn request(client: &Client, operation: &Operation, parameters: &Parameters) -> Request {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&parameters.query);
    let uri = format!("{}?{}", operation.path, query.finish());
    let request = client.request(operation.method.clone(), &uri);
    match &parameters.body {
        Body::None => request,
        Body::Json(body) => request.json(&Value::Object(body.clone())),
        Body::Raw(text) => request.body(text.clone()),
    }
}

/// A number that has not been used before.
fn next() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The clients that may call an operation, and the user that they act for.
async fn clients(t: &TestApp, operation: &Operation) -> (User, Vec<Client>) {
    let user = t.user(&format!("u{}", next())).await;
    let clients = clients_for(t, operation, &user).await;
    (user, clients)
}

/// The clients that may call an operation for that user.
pub async fn clients_for(t: &TestApp, operation: &Operation, user: &User) -> Vec<Client> {
    let admin = t.admin().await;
    let acting = admin.clone().header("user_id", &user.id.to_string());
    if ADMIN_ONLY.contains(&operation.path.as_str()) {
        vec![admin]
    } else if TOKENLESS.contains(&operation.path.as_str()) {
        vec![t.anon().header("app_id", "default")]
    } else {
        vec![acting, user.admin_api.clone()]
    }
}
