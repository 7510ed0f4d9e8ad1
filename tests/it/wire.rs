//! The protobuf answers recorded in `docs/wire`, byte by byte and decoded: what a client's developer compares with, and
//! what no change of the gateway may change.

use std::{fs, path::Path};

use actix_web::web::Bytes;
use diglot::transport::{openapi_document, pb};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, text_format::FormatOptions};

use crate::{
    contract_v1::{body, new_mobile, operations, populated},
    support::Res,
};

/// Their answers hold a random captcha or token.
const RANDOM: [&str; 4] =
    ["/v1/user/captcha", "/v1/user/email-login", "/v1/user/verification-login", "/v1/user/get-token"];

/// The name of the message that an operation answers, as the OpenAPI document says.
fn message_of(method: &str, path: &str) -> String {
    let pointer = format!(
        "/paths/{}/{}/responses/200/content/application~1x-protobuf/schema/description",
        path.replace('/', "~1"),
        method.to_lowercase()
    );
    let document = openapi_document();
    let text = document.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}")).as_str().unwrap();
    text.split(' ').nth(2).unwrap().to_owned()
}

/// The answer with 1 as the request's number, which is a random one.
fn with_number_one(answer: &Bytes) -> Vec<u8> {
    let mut rest = answer.clone();
    assert_eq!(prost::encoding::decode_varint(&mut rest).unwrap(), 0x0a, "the status comes first");
    let length = usize::try_from(prost::encoding::decode_varint(&mut rest).unwrap()).unwrap();
    let status = pb::Status { number: 1, ..pb::Status::decode(rest.split_to(length)).unwrap() };
    [pb::StatusResponse { status: Some(status) }.encode_to_vec(), rest.to_vec()].concat()
}

fn recording(method: &str, path: &str, request: &str, answer: &Res) -> String {
    let bytes = with_number_one(&answer.body);
    let name = message_of(method, path);
    let pool = DescriptorPool::decode(pb::DESCRIPTORS).unwrap();
    let descriptor = pool.get_message_by_name(&format!("diglot.v1.{name}")).unwrap();
    let decoded = DynamicMessage::decode(descriptor, &*bytes).unwrap();
    let text = decoded.to_text_format_with_options(&FormatOptions::new().pretty(true));
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<String> = hex.chunks(16).map(|line| line.join(" ")).collect();
    let bytes = format!("diglot.v1.{name}, {} bytes:\n{}", bytes.len(), lines.join("\n"));
    format!("{method} {path}{request}\n\n{bytes}\n\n{text}\n")
}

#[actix_web::test]
async fn answers_are_byte_for_byte_those_recorded() {
    let (codes, alice) = populated().await;
    let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wire");
    fs::create_dir_all(&new).unwrap();
    let mut outdated = Vec::new();
    for operation in operations().into_iter().filter(|operation| !RANDOM.contains(&operation.path.as_str())) {
        let (method, path) = (operation.method.as_str(), operation.path.as_str());
        // Its session ends.
        let user = if path.ends_with("logout") { codes.t.login("alice", "other").await } else { alice.clone() };
        let request = user.v1.request(operation.method.clone(), path).header("accept", "application/x-protobuf");
        let (request, sent) = if method == "GET" {
            (request, String::new())
        } else {
            let sent = body(&codes, path, &alice, &new_mobile()).await;
            // Codes are random.
            let shown = if sent.get("captcha").is_some() { "{…}".to_owned() } else { sent.to_string() };
            (request.json(&sent), format!("\n{shown}"))
        };
        let answer = request.send().await;
        assert!(
            answer.body.starts_with(b"\x0a") && answer.proto::<pb::StatusResponse>().status.unwrap().code == 1,
            "{path}"
        );
        let name = format!("{}.txt", path.rsplit('/').next().unwrap());
        let text = recording(method, path, &sent, &answer);
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/wire").join(&name);
        if fs::read_to_string(recorded).unwrap_or_default() != text {
            fs::write(new.join(&name), text).unwrap();
            outdated.push(name);
        }
    }
    assert!(
        outdated.is_empty(),
        "{outdated:?} differ: if that is intended, copy them from {} to docs/wire",
        new.display()
    );
}
