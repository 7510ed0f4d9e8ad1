//! The facts about `/v1` and `docs/spec/v1-user-api.md`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rows;

const DOCUMENT: &str = include_str!("../../../docs/spec/v1-user-api.md");

fn facts() -> Value {
    serde_json::from_str(include_str!("../../contract/v1-user-api.json")).unwrap()
}

/// The text of the code blocks in one language.
fn blocks<'a>(section: &'a str, language: &str) -> Vec<&'a str> {
    let fenced = section.split("```").skip(1).step_by(2);
    fenced
        .filter_map(|block| block.split_once('\n'))
        .filter(|(name, _)| *name == language)
        .map(|(_, text)| text)
        .collect()
}

/// JSON without the comments of JSONC.
fn without_comments(text: &str) -> String {
    let mut is_in_string = false;
    let code = |line: &str| {
        for (at, letter) in line.char_indices() {
            match letter {
                '"' => is_in_string = !is_in_string,
                '/' if !is_in_string && line[at..].starts_with("//") => return line[..at].to_owned(),
                _ => {}
            }
        }
        line.to_owned()
    };
    text.lines().map(code).collect()
}

/// The types in an example, as the facts name them.
fn kinds(example: &Value) -> Value {
    match example {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), kinds(value))).collect(),
        Value::Array(items) => json!([kinds(&items[0])]),
        Value::String(_) => json!("string"),
        Value::Number(number) if number.is_i64() => json!("int"),
        Value::Number(_) => json!("double"),
        other => panic!("{other}"),
    }
}

/// The request and the `data` of the answer. The document's titles of the blocks are not reliable, but only an answer
/// has a code.
fn json_examples(section: &str) -> (Value, Value) {
    let (mut request, mut data) = (json!({}), Value::Null);
    for block in blocks(section, "JSONC") {
        let example: Value =
            serde_json::from_str(&without_comments(block)).unwrap_or_else(|error| panic!("{error}: {block}"));
        if example.get("code").is_none() {
            request = kinds(&example);
            continue;
        }
        for (name, value) in kinds(&example).as_object().unwrap() {
            match name.as_str() {
                "code" => assert_eq!(value, "int"),
                "msg" => assert_eq!(value, "string"),
                "data" => data = value.clone(),
                other => panic!("{other}: {block}"),
            }
        }
    }
    // The only example of an amount that is a whole number.
    if let Some(amount) = data.pointer_mut("/goldCoinRecord/0/changeAmount") {
        *amount = json!("double");
    }
    (request, data)
}

type Fields = Map<String, Value>;

/// The messages of a proto file, by name: each field's number with its name and its type. The type of a field is the
/// name of a message, or its fields if it is nested.
fn messages(text: &str) -> Vec<(String, Fields)> {
    // Each open message with its fields and the messages nested in it.
    let mut open: Vec<(String, Fields, Fields)> = Vec::new();
    let mut done = Vec::new();
    for line in text.lines().map(|line| line.split("//").next().unwrap().trim()).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("message ") {
            open.push((name.trim_end_matches([' ', '{']).to_owned(), Fields::new(), Fields::new()));
        } else if line == "}" {
            let (name, mut fields, nested) = open.pop().unwrap();
            for (_, field) in &mut fields {
                if let Some(message) = field[1].as_str().and_then(|kind| nested.get(kind)) {
                    field[1] = message.clone();
                }
            }
            match open.last_mut() {
                Some((_, _, nested)) => drop(nested.insert(name, Value::Object(fields))),
                None => done.push((name, fields)),
            }
        } else {
            let (field, number) = line.trim_end_matches(';').split_once(" = ").unwrap();
            let (kind, name) = field.rsplit_once(' ').unwrap();
            open.last_mut().unwrap().1.insert(number.to_owned(), json!([name, kind]));
        }
    }
    done
}

/// The request and the answer in protobuf; messages that others use are added to `shared`.
fn proto_messages(section: &str, shared: &mut Fields) -> (Option<Value>, Option<Value>) {
    let (mut request, mut response) = (None, None);
    for (name, fields) in blocks(section, "proto").into_iter().flat_map(messages) {
        if name.ends_with("_send") {
            request = Some(Value::Object(fields));
        } else if fields.get("1").is_some_and(|field| field == &json!(["status", "Status"])) {
            response = Some(Value::Object(fields));
        } else if let Some(earlier) = shared.insert(name.clone(), Value::Object(fields.clone())) {
            assert_eq!(earlier, Value::Object(fields), "{name}");
        }
    }
    (request, response)
}

