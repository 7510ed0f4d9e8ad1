//! The examples in the OpenAPI document are real requests and answers: this test makes them, and fails if an answer of the
//! gateway is no longer that of the document.

use std::{fs, path::Path};

use diglot::transport::openapi_document;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{
    contract_admin::{self, Body},
    contract_v1::{self, new_mobile, populated},
    support::{Client, CodeApp, Res, User},
};

mod admin;
mod v1;

/// Requests and answers, by the method and path of their operation.
type Examples = Map<String, Value>;

const FILE: &str = "src/transport/openapi/examples.json";

/// The fields that have a token, a captcha, a code or something else that is random.
const RANDOM: [&str; 10] = [
    "token",
    "access_token",
    "accessToken",
    "b64s",
    "captcha",
    "request_id",
    "secret",
    "sign",
    "upload_url",
    "download_url",
];

/// Whether the text in a field differs with each run.
fn is_random(field: &str, text: &str) -> bool {
    // The ids of captchas, and what is numbered by the tests.
    let is_captcha = (field == "id" || field == "data") && text.len() == 22 || text.starts_with("captcha ");
    let is_one_time = ["once-", "guest_", "generated-"].iter().any(|start| text.starts_with(start));
    let is_numbered = text.starts_with("test-") || text.contains("+49301");
    RANDOM.contains(&field) || is_captcha || is_one_time || is_numbered
}

/// Replaces what differs with each run.
fn masked(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if value.as_str().is_some_and(|text| is_random(name, text)) {
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

fn add(examples: &mut Examples, operation: &str, mut request: Value, answer: &Res) {
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

/// Sends a request as a client of `/v1` in JSON, or of the admin API, and adds it to the examples.
async fn record(examples: &mut Examples, client: &Client, method: &str, path: &str, sent: Value) -> Value {
    let request = client.request(method.parse().unwrap(), path).header("accept", "application/json");
    let request = if sent.is_null() { request } else { request.json(&sent) };
    let answer = request.send().await;
    add(examples, &format!("{method} {}", path.split('?').next().unwrap()), sent, &answer);
    answer.json()["data"].clone()
}

async fn of_v1(examples: &mut Examples, codes: &CodeApp, alice: &User) {
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

async fn of_admin(examples: &mut Examples, codes: &CodeApp) {
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

#[actix_web::test]
async fn the_examples_are_real_requests_and_answers() {
    let (codes, alice) = populated().await;
    let mut examples = Examples::new();
    of_v1(&mut examples, &codes, &alice).await;
    admin::record_others(&mut examples, &codes, &alice).await;
    of_admin(&mut examples, &codes).await;
    let images = TempDir::new().unwrap();
    let mut config = codes.t.gateway.config.clone();
    config.media = Some(format!("file:{}", images.path().display()).parse().unwrap());
    let node = codes.t.node_with(config).await;
    v1::record_others(&mut examples, &codes, &node).await;
    admin::record_app(&mut examples, &codes, &node).await;
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
    let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    let without = operations.filter(|(_, operation)| {
        let json = operation["responses"]["200"]["content"].get("application/json");
        json.is_some_and(|json| json.get("example").is_none())
    });
    let without: Vec<String> = without.map(|(name, _)| name).filter(|name| !is_shown_elsewhere(name)).collect();
    assert_eq!(without, [""; 0]);
}

/// Whether an operation needs no example: another document shows it, it takes or gives a file, or it has no envelope.
fn is_shown_elsewhere(operation: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "get /.well-known/jwks.json",
        "get /.well-known/oauth-authorization-server",
        "get /.well-known/openid-configuration",
        "post /oauth2/introspect",
        "get /admin/v1/audit/export",
        "get /admin/v1/config/list",
        "get /admin/v1/overview/get",
        "get /admin/v1/users/export",
        "post /admin/v1/users/import",
        "post /admin/v1/webhooks/test",
        "get /app/captcha/image",
        "post /media",
        "get /readyz",
        "get /version",
    ];
    let files = ["/v1/misc/qiniu-upload", "/v1/user/avatar", "/v1/user/export"];
    OTHERS.contains(&operation)
        || operation.contains(" /adapters/")
        || files.iter().any(|path| operation.ends_with(path))
}
