//! Generates the messages of `proto/` with their two encodings: protobuf by prost, JSON by serde.
//!
//! The JSON names come from the proto files (`json_name`, `jstype`); `proto/common.proto` documents what each attribute
//! means and `src/transport/json.rs` implements it.

use std::{env, error::Error, fs, path::Path};

use prost::Message as _;
use protox::prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
    field_options::JsType,
};

#[expect(clippy::disallowed_methods, reason = "cargo tells build scripts everything through the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    println!("cargo::rerun-if-changed=migrations");

    let mut files: Vec<_> =
        fs::read_dir("proto")?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    files.sort();
    let descriptors = protox::compile(&files, ["proto"])?;

    let out_dir = env::var("OUT_DIR")?;
    fs::write(Path::new(&out_dir).join("descriptors.bin"), descriptors.encode_to_vec())?;
    fs::write(Path::new(&out_dir).join("aliases.rs"), aliases(&descriptors))?;
    with_json(&descriptors).compile_fds(descriptors)?;
    Ok(())
}

/// Generates the names of every request's fields: the aliases in JSON, and the names in the message.
fn aliases(descriptors: &FileDescriptorSet) -> String {
    let messages = descriptors.file.iter().flat_map(|file| &file.message_type);
    let requests = messages.filter(|message| message.name().ends_with("Request"));
    let implementation = |message: &DescriptorProto| {
        let mut aliases = Vec::new();
        for field in &message.field {
            let names = [field.name().to_owned(), lower_camel_case(field.name())];
            aliases.extend(names.into_iter().map(|alias| (alias, field.json_name())));
        }
        aliases.retain(|(alias, name)| alias != name);
        let fields: Vec<_> = message.field.iter().map(|field| (field.json_name(), field.name())).collect();
        let message = message.name();
        format!(
            "impl crate::transport::json::Aliases for {message} {{
                const ALIASES: &'static [(&'static str, &'static str)] = &{aliases:?};
                const FIELDS: &'static [(&'static str, &'static str)] = &{fields:?};
            }}\n"
        )
    };
    requests.map(implementation).collect()
}

/// The configuration of a code generator that adds the JSON encoding to every message.
fn with_json(descriptors: &FileDescriptorSet) -> prost_build::Config {
    let mut config = prost_build::Config::new();
    // For the OpenAPI document.
    config.enable_type_names();
    config.type_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]");
    config.type_attribute(".", "#[serde(default)]");
    for file in &descriptors.file {
        for message in &file.message_type {
            let is_in_oneof = |field: &FieldDescriptorProto| field.oneof_index.is_some() && !field.proto3_optional();
            assert!(
                message.nested_type.is_empty() && !message.field.iter().any(is_in_oneof),
                "{}: nested messages and oneofs have no JSON form here yet",
                message.name()
            );
            for field in &message.field {
                let path = format!(".{}.{}.{}", file.package(), message.name(), field.name());
                config.field_attribute(path, serde_attribute(message, field));
            }
        }
    }
    config
}

fn serde_attribute(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    if message.name().ends_with("Response") && field.name() == "status" {
        return "#[serde(skip)]".to_owned();
    }
    let mut parts = vec![format!("rename = {:?}", field.json_name())];
    let is_js_string = field.options.as_ref().is_some_and(|options| options.jstype() == JsType::JsString);
    assert!(
        !is_js_string || (field.r#type() == Type::Uint64 && field.label() == Label::Optional),
        "{}.{}: jstype is for uint64 only",
        message.name(),
        field.name()
    );
    let is_id = field.name() == "id" || field.name().ends_with("_id");
    match (field.label(), field.r#type()) {
        (Label::Optional, Type::Message) => parts.push(with("serialize_with", "present")),
        (Label::Optional, Type::String) if is_id && !field.proto3_optional() => {
            parts.push(with("deserialize_with", "id_text"));
        }
        (Label::Optional, Type::String) if field.name().ends_with("_json") => {
            parts.push(with("serialize_with", "raw_json"));
        }
        (Label::Optional, Type::Uint64) if is_js_string => {
            parts.extend([with("serialize_with", "as_text"), with("deserialize_with", "number_text")]);
        }
        _ => {}
    }
    format!("#[serde({})]", parts.join(", "))
}

fn with(attribute: &str, function: &str) -> String {
    format!("{attribute} = \"crate::transport::json::{function}\"")
}

/// `device_id` → `deviceId`, the default JSON name of a proto field.
fn lower_camel_case(name: &str) -> String {
    let mut camel = String::new();
    for (index, part) in name.split('_').enumerate() {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if index > 0 => camel.extend(first.to_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    camel
}
