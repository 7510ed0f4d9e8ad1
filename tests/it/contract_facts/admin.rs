//! The facts about the admin API and `docs/spec/admin-user-api.md`.

use serde_json::{Value, json};

use super::rows;

const DOCUMENT: &str = include_str!("../../../docs/spec/admin-user-api.md");

/// The fields in a table; those marked with an arrow belong to the field above them, under the key `nested`.
fn fields(table: &str, nested: &str) -> Value {
    let mut fields: Vec<Value> = Vec::new();
    for row in rows(table) {
        let (is_nested, name) = row[0].strip_prefix('⇥').map_or((false, row[0]), |name| (true, name.trim()));
        let mut field = json!({"name": name, "type": row[1]});
        if let Ok(is_required) = row[2].parse::<bool>() {
            field["required"] = json!(is_required);
        }
        match fields.last_mut() {
            Some(parent) if is_nested => match parent[nested].as_array_mut() {
                Some(siblings) => siblings.push(field),
                None => parent[nested] = json!([field]),
            },
            _ => fields.push(field),
        }
    }
    Value::Array(fields)
}

/// A section of the document in the form of the facts, with the headers of its requests.
fn operation(section: &str) -> (Value, Value) {
    let mut parts = section.split("\n#### ");
    let (heading, calls) = parts.next().unwrap().split_once('\n').unwrap();
    let (number, title) = heading.split_once('{').unwrap().0.split_once(' ').unwrap();
    let calls = calls.lines().filter_map(|line| line.strip_prefix("> ")?.split_once(' '));
    let (methods, paths): (Vec<_>, Vec<_>) = calls.unzip();
    assert!(paths.iter().all(|path| path == &paths[0]), "{heading}: {paths:?}");

    let (mut headers, mut query, mut body, mut response) = (json!([]), json!([]), Value::Null, Value::Null);
    for part in parts {
        let (name, table) = part.split_once('\n').unwrap();
        match name {
            "请求头" => headers = fields(table, "fields"),
            "请求参数(Query Param)" => query = fields(table, "fields"),
            "请求体(Request Body)" => body = fields(table, "items"),
            "响应体" => response = fields(table, "fields"),
            "接口描述" => {}
            other => panic!("{heading}: {other}"),
        }
    }
    let operation = json!({
        "section": number, "title": title, "path": paths[0], "methods": methods, "query": query, "body": body,
        "response": response,
    });
    (operation, headers)
}

#[test]
fn the_facts_about_the_admin_api_are_those_of_its_document() {
    let facts: Value = serde_json::from_str(include_str!("../../contract/admin-user-api.json")).unwrap();
    let known = facts["operations"].as_array().unwrap();
    let documented: Vec<(Value, Value)> = DOCUMENT.split("\n## ").skip(1).map(operation).collect();
    for (number, (operation, headers)) in documented.iter().enumerate() {
        assert_eq!(known.get(number), Some(operation), "{}", operation["section"]);
        for header in headers.as_array().unwrap() {
            let known = &facts["headers"][header["name"].as_str().unwrap()];
            assert_eq!((&known["type"], &known["required"]), (&header["type"], &header["required"]), "{header}");
        }
        let documented = headers.as_array().unwrap().len();
        assert_eq!(facts["headers"].as_object().unwrap().len(), documented, "{}", operation["section"]);
    }
    assert_eq!(known.len(), documented.len());
    assert_eq!(DOCUMENT.matches("\n> ").count() - DOCUMENT.matches("\n#### 接口描述\n> ").count(), 61);
}
