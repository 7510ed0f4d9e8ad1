//! What `build.rs` asks of serde beyond its defaults. Answers have every key and never null (strict clients); requests
//! may have null for absent, ids as text or number (security.md 34), and are read from the query of a GET.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};
use serde_json::{Map, Value, error::Category};

use super::query;

/// A request whose fields have more than one name in JSON.
pub trait Aliases {
    /// Other names with the one that each stands for.
    const ALIASES: &'static [(&'static str, &'static str)];
}

/// Reads a request from a query, as [`read`] does from JSON.
pub(super) fn read_query<T: DeserializeOwned + Aliases>(query: &str) -> Result<T, String> {
    let pairs: Vec<(String, String)> = query::read(query)?;
    let mut fields: BTreeMap<String, String> = pairs.into_iter().collect();
    for (alias, name) in T::ALIASES {
        if let Some(value) = fields.remove(*alias) {
            fields.entry((*name).to_owned()).or_insert(value);
        }
    }
    query::read(&serde_urlencoded::to_string(fields).map_err(|error| error.to_string())?)
}

/// Reads a request. Of several names of a field the documented one counts; null is absent.
pub(super) fn read<T: DeserializeOwned + Aliases>(json: &[u8]) -> serde_json::Result<T> {
    let mut fields: Map<String, Value> = serde_json::from_slice(json)?;
    fields.retain(|_, value| !value.is_null());
    for (alias, name) in T::ALIASES {
        if let Some(value) = fields.remove(*alias) {
            fields.entry(*name).or_insert(value);
        }
    }
    serde_json::from_value(Value::Object(fields))
}

/// Reads a JSON object. serde would read a list as the fields in their order.
pub(super) fn read_object<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    if json.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        return Err(serde_json::Error::custom("no object"));
    }
    serde_json::from_slice(json)
}

/// What is wrong with JSON, for the log. serde's own words quote the value, which may be a password or a code.
pub(super) fn problem(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Data => "a field is of the wrong type",
        Category::Io | Category::Syntax | Category::Eof => "this is no JSON object",
    };
    format!("{what}, at column {}", error.column())
}

/// Writes an absent message as an empty one.
#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(super) fn present<S: Serializer, T: Serialize + Default>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(to),
        None => T::default().serialize(to),
    }
}

/// Reads an id: text, or a whole number.
pub(super) fn id_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(i64),
    }
    Ok(match Id::deserialize(from)? {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    })
}

/// Writes a number as text (`jstype = JS_STRING`).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) fn as_text<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(number)
}

/// Reads a number written as text.
pub(super) fn number_text<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = id_text(from)?;
    if text.is_empty() { Ok(0) } else { text.parse().map_err(D::Error::custom) }
}
