//! Protobuf requests and answers, built and read from the facts only, without the messages in `proto/`.

use diglot::clock::Clock as _;
use serde_json::{Map, Value, json};

use super::{Operation, facts, new_mobile, operations, populated};
use crate::support::{Client, CodeApp, DAY_MS, Request, Res, TestApp, User};

const NAME: &str = "七色 🌈";
const AVATAR: &str = "https://x.example/a.png";

/// Takes a variable-length number off the start of a message.
fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
        shift += 7;
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

/// The value of a field, which must be of the documented type on the wire.
fn value(messages: &Value, kind: &Value, wire_type: u64, bytes: &mut &[u8]) -> Value {
    match (kind.as_str().unwrap_or_default(), wire_type) {
        ("uint64", 0) => json!(varint(bytes)),
        ("int32", 0) => json!(i32::try_from(varint(bytes).cast_signed()).unwrap()),
        ("double", 1) => json!(f64::from_le_bytes(take(bytes, 8).try_into().unwrap())),
        (name, 2) => {
            let length = usize::try_from(varint(bytes)).unwrap();
            let content = take(bytes, length);
            match kind.as_object().or(messages[name].as_object()) {
                Some(fields) => decode(messages, fields, content),
                None if name == "string" => json!(std::str::from_utf8(content).unwrap()),
                None => panic!("{kind} as bytes"),
            }
        }
        (kind, wire_type) => panic!("{kind} with wire type {wire_type}"),
    }
}

/// The documented fields of a message, by their documented names; further ones are passed over.
fn decode(messages: &Value, fields: &Map<String, Value>, mut bytes: &[u8]) -> Value {
    let mut shown = json!({});
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (number, wire_type) = (key >> 3, key & 7);
        let Some(field) = fields.get(&number.to_string()) else {
            match wire_type {
                0 => drop(varint(&mut bytes)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).unwrap();
                    take(&mut bytes, length);
                }
                other => panic!("{number} with wire type {other}"),
            }
            continue;
        };
        let name = field[0].as_str().unwrap();
        let repeated = field[1].as_str().and_then(|kind| kind.strip_prefix("repeated "));
        if let Some(kind) = repeated {
            let item = value(messages, &json!(kind), wire_type, &mut bytes);
            match shown[name].as_array_mut() {
                Some(items) => items.push(item),
                None => shown[name] = json!([item]),
            }
        } else {
            shown[name] = value(messages, &field[1], wire_type, &mut bytes);
        }
    }
    shown
}

/// An answer in protobuf, as the facts describe it.
#[track_caller]
fn shown(operation: &Operation, res: &Res) -> Value {
    assert_eq!(
        (res.status.as_u16(), res.header("content-type")),
        (200, "application/x-protobuf"),
        "{}",
        operation.path
    );
    decode(&facts()["messages"], operation.facts["proto_response"].as_object().unwrap(), &res.body)
}

/// The documented request, whose fields are all texts.
fn request(client: &Client, operation: &Operation, user: &User) -> Request {
    let mut body = Vec::new();
    for (number, field) in operation.facts["proto_request"].as_object().into_iter().flatten() {
        let id = user.id.to_string();
        let text = match field[0].as_str().unwrap() {
            "id" => id.as_str(),
            "name" => NAME,
            "url" => AVATAR,
            other => panic!("{other}"),
        };
        assert_eq!(field[1], "string");
        body.extend([number.parse::<u8>().unwrap() << 3 | 2, u8::try_from(text.len()).unwrap()]);
        body.extend(text.as_bytes());
    }
    client.request(operation.method.clone(), &operation.path).body(body)
}

/// Native to protobuf; changes come first, so that the others show them.
fn native() -> Vec<Operation> {
    let mut native: Vec<_> = operations().into_iter().filter(|operation| operation.native == "protobuf").collect();
    native.sort_by_key(|operation| !operation.path.contains("/edit-"));
    assert_eq!(native.len(), 5);
    native
}

/// Gives a user a value in every field of the documented messages; the values without the ones of [`request`].
async fn complete(codes: &CodeApp, user: &User, viewer: &User) -> Map<String, Value> {
    let (phone, email) = (new_mobile(), "alice@mail.example");
    let ban_time = codes.t.clock.now_ms() / 1000 + 500;
    let personal = json!({"introduction": "hi", "gender": 3, "birthday": 1_231_231_230, "province": "北京市",
        "city": "北京城区", "district": "东城区"});
    let remark = json!({"friendId": user.id, "name": "Al", "phone": "123", "others": "[]"});
    for (client, path, body) in [
        (&user.v1, "bing-phone", json!({"phone": phone, "captcha": codes.sms_code(&user.v1, &phone).await})),
        (&user.v1, "bing-email", json!({"email": email, "captcha": codes.mail_code(&user.v1, email, "").await})),
        (&user.v1, "save-user-data", personal),
        (&viewer.v1, "save-user-remarks", remark),
    ] {
        client.post(&format!("/v1/user/{path}")).json(&body).send().await.assert_line("json | 200 | 1");
    }
    let ban = json!({"user_id": user.id, "reason": "spam", "until": ban_time});
    codes.t.admin().await.post("/admin/v1/bans/set").json(&ban).send().await.assert_ok();
    let own = user.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    let values = json!({"phone": phone, "email": email, "ban_time": ban_time,
        "invitation_code": own["data"]["user"]["invitationCode"]});
    values.as_object().unwrap().clone()
}