/// A section of the document in the form of the facts.
fn operation(section: &str, shared: &mut Fields) -> Value {
    let call = section.lines().find_map(|line| line.trim().split_once(" /v1/")).unwrap();
    let headers = rows(section);
    assert!(headers.iter().all(|row| row[0] == "token" && row[1] == "是"), "{headers:?}");
    let (request, data) = json_examples(section);
    let mut operation = json!({
        "path": format!("/v1/{}", call.1), "method": call.0, "token_required": !headers.is_empty(),
        "native_encoding": if blocks(section, "ProtoBuf").is_empty() { "json" } else { "protobuf" },
        "request": request, "data": data,
    });
    let (request, response) = proto_messages(section, shared);
    for (name, message) in [("proto_request", request), ("proto_response", response)] {
        if let Some(message) = message {
            operation[name] = message;
        }
    }
    operation
}

#[test]
fn the_facts_about_v1_are_those_of_its_document() {
    let mut facts = facts();
    let mut shared = Fields::new();
    let documented: Vec<Value> =
        DOCUMENT.split("\n## ").skip(1).map(|section| operation(section, &mut shared)).collect();
    let known = facts["operations"].as_array_mut().unwrap();
    for (number, documented) in documented.iter().enumerate() {
        if let Some(known) = known.get_mut(number).and_then(Value::as_object_mut) {
            // Ours: an English title, and remarks.
            known.remove("title");
            known.remove("note");
        }
        assert_eq!(known.get(number), Some(documented), "{}", documented["path"]);
    }
    assert_eq!(known.len(), documented.len());
    // The document shows the status only in examples.
    shared.insert("Status".to_owned(), facts["messages"]["Status"].clone());
    assert_eq!(facts["messages"], Value::Object(shared));
}

/// The paths of the fields in a message, such as `data.medal.name`.
fn paths(fields: &Fields, prefix: &str, facts: &Value, found: &mut BTreeSet<String>) {
    for field in fields.values() {
        let path = format!("{prefix}{}", field[0].as_str().unwrap());
        let nested = match &field[1] {
            Value::String(kind) => &facts["messages"][kind.trim_start_matches("repeated ")],
            nested => nested,
        };
        if let Some(nested) = nested.as_object() {
            paths(nested, &format!("{path}."), facts, found);
        }
        found.insert(path);
    }
}

/// The paths of the fields in an example in protobuf's text format.
fn example_paths(text: &str) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if line == "}" {
            open.pop().unwrap();
            continue;
        }
        let name = line.split([':', ' ']).next().unwrap();
        found.insert([&open[..], &[name]].concat().join("."));
        if line.ends_with('{') {
            open.push(name);
        }
    }
    found
}

#[test]
fn every_field_in_an_example_of_the_v1_document_is_in_a_message_of_the_facts() {
    let facts = facts();
    let mut walked = 0;
    for (section, operation) in DOCUMENT.split("\n## ").skip(1).zip(facts["operations"].as_array().unwrap()) {
        let mut known = BTreeSet::new();
        for message in ["proto_request", "proto_response"] {
            if let Some(fields) = operation[message].as_object() {
                paths(fields, "", &facts, &mut known);
            }
        }
        for example in blocks(section, "ProtoBuf") {
            let shown = example_paths(example);
            assert!(shown.is_subset(&known), "{}: {:?}", operation["path"], shown.difference(&known));
            walked += shown.len();
        }
    }
    assert!(walked > 40, "{walked}");
}

#[test]
fn the_status_in_the_facts_has_the_names_and_numbers_of_the_documents() {
    let status = facts()["messages"]["Status"].as_object().unwrap().clone();
    let numbered: Vec<String> =
        status.iter().map(|(number, field)| format!("{}={number}", field[0].as_str().unwrap())).collect();
    let behaviour = include_str!("../../../docs/spec/behaviour.md");
    let ruling = format!("`Status status = 1 {{{}}}`", numbered.join(", "));
    assert!(behaviour.contains(&ruling), "{ruling}");

    let named: BTreeSet<String> =
        status.values().map(|field| format!("status.{}", field[0].as_str().unwrap())).collect();
    for section in DOCUMENT.split("\n## ") {
        for example in blocks(section, "ProtoBuf").iter().filter(|example| example.starts_with("status")) {
            let mut shown = example_paths(example);
            shown.retain(|path| path.starts_with("status."));
            assert_eq!(shown, named);
        }
    }
}
