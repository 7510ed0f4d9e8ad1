//! The lines of the log: as text and as JSON, each with the id of its request.

use diglot::logging::{write_json, write_line};
use log::{Level, Record};
use serde_json::{Value, json};

use crate::support::{Node, Shell, agent, post};

/// A node whose log is in that format.
fn node(shell: &Shell, format: &str) -> Node {
    let environment = [("DIGLOT_LOG_FORMAT", format.to_owned()), ("DIGLOT_LOG", "debug".to_owned())];
    Node::in_folder(shell, &[], &environment.into_iter().collect())
}

#[test]
fn every_line_in_json_is_an_object_with_time_level_target_and_message_or_fields() {
    let shell = Shell::new();
    shell.run(&["app", "create", "default"]);
    let node = node(&shell, "json");
    let body = json!({"name": "nobody", "password": "wrong horse"});
    post(&agent(), &node.url("/token/user"), &[("app_id", "default"), ("x-request-id", "seven-7")], &body).unwrap();
    node.logged(r#""target":"access""#);
    let lines: Vec<Value> = node.log().iter().map(|line| serde_json::from_str(line).expect(line)).collect();

    for line in &lines {
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z') && time.contains('.')), "{line}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&line["level"].as_str().unwrap()), "{line}");
        assert!(line["target"].is_string(), "{line}");
        assert!(line["target"] == "access" || line["message"].is_string(), "{line}");
    }
    let access = lines.iter().find(|line| line["target"] == "access").unwrap();
    for (name, expected) in [
        ("id", json!("seven-7")),
        ("app", json!("default")),
        ("user", Value::Null),
        ("from", json!("127.0.0.1")),
        ("method", json!("POST")),
        ("path", json!("/token/user")),
        ("status", json!(200)),
        ("encoding", json!("json")),
    ] {
        assert_eq!(access[name], expected, "{name} of {access}");
    }
    assert!(access["number"].is_u64() && access["code"].is_i64() && access["ms"].is_f64(), "{access}");
}

#[test]
fn both_formats_have_the_same_fields() {
    let keys = [("id", "seven".into()), ("user", log::kv::Value::null()), ("ms", log::kv::Value::from(1.5))];
    let fields: &[(&str, log::kv::Value<'_>)] = &keys;
    let mut record = Record::builder();
    let args = format_args!("answered");
    let record = record.level(Level::Info).target("access").key_values(&fields).args(args).build();
    let (mut text, mut json) = (Vec::new(), Vec::new());
    write_line(&mut text, &record).unwrap();
    write_json(&mut json, &record, "2026-01-02T03:04:05.678Z").unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "id=seven user=- ms=1.5");
    assert_eq!(
        String::from_utf8(json).unwrap(),
        r#"{"time":"2026-01-02T03:04:05.678Z","level":"INFO","target":"access","id":"seven","user":null,"ms":1.5}"#
    );
}

#[test]
fn a_message_is_one_line_without_commands_to_a_terminal() {
    let args = format_args!("refused: \u{1b}[31m\nroot {}", "\u{9b}0mé");
    let mut text = Vec::new();
    write_line(&mut text, &Record::builder().args(args).build()).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), r"refused: \u{1b}[31m\nroot \u{9b}0mé");
}