/// The documented answer, in which no field has the value that protobuf leaves out.
fn expected(operation: &Operation, user: &User, values: &Map<String, Value>) -> Value {
    let status = json!({"number": 77, "code": 1, "msg": "success"});
    let medal = json!([{"id": 1, "name": "m", "sort": 3}]);
    match operation.path.as_str() {
        "/v1/user/edit-nickname" | "/v1/user/edit-avatar" => json!({"status": status}),
        "/v1/user/medal" => json!({"status": status, "medal": medal}),
        "/v1/user/info" => json!({"status": status, "data": {
            "id": user.id.to_string(), "name": NAME, "avatar_url": AVATAR, "avatar_id": 1, "phone": values["phone"],
            "email": values["email"], "coin": 2.5, "is_vip": 1, "vip_expired_time": values["vip_expired_time"],
            "invitation_code": values["invitation_code"],
        }}),
        "/v1/user/get-user" => json!({"status": status, "data": {
            "id": user.id.to_string(), "name": NAME, "name_id": 2, "avatar_url": AVATAR, "avatar_id": 1,
            "medal": medal, "register_time": "2026-01-02 11:05:05", "ban_time": values["ban_time"], "online_day": 1,
            "continuous_online_day": 1, "is_vip": 1, "vip_expired_time": values["vip_expired_time"],
            "remark_info": {"remark_name": "Al", "phone_number": "123", "extra_remark": "[]"},
            "profile_info": {"last_active_time": "2026-01-02 11:05:05", "introduction": "hi", "gender": 3,
                "birthday_timestamp": 1_231_231_230, "city": "北京城区", "district": "东城区",
                "address": "北京市北京城区东城区"},
        }}),
        other => panic!("{other}"),
    }
}

/// Whether a message has every field of the facts.
fn assert_complete(messages: &Value, fields: &Map<String, Value>, shown: &Value) {
    for field in fields.values() {
        let (name, kind) = (field[0].as_str().unwrap(), field[1].as_str().unwrap_or_default());
        let kind = kind.trim_start_matches("repeated ");
        let value = shown.get(name).unwrap_or_else(|| panic!("{name} is missing in {shown}"));
        if let Some(nested) = field[1].as_object().or(messages[kind].as_object()) {
            for item in value.as_array().unwrap_or(&vec![value.clone()]) {
                assert_complete(messages, nested, item);
            }
        }
    }
}

#[actix_web::test]
async fn every_protobuf_native_operation_takes_protobuf_and_answers_every_documented_field() {
    let (codes, alice) = populated().await;
    let viewer = codes.t.user("viewer").await;
    let mut values = complete(&codes, &alice, &viewer).await;
    values.insert("vip_expired_time".to_owned(), json!((codes.t.clock.now_ms() + DAY_MS) / 1000));
    for operation in native() {
        let client = if operation.path.ends_with("/get-user") { &viewer.v1 } else { &alice.v1 };
        // The content type of a protobuf request is not reliable (behaviour.md §1).
        for kind in ["application/x-protobuf", "application/octet-stream", "application/json", ""] {
            let mut request = request(client, &operation, &alice).header("x-request-id", "77");
            if !kind.is_empty() {
                request = request.header("content-type", kind);
            }
            let shown = shown(&operation, &request.send().await);
            assert_eq!(shown, expected(&operation, &alice, &values), "{} {kind}", operation.path);
            assert_complete(&facts()["messages"], operation.facts["proto_response"].as_object().unwrap(), &shown);
        }
    }
}

#[actix_web::test]
async fn a_protobuf_request_that_is_refused_gets_the_documented_status_and_nothing_else() {
    let t = TestApp::new().await;
    let (alice, stranger) = (t.user("alice").await, t.user_of_new_app("other", "stranger").await);
    for operation in native() {
        let (client, code, msg) = if operation.needs_token {
            (t.anon(), -101, "未登录")
        } else {
            (stranger.v1.clone(), -1, "该用户不存在")
        };
        let res = request(&client, &operation, &alice).header("x-request-id", "78").send().await;
        let expected = json!({"status": {"number": 78, "code": code, "msg": msg}});
        assert_eq!(shown(&operation, &res), expected, "{}", operation.path);
    }
}
