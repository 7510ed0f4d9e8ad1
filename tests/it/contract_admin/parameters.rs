//! Required parameters and their types.

use serde_json::{Value, json};

use super::{Body, Operation, Parameters, clients, next, operations, parameters, request};
use crate::support::{Client, TestApp};

/// Sends parameters of which this one is wrong; whether they are refused because of it.
async fn is_refused(client: &Client, operation: &Operation, changed: &Parameters, name: &str) -> bool {
    let name = if name.is_empty() { "body" } else { name };
    let line = request(client, operation, changed).send().await.line();
    line.starts_with(&format!("json | 200 | 10002 | invalid request parameter: {name} "))
}

/// Leaves out and falsifies a parameter in the query; the number of required ones.
async fn check_in_query(client: &Client, operation: &Operation, field: &Value, user: i64) -> usize {
    let name = field["name"].as_str().unwrap();
    let at = format!("{} {}: {name}", operation.method, operation.path);
    let mut changed = parameters(operation, user, next());
    let position = changed.query.iter().position(|(known, _)| known == name).unwrap();
    let is_required = field["required"] == true;
    if is_required {
        let kept = changed.query.remove(position);
        assert!(is_refused(client, operation, &changed, name).await, "{at}");
        changed.query.insert(position, kept);
    }
    let wrong: &[&str] = match field["type"].as_str().unwrap() {
        "int32" => &["x", "", "1.5", "2147483648", "-1", "1e3", " 1"],
        "boolean" => &["maybe", "2", ""],
        _ => &["\u{0}"],
    };
    for value in wrong {
        (*value).clone_into(&mut changed.query[position].1);
        // An empty optional number may count as absent; any other value must be refused.
        let may_pass = value.is_empty() && !is_required;
        assert!(is_refused(client, operation, &changed, name).await || may_pass, "{at}={value:?}");
    }
    usize::from(is_required)
}

/// Leaves out and falsifies a field of the body; the number of required ones.
async fn check_in_body(client: &Client, operation: &Operation, field: &Value, user: i64) -> usize {
    let name = field["name"].as_str().unwrap();
    let at = format!("{} {}: {name}", operation.method, operation.path);
    let is_required = field["required"] == true;
    if is_required {
        let mut changed = parameters(operation, user, next());
        match &mut changed.body {
            Body::Json(body) => drop(body.remove(name)),
            Body::Raw(_) => changed.body = Body::None,
            Body::None => panic!("{at}"),
        }
        assert!(is_refused(client, operation, &changed, name).await, "{at}");
    }
    let wrong = match field["type"].as_str().unwrap() {
        _ if name.is_empty() || name == "id" => Vec::new(),
        "int32" | "int64" => vec![json!("x"), json!(1.5), json!(-1_i64 << 40), json!({}), json!(true)],
        "string" => vec![json!(1), json!({}), json!([])],
        "boolean" => vec![json!("maybe"), json!(2), json!([])],
        _ => vec![json!("x"), json!(1), json!({})],
    };
    for value in wrong {
        let mut changed = parameters(operation, user, next());
        let Body::Json(body) = &mut changed.body else { panic!("{at}") };
        body.insert(name.to_owned(), value.clone());
        assert!(is_refused(client, operation, &changed, name).await, "{at}={value}");
    }
    usize::from(is_required)
}

#[actix_web::test]
async fn every_required_parameter_is_enforced_and_its_type_is_checked() {
    let t = TestApp::new().await;
    let mut required = 0;
    for operation in operations() {
        let (user, clients) = clients(&t, &operation).await;
        for field in operation.facts["query"].as_array().unwrap() {
            required += check_in_query(&clients[0], &operation, field, user.id).await;
        }
        for field in operation.facts["body"].as_array().into_iter().flatten() {
            required += check_in_body(&clients[0], &operation, field, user.id).await;
        }
    }
    assert!(required > 30, "{required}");
}
