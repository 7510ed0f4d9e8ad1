//! The handling of malformed and arbitrary input (security.md 30–35).

use actix_web::http::Method;
use diglot::transport::pb;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use prost::Message as _;
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

const EDIT: &str = "/v1/user/edit-nickname";

#[actix_web::test]
async fn a_request_has_the_same_effect_in_both_encodings() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let nickname = "七色 🌈";

    alice.v1.post(EDIT).json(&json!({"nickname": nickname})).send().await.assert_ok();
    bob.v1.post(EDIT).proto(&pb::EditNicknameRequest { name: nickname.to_owned() }).send().await.assert_ok();

    for user in [&alice, &bob] {
        let proto: pb::InfoResponse = user.v1.get("/v1/user/info").send().await.proto();
        let own = proto.data.unwrap();
        assert_eq!((own.name.as_str(), own.name_id), (nickname, 2));
        let json = user.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
        assert_eq!(json["data"]["user"]["nickname"], nickname);
        assert_eq!(json["data"]["user"]["nicknameId"], 2);
    }
    for name in ["", "a\nb"] {
        let by_json = alice.v1.post(EDIT).json(&json!({"nickname": name})).send().await;
        let by_proto = bob.v1.post(EDIT).proto(&pb::EditNicknameRequest { name: name.to_owned() }).send().await;
        assert_eq!(by_json.code(), 1100);
        assert_eq!(by_json.line().replace("json", "protobuf").replace("nickname", "name"), by_proto.line());
    }
}

