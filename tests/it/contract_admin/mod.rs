//! Tests every operation of the admin document from its facts (`tests/contract/admin-user-api.json`): 61 pairs of a
//! method and a path.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Map, Value, json};

use crate::support::{Client, PASSWORD, Request, TestApp, User};

struct Operation {
    method: Method,
    path: String,
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

fn operations() -> Vec<Operation> {
    let facts: Value = serde_json::from_str(include_str!("../contract/admin-user-api.json")).unwrap();
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
struct Parameters {
    query: Vec<(String, String)>,
    body: Body,
}

enum Body {
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
        "device_sn" | "deviceSn" | "auth_mode" => json!(1),
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
        | "page_num" | "page_size" => json!(7),
        _ => json!("some text"),
    }
}

fn parameters(operation: &Operation, user: i64, n: usize) -> Parameters {
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

fn request(client: &Client, operation: &Operation, parameters: &Parameters) -> Request {
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
    let admin = t.admin().await;
    let acting = admin.clone().header("user_id", &user.id.to_string());
    let clients = if ADMIN_ONLY.contains(&operation.path.as_str()) {
        vec![admin]
    } else if TOKENLESS.contains(&operation.path.as_str()) {
        vec![t.anon().header("app_id", "default")]
    } else {
        vec![acting, user.admin_api.clone()]
    };
    (user, clients)
}

#[track_caller]
fn assert_field(at: &str, field: &Value, value: &Value) {
    let kind = field["type"].as_str().unwrap();
    let is_right = match kind {
        "int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "int64" => value.is_i64(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array[object]" | "array[string]" => value.is_array(),
        other => panic!("{at}: {other}"),
    };
    assert!(is_right, "{at} should be {kind} and is {value}");
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    if let Some(fields) = field["fields"].as_array() {
        let names: BTreeSet<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        for item in &items {
            for (name, value) in item.as_object().unwrap() {
                assert!(names.contains(name.as_str()), "{at}.{name} is not documented");
                let field = fields.iter().find(|field| field["name"] == name.as_str()).unwrap();
                assert_field(&format!("{at}.{name}"), field, value);
            }
        }
    }
}

#[actix_web::test]
async fn every_operation_works_for_authorized_callers_and_answers_the_documented_fields() {
    let t = TestApp::new().await;
    for operation in operations() {
        let at = format!("{} {}", operation.method, operation.path);
        let (_, clients_of) = clients(&t, &operation).await;
        for number in 0..clients_of.len() {
            // A new user each time, since some operations end the session.
            let (user, clients) = clients(&t, &operation).await;
            let res = request(&clients[number], &operation, &parameters(&operation, user.id, next())).send().await;
            res.assert_line("json | 200 | 200");
            let json = res.json();
            assert_eq!(json.get("message"), None, "{at}");
            let documented = operation.facts["response"].as_array().unwrap();
            for (name, value) in json.as_object().unwrap() {
                let field = documented.iter().find(|field| field["name"] == name.as_str());
                assert_field(&format!("{at} {name}"), field.unwrap_or_else(|| panic!("{at} {name}")), value);
            }
            assert!(json.get("data").is_some(), "{at}");
        }
    }
}

#[actix_web::test]
async fn every_required_parameter_is_enforced_and_its_type_is_checked() {
    let t = TestApp::new().await;
    let mut walked = 0;
    for operation in operations() {
        let at = format!("{} {}", operation.method, operation.path);
        let (user, clients) = clients(&t, &operation).await;
        let client = &clients[0];
        for field in operation.facts["query"].as_array().unwrap() {
            let (name, kind) = (field["name"].as_str().unwrap(), field["type"].as_str().unwrap());
            let mut changed = parameters(&operation, user.id, next());
            let position = changed.query.iter().position(|(known, _)| known == name).unwrap();
            if field["required"] == true {
                let kept = changed.query.remove(position);
                let res = request(client, &operation, &changed).send().await;
                assert!(
                    res.line().starts_with("json | 200 | 10002 | invalid request parameter"),
                    "{at} {}",
                    res.line()
                );
                changed.query.insert(position, kept);
                walked += 1;
            }
            let wrong: &[&str] = match kind {
                "int32" => &["x", "", "1.5", "2147483648", "-1", "1e3", " 1"],
                "boolean" => &["maybe", "2", ""],
                _ => &["\u{0}"],
            };
            for value in wrong {
                changed.query[position].1 = (*value).to_owned();
                // An empty optional number may count as absent; any other value must be refused.
                let res = request(client, &operation, &changed).send().await;
                let is_refused = res.line().starts_with("json | 200 | 10002 | invalid request parameter");
                assert!(
                    is_refused || (value.is_empty() && field["required"] == false),
                    "{at} {name}={value}: {}",
                    res.line()
                );
            }
        }
        for field in operation.facts["body"].as_array().into_iter().flatten() {
            let name = field["name"].as_str().unwrap();
            let mut changed = parameters(&operation, user.id, next());
            if field["required"] == true {
                match &mut changed.body {
                    Body::Json(body) => drop(body.remove(name)),
                    Body::Raw(_) => changed.body = Body::None,
                    Body::None => panic!("{at}"),
                }
                let res = request(client, &operation, &changed).send().await;
                assert!(
                    res.line().starts_with("json | 200 | 10002 | invalid request parameter"),
                    "{at} {name}: {}",
                    res.line()
                );
                walked += 1;
            }
            let wrong = match field["type"].as_str().unwrap() {
                _ if name.is_empty() || name == "id" => continue,
                "int32" | "int64" => vec![json!("x"), json!(1.5), json!(-1_i64 << 40), json!({}), json!(true)],
                "string" => vec![json!(1), json!({}), json!([])],
                "boolean" => vec![json!("maybe"), json!(2), json!([])],
                _ => vec![json!("x"), json!(1), json!({})],
            };
            for value in wrong {
                let mut changed = parameters(&operation, user.id, next());
                let Body::Json(body) = &mut changed.body else { panic!("{at}") };
                body.insert(name.to_owned(), value.clone());
                let res = request(client, &operation, &changed).send().await;
                assert!(
                    res.line().starts_with("json | 200 | 10002 | invalid request parameter"),
                    "{at} {name}={value}: {}",
                    res.line()
                );
            }
        }
    }
    assert!(walked > 30, "{walked}");
}

#[actix_web::test]
async fn every_operation_refuses_unauthorized_callers() {
    let t = TestApp::new().await;
    let stranger = t.user_of_new_app("other", "stranger").await;
    let other_admin = t.admin_of("other").await;
    for operation in operations() {
        let path = operation.path.as_str();
        if TOKENLESS.contains(&path) {
            continue;
        }
        let at = format!("{} {}", operation.method, path);
        let alice = t.user(&format!("u{}", next())).await;
        let bob = t.user(&format!("u{}", next())).await;
        let with = parameters(&operation, alice.id, next());
        let send = async |client: Client| request(&client, &operation, &with).send().await.code();
        let id = alice.id.to_string();

        assert_eq!(send(t.anon().header("app_id", "default")).await, 10003, "{at}: no token");
        assert_eq!(send(t.anon().header("app_id", "default").header("access-token", "x")).await, 10008, "{at}: forged");
        assert_eq!(send(alice.admin_api.clone().header("app_id", "nowhere")).await, 40000, "{at}: no such app");
        assert_eq!(
            send(stranger.admin_api.clone().header("app_id", "default")).await,
            10008,
            "{at}: user of another app"
        );
        assert_eq!(
            send(other_admin.clone().header("app_id", "default").header("user_id", &id)).await,
            10008,
            "{at}: admin of another app"
        );
        if ADMIN_ONLY.contains(&path) {
            assert_eq!(send(bob.admin_api.clone()).await, 10010, "{at}: a user");
            let own = send(bob.admin_api.clone().header("user_id", &bob.id.to_string())).await;
            assert_eq!(own, 10010, "{at}: a user that names itself");
        } else {
            assert_eq!(send(bob.admin_api.clone().header("user_id", &id)).await, 10010, "{at}: as another user");
            assert_eq!(send(t.admin().await).await, 10002, "{at}: an admin that names nobody");
            assert_eq!(send(other_admin.clone().header("user_id", &id)).await, 10000, "{at}: a user of another app");
            bob.admin_api.post("/user/kick").send().await.assert_ok();
            assert_eq!(send(bob.admin_api.clone()).await, 402, "{at}: ended token");
        }
        for (value, code) in
            [("+1", 10002), ("01", 10002), ("1e3", 10002), ("1 ", 10002), ("-1", 10002), ("9007199254740992", 10002)]
        {
            assert_eq!(send(t.admin().await.header("user_id", value)).await, code, "{at}: user_id {value:?}");
        }
    }
}
