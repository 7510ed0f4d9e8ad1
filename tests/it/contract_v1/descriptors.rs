//! The messages in `proto/` are those of the document.

use diglot::transport::pb;
use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Label};
use serde_json::{Map, Value};

use super::{facts, operations};

/// The message of an operation's documented protobuf answer, by its name in `proto/`.
const RESPONSES: [(&str, &str); 5] = [
    ("/v1/user/info", "InfoResponse"),
    ("/v1/user/get-user", "GetUserResponse"),
    ("/v1/user/medal", "MedalResponse"),
    ("/v1/user/edit-nickname", "StatusResponse"),
    ("/v1/user/edit-avatar", "StatusResponse"),
];

const REQUESTS: [(&str, &str); 3] = [
    ("/v1/user/get-user", "GetUserRequest"),
    ("/v1/user/edit-nickname", "EditNicknameRequest"),
    ("/v1/user/edit-avatar", "EditAvatarRequest"),
];

/// The document's messages and their names in `proto/`.
const MESSAGES: [(&str, &str); 4] =
    [("Status", "Status"), ("Medal_info", "Medal"), ("Remark_info", "RemarkInfo"), ("Profile_info", "ProfileInfo")];

fn assert_message(messages: &[DescriptorProto], name: &str, documented: &Map<String, Value>) {
    let message = messages.iter().find(|message| message.name() == name).unwrap();
    for (number, field) in documented {
        let documented_name = field[0].as_str().unwrap();
        let number: i32 = number.parse().unwrap();
        let ours = message.field.iter().find(|field| field.number() == number);
        let ours = ours.unwrap_or_else(|| panic!("{name} has no field {number}"));
        assert_eq!(ours.name(), documented_name, "{name} {number}");
        match &field[1] {
            Value::Object(nested) => {
                let nested_name = ours.type_name().rsplit('.').next().unwrap();
                assert_message(messages, nested_name, nested);
            }
            kind => {
                let kind = kind.as_str().unwrap();
                let (is_repeated, kind) = kind.strip_prefix("repeated ").map_or((false, kind), |kind| (true, kind));
                assert_eq!(ours.label() == Label::Repeated, is_repeated, "{name} {number}");
                let ours = match ours.type_name() {
                    "" => ours.r#type().as_str_name().trim_start_matches("TYPE_").to_lowercase(),
                    nested => nested.rsplit('.').next().unwrap().to_owned(),
                };
                let known = MESSAGES.iter().find(|(documented, _)| *documented == kind);
                assert_eq!(ours, known.map_or(kind, |(_, ours)| *ours), "{name} {number}");
            }
        }
    }
}

#[test]
fn protobuf_messages_have_the_documented_numbers_names_and_types() {
    let files = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap().file;
    let messages: Vec<DescriptorProto> = files.into_iter().flat_map(|file| file.message_type).collect();
    let facts = facts();

    for (documented, ours) in MESSAGES {
        assert_message(&messages, ours, facts["messages"][documented].as_object().unwrap());
    }
    let mut walked = 0;
    for operation in operations().iter().filter(|operation| operation.native == "protobuf") {
        let name = |table: &[(&str, &'static str)]| table.iter().find(|(path, _)| *path == operation.path).unwrap().1;
        assert_message(&messages, name(&RESPONSES), operation.facts["proto_response"].as_object().unwrap());
        if let Some(documented) = operation.facts["proto_request"].as_object() {
            assert_message(&messages, name(&REQUESTS), documented);
        }
        walked += 1;
    }
    assert_eq!(walked, 5);
}