#[actix_web::test]
async fn malformed_messages_are_refused_and_change_nothing() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let valid = pb::EditNicknameRequest { name: "Mallory".to_owned() }.encode_to_vec();
    let deep = format!("{}{}", r#"{"nickname":"#.repeat(10_000), "}".repeat(10_000));
    let mut broken: Vec<(&str, Vec<u8>)> = vec![
        ("a length of 2^63", [&[0x1a][..], &[0xff; 9], &[0x01]].concat()),
        ("a length past the end", vec![0x1a, 200, 1, b'x']),
        ("an open group", vec![0x1b, 0x08, 0x01]),
        ("a group as a name", vec![0x1b, 0x1c]),
        ("a number as a name", vec![0x18, 0x05]),
        ("invalid UTF-8", vec![0x1a, 2, 0xff, 0xfe]),
        ("an endless tag", vec![0xff; 64]),
        ("field number 0", vec![0x02, 0x01, b'x']),
        ("deep JSON", deep.into_bytes()),
        ("half an object", br#"{"nickname":"Mal"#.to_vec()),
        ("an object and more", br#"{"nickname":"Mal"} x"#.to_vec()),
        ("a number as a name", br#"{"nickname":5}"#.to_vec()),
        ("a list as a name", br#"{"nickname":["Mal"]}"#.to_vec()),
        ("invalid UTF-8", b"{\"nickname\":\"\xff\"}".to_vec()),
        ("half a surrogate", br#"{"nickname":"\ud800"}"#.to_vec()),
        ("an infinite number", br#"{"nickname":1e400}"#.to_vec()),
        ("no number", br#"{"nickname":NaN}"#.to_vec()),
    ];
    broken.extend((1..valid.len()).map(|length| ("a truncated message", valid[..length].to_vec())));

    for (what, body) in broken {
        let res = alice.v1.post(EDIT).body(body).send().await;
        let line = res.line();
        assert!(line.contains(" | 400 | 1100 | ") || line.contains(" | 200 | 1100 | "), "{what}: {line}");
    }
    let info: pb::InfoResponse = alice.v1.get("/v1/user/info").send().await.proto();
    assert_eq!(info.data.unwrap().name, "alice");
}

#[actix_web::test]
async fn arbitrary_bytes_get_an_envelope() {
    let t = TestApp::new().await;
    let token = t.user("alice").await.token;
    let client = t.anon().header("token", &token);
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let starts = prop_oneof![Just(vec![]), Just(vec![b'{']), Just(vec![0x1a]), Just(b"{\"nickname\":".to_vec())];
    let bodies =
        (starts, proptest::collection::vec(any::<u8>(), 0..200)).prop_map(|(start, rest)| [start, rest].concat());

    for _ in 0..300 {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        let res = client.post(EDIT).body(body.clone()).send().await;
        assert!([1, 1100].contains(&res.code()), "{body:?}: {}", res.line());
    }
}

#[actix_web::test]
async fn ids_may_be_text_or_whole_numbers_and_nothing_else() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let get = |id: String| t.anon().post("/v1/user/get-user").body(format!("{{\"userId\":{id}}}")).send();

    get(alice.id.to_string()).await.assert_line("json | 200 | 1");
    get(format!("\"{}\"", alice.id)).await.assert_line("json | 200 | 1");
    for id in ["1.5", "1e400", "NaN", "true", "[1]", "{}"] {
        let line = get(id.to_owned()).await.line();
        assert!(line.starts_with("json | 400 | 1100 | 请求参数错误: "), "{id}: {line}");
        assert!(!line.contains(id), "{id}: {line}");
    }
    for id in ["\"\"", "null"] {
        assert_eq!(get(id.to_owned()).await.line(), "json | 200 | 1100 | 请求参数错误: id 不能为空", "{id}");
    }
    for id in ["-1", "0", "\"+1\"", "\" 1\"", "\"01\"", "\"1e2\"", "\"1.0\"", "9007199254740992", "\"x\""] {
        assert_eq!(get(id.to_owned()).await.line(), "json | 200 | 1100 | 请求参数错误: id 格式错误", "{id}");
    }
}

#[actix_web::test]
async fn compressed_bodies_are_refused_without_decompression() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for coding in ["gzip", "br", "zstd", "deflate", "x-unknown"] {
        let request = alice.v1.post(EDIT).header("content-encoding", coding).json(&json!({"nickname": "Al"}));
        assert_eq!(request.send().await.line(), "protobuf | 415 | 1100 | 不支持压缩的请求内容", "{coding}");
    }
    let request = alice.v1.post(EDIT).header("content-encoding", "identity").json(&json!({"nickname": "Al"}));
    request.send().await.assert_ok();
}

#[actix_web::test]
async fn compressed_bodies_are_refused_on_every_kind_of_operation_of_the_other_api() {
    let t = TestApp::new().await;
    let (alice, admin) = (t.user("alice").await, t.admin().await);
    let stored = async || (t.rows("users").await, t.rows("settings").await, t.rows("sessions").await);
    let before = stored().await;
    let anon = t.anon().header("app_id", "default");
    let login = json!({"name": "alice", "password": PASSWORD});
    for (client, method, path, body) in [
        (&anon, Method::POST, "/token/user", login),
        (&anon, Method::POST, "/user/register/v2", json!({"username": "bob", "password": PASSWORD})),
        (&alice.admin_api, Method::PUT, "/user/profile", json!({"description": "d"})),
        (&alice.admin_api, Method::PUT, "/user/settings", json!({"user_id": alice.id, "no_push": true})),
        (&alice.admin_api, Method::POST, "/user/avatar", json!({"avatar": "https://x.example/a.png"})),
        (&alice.admin_api, Method::POST, "/user/private", json!({"any": "text"})),
        (&alice.admin_api, Method::POST, "/user/public", json!({"any": "text"})),
        (&alice.admin_api, Method::PUT, "/user/nickname?nick_name=Al", json!({})),
        (&alice.admin_api, Method::POST, "/user/kick", json!({"device_sn": 1})),
        (&admin, Method::PUT, "/user/disable", json!({"list": [alice.id]})),
        (&admin, Method::POST, "/admin/v1/vip/grant", json!({"user_id": alice.id, "days": 1})),
    ] {
        for coding in ["gzip", "br", "x-unknown"] {
            let request = client.request(method.clone(), path).header("content-encoding", coding).json(&body);
            let line = request.send().await.line();
            assert_eq!(line, "json | 415 | 415 | compressed bodies are not supported", "{path} {coding}");
        }
    }
    assert_eq!(stored().await, before);
}

#[actix_web::test]
async fn names_with_control_or_bidirectional_characters_are_refused_with_the_reason() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let rename = |name: String| alice.v1.post(EDIT).json(&json!({"nickname": name})).send();

    for bad in [
        "a\0b",
        "a\nb",
        "a\u{7f}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{2028}b",
        "\u{feff}a",
        "a\u{85}b",
        "a\u{200b}b",
        "\u{3164}",
        "a\u{61c}b",
        "\u{2800}",
        "a\u{ffff}",
        "a\u{e0001}b",
        "\u{180e}",
        "\u{1d173}",
    ] {
        let line = rename(bad.to_owned()).await.line();
        assert_eq!(line, "json | 200 | 1100 | 请求参数错误: nickname 包含不允许的字符", "{bad:?}");
    }
    for long in ["x".repeat(65), "龙".repeat(65), "x".repeat(100_000)] {
        rename(long).await.assert_line("json | 200 | 1100 | 请求参数错误: nickname 过长，最多 64 个字符");
    }
    for blank in ["   ", "\u{200d}\u{fe0f}", "\u{34f}", "\u{e0100}"] {
        rename(blank.to_owned()).await.assert_line("json | 200 | 1100 | 请求参数错误: nickname 不能为空");
    }
    for good in [
        "龙".repeat(64),
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}".to_owned(),
        "👨‍👩‍👧‍👦 family".to_owned(),
        "O'Brien; DROP TABLE users --".to_owned(),
    ] {
        rename(good.clone()).await.assert_ok();
        let info: pb::InfoResponse = alice.v1.get("/v1/user/info").send().await.proto();
        assert_eq!(info.data.unwrap().name, good);
    }
}

#[actix_web::test]
async fn fields_that_the_caller_may_not_set_are_ignored() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let before: pb::InfoResponse = alice.v1.get("/v1/user/info").send().await.proto();

    let body = json!({"nickname": "alice", "coin": 1_000_000, "goldCoinAmount": 5, "isVip": 1, "vipExpiredTime": 9,
        "userId": "99", "id": 99, "appId": "other", "status": 2, "role": "admin"});
    alice.v1.post(EDIT).json(&body).send().await.assert_ok();
    let mut proto = pb::EditNicknameRequest { name: "alice".to_owned() }.encode_to_vec();
    let smuggled = pb::OwnUser { coin: 5.0, is_vip: 1, vip_expired_time: 9, ..Default::default() };
    proto.extend(smuggled.encode_to_vec());
    alice.v1.post(EDIT).body(proto).send().await.assert_ok();

    let after: pb::InfoResponse = alice.v1.get("/v1/user/info").send().await.proto();
    let (before, after) = (before.data.unwrap(), after.data.unwrap());
    assert_eq!(pb::OwnUser { name_id: before.name_id, ..after }, before);
}
