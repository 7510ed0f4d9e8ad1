//! Both encodings on every operation of `/v1`: the same request has the same effect and the same failure, and malformed
//! protobuf is refused and changes nothing (security.md 30, 31).

use diglot::transport::pb;
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};
use serde_json::{Map, Value, json};

use crate::{
    contract_v1::{body, operations, populated},
    support::{Client, CodeApp, MINUTE_MS, Res, TestApp, User},
};

/// Operations around the documented ones.
const MORE: [&str; 6] = [
    "/v1/user/save-user-remarks",
    "/v1/user/module-ignore",
    "/v1/user/device-offline",
    "/v1/user/cancel-user",
    "/v1/verification/get-verification-code",
    "/v1/verification/get-email-verification-code",
];

/// The requests whose message is not named after the path.
const NAMES: [(&str, &str); 5] = [
    ("gold-coin-increase-decrease-record", "GoldCoinRecordRequest"),
    ("bing-phone", "PhoneRequest"),
    ("change-phone-check", "PhoneRequest"),
    ("bing-email", "EmailRequest"),
    ("change-email-check", "EmailRequest"),
];

/// The operations that read a body, with its message.
fn all() -> Vec<(String, DescriptorProto)> {
    let files = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap().file;
    let messages: Vec<DescriptorProto> = files.into_iter().flat_map(|file| file.message_type).collect();
    let documented = operations().into_iter().filter(|operation| operation.method == "POST").map(|found| found.path);
    let message = |path: String| {
        let last = path.rsplit('/').next().unwrap();
        let known = NAMES.iter().find(|(name, _)| *name == last).map(|(_, message)| (*message).to_owned());
        let camel = |part: &str| format!("{}{}", part[..1].to_uppercase(), &part[1..]);
        let name = known.unwrap_or_else(|| format!("{}Request", last.split('-').map(camel).collect::<String>()));
        messages.iter().find(|message| message.name() == name).map(|message| (path, message.clone()))
    };
    let found: Vec<_> = documented.chain(MORE.map(str::to_owned)).filter_map(message).collect();
    // Without the six that read nothing: captcha, medal, recommend, get-user-data, get-user-show-adv and info.
    assert_eq!(found.len(), 24 - 6 + MORE.len());
    found
}

/// A valid JSON body that changes something, if the operation can.
async fn valid(codes: &CodeApp, path: &str, alice: &User, mobile: &str) -> Value {
    match path {
        "/v1/user/save-user-data" => json!({"introduction": "I", "gender": 1, "birthday": 978_307_200,
            "province": "P", "city": "C", "district": "D", "locationCode": "L"}),
        "/v1/user/recommend-category-list" => json!({"appChannel": "a"}),
        "/v1/user/logout" => json!({"device-id": path}),
        "/v1/user/gold-coin-increase-decrease-record" => json!({"size": 1, "page": 1}),
        "/v1/user/notification-status" => json!({"deviceId": "d", "registrationId": "r"}),
        "/v1/user/save-user-remarks" => json!({"friendId": "1", "name": "n", "phone": "1", "others": "[]"}),
        "/v1/user/module-ignore" => json!({"deviceId": "d", "ignore": "[1]"}),
        "/v1/user/device-offline" => json!({"deviceId": "alice's phone"}),
        "/v1/user/cancel-user" => {
            let code = codes.sms_code(&alice.v1, mobile).await;
            json!({"phone": mobile, "captcha": code})
        }
        "/v1/verification/get-verification-code" => {
            let (id, answer) = codes.t.captcha().await;
            json!({"mobile": mobile, "code": answer, "id": id, "platform": "web"})
        }
        "/v1/verification/get-email-verification-code" => {
            let (id, answer) = codes.t.captcha().await;
            json!({"email": format!("{mobile}@mail.example"), "code": answer, "id": id, "typ": "x"})
        }
        _ => body(codes, path, alice, mobile).await,
    }
}

