//! What `build.rs` asks of serde beyond its defaults. Answers have every key and never null (strict clients); requests
//! may have null for absent, and ids as text or number (security.md 34).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Reads null as the default.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
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
    Ok(match Option::deserialize(from)? {
        Some(Id::Text(text)) => text,
        Some(Id::Number(number)) => number.to_string(),
        None => String::new(),
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
