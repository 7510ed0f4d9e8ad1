//! JSON schemas of the messages in `proto/`, from their descriptors.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
    field_options::JsType,
};
use serde_json::{Map, Value, json};

use crate::transport::pb;

/// The messages of `proto/`.
pub struct Messages {
    all: BTreeMap<String, Documented>,
    referred: BTreeSet<String>,
}

/// A message with the comments in its file.
struct Documented {
    message: DescriptorProto,
    comment: String,
    /// By the field's position.
    field_comments: BTreeMap<i32, String>,
}

impl Messages {
    pub(super) fn new() -> Self {
        let set = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap_or_default();
        let all = set.file.iter().flat_map(documented).map(|one| (one.message.name().to_owned(), one)).collect();
        Self { all, referred: BTreeSet::new() }
    }

    /// A reference to the schema of a message.
    pub(super) fn reference(&mut self, name: &str) -> Value {
        if self.referred.insert(name.to_owned()) {
            let fields = self.all.get(name).map(|one| one.message.field.clone()).unwrap_or_default();
            let parts = fields.iter().filter(|field| field.r#type() == Type::Message && !is_status(name, field));
            parts.for_each(|field| drop(self.reference(short(field.type_name()))));
        }
        reference("schemas", name)
    }

    /// The schema of a request.
    pub(super) fn request(&self, name: &str) -> Value {
        self.all.get(name).map_or(Value::Null, schema)
    }

    /// Whether an answer has anything but its status.
    pub(super) fn has_data(&self, name: &str) -> bool {
        self.all.get(name).is_some_and(|one| one.message.field.iter().any(|field| !is_status(name, field)))
    }

    /// The schemas that were referred to.
    pub(super) fn into_components(self) -> Map<String, Value> {
        let schema = |name: String| self.all.get(&name).map(|one| (name, schema(one)));
        self.referred.into_iter().filter_map(schema).collect()
    }
}

/// A reference to a component.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The messages of a file.
fn documented(file: &FileDescriptorProto) -> Vec<Documented> {
    // A path is [4, message] or [4, message, 2, field] (descriptor.proto).
    let comments: BTreeMap<Vec<i32>, String> = file
        .source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .filter_map(|location| Some((location.path.clone(), tidy(location.leading_comments.as_deref()?))))
        .collect();
    let messages = file.message_type.iter().zip(0..).map(|(message, index)| Documented {
        message: message.clone(),
        comment: comments.get(&vec![4, index]).cloned().unwrap_or_default(),
        field_comments: (0..)
            .zip(&message.field)
            .filter_map(|(field, _)| Some((field, comments.get(&vec![4, index, 2, field])?.clone())))
            .collect(),
    });
    messages.collect()
}

fn tidy(comment: &str) -> String {
    comment.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// `.diglot.v1.User` → `User`.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The status of an answer is in the envelope.
fn is_status(message: &str, field: &FieldDescriptorProto) -> bool {
    message.ends_with("Response") && field.name() == "status"
}

/// Answers have every key; requests may lack any, and may have null for absent.
fn schema(one: &Documented) -> Value {
    let name = one.message.name();
    let is_request = name.ends_with("Request");
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (field, index) in one.message.field.iter().zip(0..) {
        if is_status(name, field) {
            continue;
        }
        let mut schema = field_schema(field, is_request);
        if let (Some(object), Some(comment)) = (schema.as_object_mut(), one.field_comments.get(&index)) {
            object.insert("description".to_owned(), json!(comment));
        }
        required.push(field.json_name().to_owned());
        properties.insert(field.json_name().to_owned(), schema);
    }
    if is_request {
        required.clear();
    }
    json!({"type": "object", "description": one.comment, "properties": properties, "required": required})
}

fn field_schema(field: &FieldDescriptorProto, is_request: bool) -> Value {
    let one = match field.r#type() {
        Type::Message => reference("schemas", short(field.type_name())),
        Type::String if is_request && is_id(field) => json!({"type": ["string", "integer", "null"]}),
        Type::String => or_null("string", is_request),
        Type::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Type::Bool => or_null("boolean", is_request),
        Type::Double | Type::Float => or_null("number", is_request),
        Type::Uint64 if is_js_string(field) && is_request => json!({"type": ["string", "integer", "null"]}),
        Type::Uint64 if is_js_string(field) => json!({"type": "string", "pattern": "^[0-9]+$"}),
        Type::Int32
        | Type::Int64
        | Type::Uint32
        | Type::Uint64
        | Type::Sint32
        | Type::Sint64
        | Type::Fixed32
        | Type::Fixed64
        | Type::Sfixed32
        | Type::Sfixed64
        | Type::Enum
        | Type::Group => or_null("integer", is_request),
    };
    if field.label() == Label::Repeated { json!({"type": "array", "items": one}) } else { one }
}

fn or_null(name: &str, is_request: bool) -> Value {
    if is_request { json!({"type": [name, "null"]}) } else { json!({"type": name}) }
}

/// As `build.rs` decides which fields may be text or a number.
fn is_id(field: &FieldDescriptorProto) -> bool {
    (field.name() == "id" || field.name().ends_with("_id")) && !field.proto3_optional()
}

fn is_js_string(field: &FieldDescriptorProto) -> bool {
    field.options.as_ref().is_some_and(|options| options.jstype() == JsType::JsString)
}