/// The protobuf of a JSON body.
fn encode(message: &DescriptorProto, body: &Value) -> Vec<u8> {
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    let mut bytes = Vec::new();
    for (name, value) in body.as_object().unwrap() {
        let is_it = |known: &str| plain(known) == plain(name);
        let field = message.field.iter().find(|field| is_it(field.name()) || is_it(field.json_name()));
        let field = field.unwrap_or_else(|| panic!("{} has no {name}", message.name()));
        let number = field.number().unsigned_abs();
        match value {
            Value::String(text) => {
                assert_eq!(field.r#type(), Type::String, "{name}");
                encode_key(number, WireType::LengthDelimited, &mut bytes);
                encode_varint(text.len() as u64, &mut bytes);
                bytes.extend(text.as_bytes());
            }
            value => {
                assert!([Type::Int32, Type::Int64].contains(&field.r#type()), "{name}");
                encode_key(number, WireType::Varint, &mut bytes);
                encode_varint(value.as_i64().unwrap().cast_unsigned(), &mut bytes);
            }
        }
    }
    bytes
}

async fn send_proto(client: &Client, path: &str, body: impl Into<Vec<u8>>) -> Res {
    client.post(path).header("content-type", "application/x-protobuf").body(body.into()).send().await
}

/// All rows of all tables, without what is random in them.
async fn rows(t: &TestApp) -> Vec<String> {
    let mut all = Vec::new();
    // The change feed has the database's own time.
    let tables = t.tables().await.into_iter().filter(|table| table != "changes" && !table.starts_with("__diesel"));
    for table in tables {
        for mut row in t.rows(&table).await {
            mask(&table, &mut row);
            all.push(format!("{table}: {}", Value::Object(row)));
        }
    }
    all.sort();
    all
}

fn mask(table: &str, row: &mut Map<String, Value>) {
    let is_generated = row.get("is_generated").is_some_and(|value| [json!("1"), json!(true)].contains(value));
    let is_nameless = row.get("nickname").and_then(Value::as_str).is_some_and(|name| name.contains("用户"));
    let is_random = |column: &str| match (table, column) {
        ("users", "password_hash")
        | ("sessions" | "admin_tokens", "token_hash")
        | ("admin_tokens", "name")
        | ("audit_log", "request_id") => true,
        ("audit_log", "target") => row["action"].as_str().is_some_and(|action| action.contains("admin_token")),
        ("users", "nickname") => is_nameless,
        ("devices", "device_key") => is_generated,
        _ => false,
    };
    let masked: Vec<String> = row.keys().filter(|column| is_random(column)).cloned().collect();
    for column in masked {
        row[&column] = json!("random");
    }
}

/// Two gateways with the same content, for JSON and for protobuf.
async fn twins() -> [(CodeApp, User); 2] {
    let twins = [populated().await, populated().await];
    for (codes, _) in &twins {
        codes.t.clock.advance(60 * MINUTE_MS);
    }
    assert_same_rows("at first", &rows(&twins[0].0.t).await, &rows(&twins[1].0.t).await);
    twins
}

#[track_caller]
fn assert_same_rows(at: &str, left: &[String], right: &[String]) {
    let missing = |from: &[String], of: &[String]| -> Vec<String> {
        of.iter().filter(|row| !from.contains(row)).cloned().collect()
    };
    let differences = (missing(right, left), missing(left, right));
    assert!(left == right, "{at}: {differences:#?}");
}

/// Binds a number, for the operations that need an account with one.
async fn bind(codes: &CodeApp, alice: &User, mobile: &str) {
    let code = codes.sms_code(&alice.v1, mobile).await;
    let body = json!({"phone": mobile, "captcha": code});
    alice.v1.post("/v1/user/bing-phone").json(&body).send().await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);
}

#[actix_web::test]
async fn every_operation_leaves_the_same_rows_in_both_encodings() {
    let [(json_codes, json_alice), (proto_codes, proto_alice)] = twins().await;
    let (json_t, proto_t) = (&json_codes.t, &proto_codes.t);
    let mut changed = 0;
    // The account is deleted last.
    let mut all = all();
    all.sort_by_key(|(path, _)| path.ends_with("cancel-user"));
    for (number, (path, message)) in all.iter().enumerate() {
        let mobile = format!("+49303{number:06}");
        let sessions = [json_t.login("alice", path).await, proto_t.login("alice", path).await];
        if path.ends_with("cancel-user") {
            bind(&json_codes, &sessions[0], &mobile).await;
            bind(&proto_codes, &sessions[1], &mobile).await;
        }
        let owners = [&json_alice, &proto_alice].map(|alice| alice.id);
        assert_eq!(owners[0], owners[1]);
        let json = valid(&json_codes, path, &sessions[0], &mobile).await;
        let proto = encode(message, &valid(&proto_codes, path, &sessions[1], &mobile).await);
        let before = rows(json_t).await;
        let by_json = sessions[0].v1.post(path).json(&json).send().await;
        let by_proto = send_proto(&sessions[1].v1, path, proto).await;
        assert_eq!(
            (by_json.line().as_str(), by_proto.line().as_str()),
            ("json | 200 | 1", "protobuf | 200 | 1"),
            "{path}"
        );
        for codes in [&json_codes, &proto_codes] {
            match path.as_str() {
                "/v1/verification/get-verification-code" => drop(codes.sms.next()),
                "/v1/verification/get-email-verification-code" => drop(codes.mail.next()),
                _ => {}
            }
        }
        let after = rows(json_t).await;
        assert_same_rows(path, &after, &rows(proto_t).await);
        changed += usize::from(before != after);
    }
    assert!(changed >= 15, "{changed} operations changed something");
}

/// Values that are refused as most fields, by the kind of the field.
fn doubtful(value: &Value) -> Vec<Value> {
    match value {
        Value::String(_) => ["", "x\u{0}y", "\u{202e}", "000000"]
            .map(|text| json!(text))
            .into_iter()
            .chain([json!("龙".repeat(70_000 / 3))])
            .collect(),
        _ => [-1, 0, 99, i32::MAX.into()].map(|number: i64| json!(number)).into(),
    }
}

#[actix_web::test]
async fn every_operation_fails_alike_in_both_encodings() {
    let [(json_codes, _), (proto_codes, _)] = twins().await;
    let (json_t, proto_t) = (&json_codes.t, &proto_codes.t);
    let mut failed = 0;
    for (number, (path, message)) in all().iter().enumerate() {
        let mobile = format!("+49303{number:06}");
        // Locks and limits of the operation before have ended.
        for codes in [&json_codes, &proto_codes] {
            codes.t.clock.advance(60 * MINUTE_MS);
        }
        // The same but for the code.
        let fields = valid(&json_codes, path, &json_t.login("alice", path).await, &mobile).await;
        let proto_fields = valid(&proto_codes, path, &proto_t.login("alice", path).await, &mobile).await;
        for (name, value) in fields.as_object().unwrap() {
            for bad in doubtful(value) {
                let [mut body, mut proto_body] = [fields.clone(), proto_fields.clone()];
                body[name] = bad.clone();
                proto_body[name] = bad;
                let sessions = [json_t.login("alice", path).await, proto_t.login("alice", path).await];
                let by_json = sessions[0].v1.post(path).json(&body).send().await;
                let by_proto = send_proto(&sessions[1].v1, path, encode(message, &proto_body)).await;
                // The fields of the message may have other names.
                if by_json.code() == 1100 {
                    assert_eq!((by_proto.status, by_proto.code()), (by_json.status, 1100), "{path} {name}");
                } else {
                    assert_eq!(by_proto.line(), by_json.line().replace("json", "protobuf"), "{path} {name}");
                }
                failed += usize::from(by_json.code() != 1);
            }
        }
        let none = [
            json_t.anon().post(path).json(&fields).send().await,
            send_proto(&proto_t.anon(), path, encode(message, &fields)).await,
        ];
        assert_eq!(none[0].code() == -101, none[1].code() == -101, "{path} without a token");
    }
    assert!(failed > 100, "{failed} failures");
}

/// The tag of a field.
fn key(number: u32, wire_type: WireType) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(number, wire_type, &mut bytes);
    bytes
}

/// Where each field of a valid message ends.
fn ends(message: &DescriptorProto, body: &Value) -> Vec<usize> {
    let fields = body.as_object().unwrap();
    let mut end = 0;
    let one = |(name, value): (&String, &Value)| encode(message, &json!({name: value})).len();
    fields
        .iter()
        .map(|field| {
            end += one(field);
            end
        })
        .collect()
}

/// Malformed variants of a valid message.
fn malformed(message: &DescriptorProto, body: &Value) -> Vec<(String, Vec<u8>)> {
    let (valid, ends) = (encode(message, body), ends(message, body));
    let mut all: Vec<(String, Vec<u8>)> = (1..valid.len())
        .filter(|length| !ends.contains(length))
        .map(|length| (format!("cut at {length}"), valid[..length].to_vec()))
        .collect();
    for tail in [vec![0xff; 64], vec![0x02, 1, b'x'], vec![0x0f], vec![0x0e], key(60, WireType::EndGroup)] {
        all.push((format!("followed by {tail:?}"), [valid.clone(), tail].concat()));
    }
    for field in &message.field {
        let (name, number) = (field.name(), field.number().unsigned_abs());
        let text = key(number, WireType::LengthDelimited);
        let mut add = |what: &str, parts: &[&[u8]]| all.push((format!("{name}: {what}"), parts.concat()));
        add("a group", &[&key(number, WireType::StartGroup), &key(number, WireType::EndGroup)]);
        add("an open group", &[&key(number, WireType::StartGroup)]);
        add("64 fixed bits", &[&key(number, WireType::SixtyFourBit), &[0; 8]]);
        add("32 fixed bits", &[&key(number, WireType::ThirtyTwoBit), &[0; 4]]);
        add("a length past the end", &[&text, &[200, 1, b'x']]);
        add("a length of 2^63", &[&text, &[0x80; 9], &[1], b"x"]);
        add("a length of 2^64 - 1", &[&text, &[0xff; 9], &[1], b"x"]);
        if field.r#type() == Type::String {
            add("a number", &[&key(number, WireType::Varint), &[1]]);
            add("invalid UTF-8", &[&text, &[2, 0xff, 0xfe]]);
        } else {
            add("a text", &[&text, &[1, b'x']]);
            add("an endless number", &[&key(number, WireType::Varint), &[0xff; 11]]);
        }
    }
    all
}

