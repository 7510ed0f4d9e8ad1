//! A request in both encodings, made from the fields of a form.

use actix_web::http::{Method, Uri};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value as Field};
use serde_json::{Map, Value, json};

use super::operations::{Operation, is_text_in_json};
use crate::transport::{codec::Encoding, console::values::Values};

/// A request in one encoding.
pub(super) struct Request {
    pub(super) encoding: Encoding,
    pub(super) method: Method,
    /// The path with the query.
    pub(super) target: Uri,
    /// Without the content type and the length, which follow from the body.
    pub(super) headers: Vec<(&'static str, String)>,
    /// Empty for a GET.
    pub(super) body: Vec<u8>,
}

/// Makes the request in both encodings.
///
/// # Errors
/// The name of a field whose text is not of its type or, in a query, too long.
pub(super) fn requests(
    operation: &Operation,
    values: &Values,
    headers: &[(&'static str, String)],
) -> Result<[Request; 2], String> {
    let fields = filled(operation, values)?;
    let is_get = operation.method == Method::GET;
    let object: Map<String, Value> =
        fields.iter().map(|(field, value)| (field.json_name().to_owned(), in_json(field, value))).collect();
    let query: Vec<(&str, String)> = object.iter().map(|(name, value)| (name.as_str(), plain(value))).collect();
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    let target = match query.as_str() {
        "" => operation.path.to_owned(),
        _ if !is_get => operation.path.to_owned(),
        query => format!("{}?{query}", operation.path),
    };
    let longest = || object.iter().max_by_key(|(_, value)| plain(value).len()).map(|(name, _)| name.clone());
    let target = Uri::try_from(target).map_err(|_| longest().unwrap_or_default())?;
    let of = |encoding, body: Vec<u8>| Request {
        encoding,
        method: operation.method.clone(),
        target: target.clone(),
        headers: [headers, &[("accept", Encoding::media_type(encoding).to_owned())]].concat(),
        body: if is_get { Vec::new() } else { body },
    };
    let text = serde_json::to_vec_pretty(&object).unwrap_or_default();
    let mut bytes = Vec::new();
    if let Some(message) = operation.request() {
        let mut message = DynamicMessage::new(message.clone());
        for (field, value) in fields {
            message.set_field(&field, value);
        }
        bytes = message.encode_to_vec();
    }
    Ok([of(Encoding::Json, text), of(Encoding::Protobuf, bytes)])
}

/// The name of a field in the form.
pub(super) fn form_name(field: &FieldDescriptor) -> String {
    format!("field.{}", field.json_name())
}

/// The fields that are filled in.
fn filled(operation: &Operation, values: &Values) -> Result<Vec<(FieldDescriptor, Field)>, String> {
    let mut filled = Vec::new();
    for field in operation.fields() {
        let text = values.get(&form_name(&field));
        if !text.is_empty() {
            let value = parse(&field, text).ok_or_else(|| field.json_name().to_owned())?;
            filled.push((field, value));
        }
    }
    Ok(filled)
}

fn parse(field: &FieldDescriptor, text: &str) -> Option<Field> {
    Some(match field.kind() {
        Kind::String => Field::String(text.to_owned()),
        Kind::Bool => Field::Bool(text.parse().ok()?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Field::I32(text.parse().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Field::I64(text.parse().ok()?),
        Kind::Uint32 | Kind::Fixed32 => Field::U32(text.parse().ok()?),
        Kind::Uint64 | Kind::Fixed64 => Field::U64(text.parse().ok()?),
        Kind::Double => Field::F64(text.parse().ok()?),
        Kind::Float => Field::F32(text.parse().ok()?),
        // No request has fields of these.
        Kind::Bytes | Kind::Message(_) | Kind::Enum(_) => return None,
    })
}

fn in_json(field: &FieldDescriptor, value: &Field) -> Value {
    match value {
        Field::String(text) => json!(text),
        Field::Bool(is_on) => json!(is_on),
        Field::I32(number) => json!(number),
        Field::I64(number) => json!(number),
        Field::U32(number) => json!(number),
        Field::U64(number) if is_text_in_json(field) => json!(number.to_string()),
        Field::U64(number) => json!(number),
        Field::F32(number) => json!(number),
        Field::F64(number) => json!(number),
        Field::Bytes(_) | Field::EnumNumber(_) | Field::Message(_) | Field::List(_) | Field::Map(_) => Value::Null,
    }
}

/// A value as it is written in a query.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Request {
    /// The line for a shell that sends it to the gateway at `base`.
    pub(super) fn curl(&self, base: &str) -> String {
        let mut line = String::new();
        if self.encoding == Encoding::Protobuf && !self.body.is_empty() {
            let octal: String = self.body.iter().map(|byte| format!("\\{byte:03o}")).collect();
            line.push_str(&format!("printf '{octal}' | "));
        }
        line.push_str(&format!("curl -s {}", quoted(&format!("{base}{}", self.target))));
        if self.method != Method::GET {
            line.push_str(&format!(" -X {}", self.method));
        }
        for (name, value) in &self.headers {
            line.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
        }
        if !self.body.is_empty() {
            line.push_str(&format!(" \\\n  -H {}", quoted(&format!("content-type: {}", self.encoding.media_type()))));
        }
        match self.encoding {
            Encoding::Json if !self.body.is_empty() => {
                line.push_str(&format!(" \\\n  -d {}", quoted(&String::from_utf8_lossy(&self.body))));
            }
            Encoding::Protobuf if !self.body.is_empty() => line.push_str(" \\\n  --data-binary @- | od -An -tx1"),
            Encoding::Protobuf => line.push_str(" | od -An -tx1"),
            Encoding::Json => {}
        }
        line
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
