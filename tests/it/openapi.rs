//! The OpenAPI document, the page that shows it, and the reference of errors.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use diglot::transport::{errors_md, openapi_document};
use serde_json::{Value, json};

use crate::support::{Running, Shell, TestApp, get, raw, status};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Every operation: its method, path and object.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{path}: {method}");
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

/// Calls `found` with each object in `value`.
fn visit(value: &Value, found: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            found(object);
            object.values().for_each(|value| visit(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| visit(value, found)),
        _ => {}
    }
}

#[test]
fn every_operation_is_named_and_every_reference_resolves() {
    let document = openapi_document();
    let (mut ids, mut references) = (BTreeSet::new(), BTreeSet::new());
    for (method, path, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 5), "{method} {path}");
        let is_refused =
            operation["tags"] == json!(["adapters"]) && operation["summary"].as_str().unwrap().starts_with("Refused");
        assert!(operation["responses"]["200"].is_object() != is_refused, "{method} {path}");
        assert!(ids.insert(operation["operationId"].clone().to_string()), "{method} {path}");
    }
    visit(&document, &mut |object| {
        references.extend(object.get("$ref").map(|target| target.as_str().unwrap().to_owned()));
    });
    for target in &references {
        assert!(document.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
    }
    for (name, codes) in
        [("V1Refusal", ["`-101`", "`-1`", "`1100`"]), ("AdminRefusal", ["`402`", "`10002`", "`10010`"])]
    {
        let description = document["components"]["schemas"][name]["description"].as_str().unwrap();
        assert!(
            codes.iter().all(|code| description.contains(code))
                && description.contains("未登录") == (name == "V1Refusal")
        );
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "{name} is not used");
        // A number at the end means two types of one name.
        assert!(!name.ends_with(|letter: char| letter.is_ascii_digit()), "{name}");
    }
}

#[test]
fn every_documented_operation_is_in_the_document_with_its_parameters() {
    let document = openapi_document();
    let facts: Value = serde_json::from_str(include_str!("../contract/admin-user-api.json")).unwrap();
    for operation in facts["operations"].as_array().unwrap() {
        for method in operation["methods"].as_array().unwrap() {
            let (path, method) = (operation["path"].as_str().unwrap(), method.as_str().unwrap().to_lowercase());
            let entry = &document["paths"][path][&method];
            assert!(entry.is_object(), "{method} {path}");
            let parameters = entry["parameters"].as_array().unwrap();
            for field in operation["query"].as_array().into_iter().flatten() {
                let is_known = parameters.iter().any(|parameter| parameter["name"] == field["name"]);
                assert!(is_known, "{method} {path}: {}", field["name"]);
            }
        }
    }
}