#[actix_web::test]
async fn malformed_protobuf_is_refused_by_every_operation_and_changes_nothing() {
    let (codes, _) = populated().await;
    for (number, (path, message)) in all().iter().enumerate() {
        let session = codes.t.login("alice", path).await;
        let body = valid(&codes, path, &session, &format!("+49303{number:06}")).await;
        let (before, entries) = (rows(&codes.t).await, stable(codes.t.redis_entries()));
        for (what, bytes) in malformed(message, &body) {
            let res = send_proto(&session.v1, path, bytes).await;
            assert_eq!((res.status.as_u16(), res.code()), (400, 1100), "{path} {what}: {}", res.line());
        }
        assert_same_rows(path, &before, &rows(&codes.t).await);
        assert_eq!(stable(codes.t.redis_entries()), entries, "{path}");
    }
}

#[actix_web::test]
async fn malformed_json_is_refused_by_every_operation_and_changes_nothing() {
    let (codes, _) = populated().await;
    for (number, (path, _)) in all().iter().enumerate() {
        let session = codes.t.login("alice", path).await;
        let body = valid(&codes, path, &session, &format!("+49303{number:06}")).await;
        let before = rows(&codes.t).await;
        let text = body.to_string();
        let (name, _) = body.as_object().unwrap().iter().next().unwrap();
        let mut bodies: Vec<Vec<u8>> = (1..text.len()).map(|length| text.as_bytes()[..length].to_vec()).collect();
        let deep = format!("{}1{}", format!("{{\"{name}\":").repeat(10_000), "}".repeat(10_000));
        bodies.extend([deep.into_bytes(), format!("{{\"{name}\":{}", "[".repeat(100_000)).into_bytes()]);
        for value in ["[]", "{}", "true", "1e400", "1.5", "NaN", "\"\\ud800\"", "'x'", "\"\n\""] {
            bodies.push(format!("{{\"{name}\":{value}}}").into_bytes());
        }
        bodies.extend([format!("{text} x").into_bytes(), format!("{text}{text}").into_bytes()]);
        bodies.push([b"{\"".as_slice(), name.as_bytes(), b"\":\"\xff\"}"].concat());
        for body in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let res = session.v1.post(path).header("content-type", "application/json").body(body).send().await;
            assert_eq!((res.status.as_u16(), res.code()), (400, 1100), "{path} {shown}: {}", res.line());
        }
        assert_same_rows(path, &before, &rows(&codes.t).await);
    }
}

/// Without what every request with a token notes, and what the node notes now and then.
fn stable(mut entries: Vec<String>) -> Vec<String> {
    const NOTES: [&str; 4] = [":presence:", ":online:", ":events:", ":nodes:"];
    entries.retain(|entry| !NOTES.iter().any(|name| entry.contains(name)));
    entries.sort();
    entries
}

#[actix_web::test]
async fn no_damaged_byte_of_a_message_is_an_internal_error_of_any_operation() {
    let (codes, _) = populated().await;
    for (number, (path, message)) in all().iter().enumerate() {
        // Locks and limits of the operation before have ended.
        codes.t.clock.advance(60 * MINUTE_MS);
        let session = codes.t.login("alice", path).await;
        let valid = encode(message, &valid(&codes, path, &session, &format!("+49303{number:06}")).await);
        for at in 0..valid.len() {
            for damage in [0xff, 0x80, 0x01, 0x04] {
                let mut bytes = valid.clone();
                bytes[at] ^= damage;
                let res = send_proto(&session.v1, path, bytes).await;
                assert!(
                    res.status.as_u16() < 500 && [1, -1, -101, 1100].contains(&res.code()),
                    "{path} {at}: {}",
                    res.line()
                );
            }
        }
    }
}
