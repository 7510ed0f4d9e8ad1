//! The messages of `proto/`: the properties that clients rely on, and their pinned encoding.

use diglot::transport::pb;
use prost::Message as _;
use prost_types::{
    DescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

fn messages() -> Vec<DescriptorProto> {
    let files = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap().file;
    files.into_iter().filter(|file| file.package() == "diglot.v1").flat_map(|file| file.message_type).collect()
}

#[test]
fn every_response_has_its_status_in_field_1() {
    let responses: Vec<_> = messages().into_iter().filter(|message| message.name().ends_with("Response")).collect();

    assert!(responses.len() >= 14, "only {} responses", responses.len());
    for message in responses {
        let status = message.field.iter().find(|field| field.number() == 1);
        let status = status.unwrap_or_else(|| panic!("{} has no field 1", message.name()));
        assert_eq!((status.name(), status.type_name()), ("status", ".diglot.v1.Status"), "{}", message.name());
    }
}

#[test]
fn no_protobuf_request_starts_with_a_byte_that_can_start_json() {
    for message in messages().into_iter().filter(|message| message.name().ends_with("Request")) {
        for field in &message.field {
            let wire_type = match (field.label(), field.r#type()) {
                (Label::Repeated, _) | (_, Type::String | Type::Bytes | Type::Message) => 2,
                (_, Type::Double | Type::Fixed64 | Type::Sfixed64) => 1,
                (_, Type::Float | Type::Fixed32 | Type::Sfixed32) => 5,
                _ => 0,
            };
            let first_byte = (field.number() << 3) | wire_type;
            assert!(
                !b"{ \t\r\n".iter().any(|byte| i32::from(*byte) == first_byte),
                "{}.{} starts with {first_byte:#x}",
                message.name(),
                field.name()
            );
        }
    }
}

/// The fields of behaviour.md §4; `contract_v1.rs` tests those of the document.
#[test]
fn fields_beyond_the_document_have_the_numbers_that_clients_know() {
    let documented: &[(&str, &[(&str, i32)])] = &[
        ("OwnUser", &[("name_id", 3), ("vip_status", 11)]),
        (
            "User",
            &[
                ("do_not_disturb", 8),
                ("ban_id", 9),
                ("vip_status", 15),
                ("is_blocked", 16),
                ("top", 17),
                ("ip_geo", 20),
                ("ban_reason", 21),
            ],
        ),
        ("Medal", &[("desc", 3), ("image_url", 4)]),
    ];
    let messages = messages();
    for (name, fields) in documented {
        let message = messages.iter().find(|message| message.name() == *name).unwrap();
        for (field, number) in *fields {
            let found = message.field.iter().find(|known| known.name() == *field);
            assert_eq!(found.map(prost_types::FieldDescriptorProto::number), Some(*number), "{name}.{field}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_of_messages_are_pinned() {
    let status = Some(pb::Status { number: 114_514, code: 1, msg: "success".to_owned() });
    let own = pb::OwnUser {
        id: "123".to_owned(),
        name: "测试用户".to_owned(),
        name_id: 2,
        avatar_url: "https://a/b".to_owned(),
        avatar_id: 123,
        phone: "12312312300".to_owned(),
        email: "1@1.com".to_owned(),
        coin: 57.01,
        is_vip: 1,
        vip_expired_time: 1_231_231_230,
        vip_status: 1,
        invitation_code: "ABC".to_owned(),
    };
    let info = pb::InfoResponse { status: status.clone(), data: Some(own) };
    assert_eq!(
        hex(&info.encode_to_vec()),
        "0a0f08d2fe061001 1a0773756363657373 1252 0a03313233 120ce6b58be8af95e794a8e688b7 1802 \
         220b68747470733a2f2f612f62 287b 320b3132333132333132333030 3a073140312e636f6d 41e17a14ae47814c40 4801 \
         50feb1 8ccb04 5801 6203414243"
            .replace(' ', "")
    );
    let done = pb::StatusResponse { status };
    assert_eq!(hex(&done.encode_to_vec()), "0a0f08d2fe0610011a0773756363657373");
    let edit = pb::EditNicknameRequest { name: "Al".to_owned() };
    assert_eq!(hex(&edit.encode_to_vec()), "1a02416c");
    let get = pb::GetUserRequest { id: "123".to_owned() };
    assert_eq!(hex(&get.encode_to_vec()), "1203313233");
}