/// The document has what is routed, since both come from one registration: this finds paths that are registered in
/// another way, which only those of the socket, of the document itself and the pages of the console may be.
#[test]
fn no_path_is_registered_beside_the_document() {
    let is_page = |file: &PathBuf| file.to_str().unwrap().contains("transport/console/");
    let texts: Vec<String> = crate::architecture::sources("transport")
        .into_iter()
        .filter(|file| !is_page(file))
        .map(|file| fs::read_to_string(&file).unwrap())
        .collect();
    let following = |what: &str| -> Vec<String> {
        let found = texts.iter().flat_map(|text| text.split(what).skip(1));
        found.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let mut pages = following("path::page(\"");
    pages.sort();
    assert_eq!(pages, ["/docs", "/docs/{file:.*}", "/openapi.json", "/ws"]);
    for registered in ["resource(\"", ".route(\"", "scope(\""] {
        assert_eq!(following(registered), [""; 0], "{registered}");
    }
}

#[actix_web::test]
async fn every_operation_of_the_document_exists() {
    let t = TestApp::new().await;
    for (method, path, operation) in operations(&openapi_document()) {
        if operation["tags"] == json!(["ops"]) {
            continue;
        }
        let res = t.anon().request(method.to_uppercase().parse().unwrap(), &path).send().await;
        if path == "/media/{name}" {
            // No image has that name.
            assert_eq!(res.line(), "json | 404 | 404 | no such path");
            continue;
        }
        assert!(![404, 405].contains(&res.status.as_u16()), "{method} {path}: {res:?}");
        // A request without what authenticates it is refused, unless the document says that anyone may send it.
        let is_open = operation["security"]
            .as_array()
            .unwrap()
            .iter()
            .any(|all| *all == json!({}) || *all == json!({"app_id": []}));
        if operation["tags"] == json!(["oauth"]) || operation["tags"] == json!(["adapters"]) {
            let is_open = operation["security"] == json!([]);
            assert_eq!(res.status.as_u16(), if is_open { 200 } else { 401 }, "{method} {path}");
            continue;
        }
        let is_refused = [-101, 40000].contains(&res.code());
        let is_admin = operation["tags"] == json!(["admin"]);
        assert!(is_open || is_refused || (is_admin && path.ends_with("/app_dns")), "{method} {path}: {}", res.line());
    }
}

#[actix_web::test]
async fn the_ops_listener_serves_the_document_and_the_page_and_others_only_if_configured() {
    let running = Running::start().await;
    let document = get(running.ops, "/openapi.json").await;
    assert_eq!(status(&document), "200");
    let body: Value = serde_json::from_str(document.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let expected = openapi_document();
    assert_eq!(body["paths"]["/v1/user/info"], expected["paths"]["/v1/user/info"]);
    assert_eq!(body["paths"].as_object().unwrap().len(), expected["paths"].as_object().unwrap().len());
    assert_eq!(body["paths"]["/readyz"]["servers"], json!([{"url": "/"}]));
    assert_eq!(body["servers"], json!([{"url": format!("http://x:{}", running.app.port())}]));
    assert!(get(running.ops, "/docs").await.contains("location: /docs/"));
    let page = get(running.ops, "/docs/").await;
    assert!(page.contains("content-security-policy: default-src 'none'") && page.contains("swagger-ui"), "{page}");
    // Everything that the page loads is in the binary.
    for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert_eq!(status(&get(running.ops, &format!("/docs/{asset}")).await), "200", "{asset}");
    }
    assert!(!page.contains("https://") && !page.contains("<script>"), "{page}");
    let odd = raw(running.ops, b"GET /docs/ HTTP/1.1\r\nhost: a;script-src\r\nconnection: close\r\n\r\n").await;
    assert!(!odd.contains("a;script-src"), "{odd}");
    assert_eq!(status(&get(running.ops, "/docs/nothing").await), "404");
    assert_eq!(status(&get(running.app, "/openapi.json").await), "404");
    assert_eq!(status(&get(running.app, "/docs/").await), "404");
    running.stop().await;

    let public = Running::with(|config| config.has_public_docs = true).await;
    for address in [public.app, public.web] {
        let document = get(address, "/openapi.json").await;
        assert!(status(&document) == "200" && !document.contains("/readyz") && document.contains("/v1/user/info"));
        assert_eq!(status(&get(address, "/docs/").await), "200");
    }
    public.stop().await;
}

#[test]
fn the_command_line_prints_the_document() {
    let printed = Shell::new().run(&["openapi"]);
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), openapi_document());
}

#[test]
#[ignore = "needs Python's openapi-spec-validator: run scripts/test"]
fn the_document_and_its_examples_are_valid() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
    fs::write(&file, openapi_document().to_string()).unwrap();
    let output = Command::new("openapi-spec-validator").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi_examples.py");
    let output = Command::new("python3").arg(script).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let count: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert!(count > 150, "{count}");
}

#[test]
fn the_reference_of_errors_is_that_of_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    if fs::read_to_string(&file).unwrap_or_default() != errors_md() {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors.md");
        fs::write(&new, errors_md()).unwrap();
        panic!("docs/errors.md is out of date: copy {} there", new.display());
    }
    // An example of each error is in the reference.
    let variants = |source: &str, name: &str| -> Vec<String> {
        let body = source.split(&format!("pub enum {name} {{")).nth(1).unwrap().split("\n}").next().unwrap();
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let starts = lines.filter(|line| line.starts_with(|letter: char| letter.is_ascii_uppercase()));
        starts.map(|line| line.split([',', '(', ' ']).next().unwrap().to_owned()).collect()
    };
    let domain = variants(include_str!("../../src/domain/error.rs"), "Error");
    let protocol = variants(include_str!("../../src/transport/error.rs"), "Protocol");
    assert!(domain.len() > 30 && protocol.len() > 10);
    for name in domain.iter().chain(&protocol).filter(|name| *name != "Other") {
        assert!(errors_md().contains(&format!("\n| {name}")), "{name} has no row in docs/errors.md");
    }
}
