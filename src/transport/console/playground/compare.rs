//! Whether the answers in both encodings say the same.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value as Field};
use serde_json::{Map, Value, json};

use super::operations::is_text_in_json;

/// A value that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where it is: `data.user.name`.
    pub(super) place: String,
    /// The value in JSON; `None` if there is none.
    pub(super) in_json: Option<String>,
    /// The value in protobuf.
    pub(super) in_protobuf: Option<String>,
}

/// The answer in protobuf as it would be in JSON, by the rules of `proto/common.proto`.
///
/// # Errors
/// If the bytes are not the message.
pub(super) fn as_json(message: &MessageDescriptor, bytes: &[u8]) -> Result<Value, String> {
    let message = DynamicMessage::decode(message.clone(), bytes).map_err(|error| error.to_string())?;
    let mut data = Map::new();
    let (mut code, mut msg) = (json!(0), json!(""));
    for field in message.descriptor().fields() {
        let value = message.get_field(&field);
        match (field.number(), value.as_message()) {
            (1, Some(status)) => {
                code = status.get_field_by_name("code").map_or(code, |code| plain(None, &code));
                msg = status.get_field_by_name("msg").map_or(msg, |msg| plain(None, &msg));
            }
            _ => drop(data.insert(field.json_name().to_owned(), plain(Some(&field), &value))),
        }
    }
    // A refusal has no data.
    let is_success = code == json!(1);
    Ok(if data.is_empty() || !is_success {
        json!({"code": code, "msg": msg})
    } else {
        json!({"code": code, "data": data, "msg": msg})
    })
}

fn plain(field: Option<&FieldDescriptor>, value: &Field) -> Value {
    match value {
        Field::Bool(is_on) => json!(is_on),
        Field::I32(number) | Field::EnumNumber(number) => json!(number),
        Field::I64(number) => json!(number),
        Field::U32(number) => json!(number),
        Field::U64(number) if field.is_some_and(is_text_in_json) => json!(number.to_string()),
        Field::U64(number) => json!(number),
        Field::F32(number) => json!(number),
        Field::F64(number) => json!(number),
        Field::String(text) => json!(text),
        Field::Bytes(bytes) => json!(bytes.to_vec()),
        Field::List(list) => list.iter().map(|item| plain(field, item)).collect(),
        Field::Message(message) => object(message),
        // No message has maps.
        Field::Map(_) => Value::Null,
    }
}

/// A message within an answer: every key is present.
fn object(message: &DynamicMessage) -> Value {
    let descriptor = message.descriptor();
    let fields = descriptor.fields().map(|field| {
        let value = match (message.has_field(&field), field.kind()) {
            (false, Kind::Message(inner)) if !field.is_list() => object(&DynamicMessage::new(inner)),
            _ => plain(Some(&field), &message.get_field(&field)),
        };
        (field.json_name().to_owned(), value)
    });
    Value::Object(fields.collect())
}

/// Where `json` and `protobuf` differ.
pub(super) fn differences(json: &Value, protobuf: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(json), Some(protobuf), &mut found);
    found
}

fn compare(place: &str, json: Option<&Value>, protobuf: Option<&Value>, found: &mut Vec<Difference>) {
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match (json, protobuf) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let only_b = b.keys().filter(|name| !a.contains_key(*name));
            for name in a.keys().chain(only_b) {
                compare(&inside(name), a.get(name), b.get(name), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                compare(&inside(&index.to_string()), a.get(index), b.get(index), found);
            }
        }
        (a, b) if is_same(a, b) => {}
        (a, b) => found.push(Difference {
            place: place.to_owned(),
            in_json: a.map(ToString::to_string),
            in_protobuf: b.map(ToString::to_string),
        }),
    }
}

/// Numbers are the same with and without decimals.
fn is_same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a.and_then(Value::as_f64), b.and_then(Value::as_f64)) {
        (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found_wherever_they_are() {
        let json = json!({"code": 1, "data": {"list": [1, {"a": "x"}], "same": 2}});
        let protobuf = json!({"code": 1, "data": {"list": [1.0, {"a": "y"}, 3], "same": 2, "more": true}});
        let found: Vec<_> = differences(&json, &protobuf).into_iter().map(|one| one.place).collect();
        assert_eq!(found, ["data.list.1.a", "data.list.2", "data.more"]);
        assert_eq!(differences(&json, &json), []);
    }
}
