//! The encodings of requests and their answers: behaviour.md §1 as tables.

use diglot::transport::pb;
use prost::Message as _;
use serde_json::json;

use crate::support::{Client, PASSWORD, Res, TestApp};

const JSON_TYPES: [&str; 6] = [
    "",
    "application/json",
    "application/json; charset=utf-8",
    "text/plain;charset=UTF-8",
    "application/octet-stream",
    "application/x-protobuf",
];
const PROTOBUF_NAMES: [&str; 3] = ["application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf"];

fn rename_proto(name: &str) -> Vec<u8> {
    pb::EditNicknameRequest { name: name.to_owned() }.encode_to_vec()
}

fn login_proto() -> Vec<u8> {
    let login =
        pb::EmailLoginRequest { email: "alice".to_owned(), password: PASSWORD.to_owned(), ..Default::default() };
    login.encode_to_vec()
}

fn login_json() -> String {
    json!({"email": "alice", "password": PASSWORD}).to_string()
}

async fn send(client: &Client, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Res {
    let request = client.post(path).body(body.into());
    let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
    request.send().await
}

#[actix_web::test]
async fn a_body_that_starts_like_json_is_json_regardless_of_its_declared_type() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for content_type in JSON_TYPES.into_iter().chain(PROTOBUF_NAMES) {
        let res = send(&alice.v1, "/v1/user/edit-nickname", content_type, r#"{"nickname":"Al"}"#).await;
        assert_eq!(res.line(), "json | 200 | 1", "{content_type}");
        let res = send(&t.anon(), "/v1/user/email-login", content_type, login_json()).await;
        assert_eq!(res.line(), "json | 200 | 1", "{content_type}");
    }
}

#[actix_web::test]
async fn white_space_before_json_is_skipped_unless_protobuf_is_declared() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let body = " \r\n\t{\"nickname\":\"Al\"}";

    for content_type in ["", "application/json", "text/plain;charset=UTF-8", "application/octet-stream"] {
        let res = send(&alice.v1, "/v1/user/edit-nickname", content_type, body).await;
        assert_eq!(res.line(), "json | 200 | 1", "{content_type}");
    }
    for content_type in PROTOBUF_NAMES {
        let res = send(&alice.v1, "/v1/user/edit-nickname", content_type, body).await;
        assert_eq!(res.line(), "protobuf | 400 | 1100 | 请求参数错误", "{content_type}");
    }
}

#[actix_web::test]
async fn protobuf_is_read_on_protobuf_routes_regardless_of_its_declared_type() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for content_type in JSON_TYPES.into_iter().chain(PROTOBUF_NAMES) {
        let res = send(&alice.v1, "/v1/user/edit-nickname", content_type, rename_proto("Al")).await;
        assert_eq!(res.line(), "protobuf | 200 | 1", "{content_type}");
    }
}

#[actix_web::test]
async fn protobuf_is_read_on_json_routes_only_when_declared() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();

    for content_type in PROTOBUF_NAMES.into_iter().chain(["APPLICATION/X-Protobuf; v=1"]) {
        let res = send(&t.anon(), "/v1/user/email-login", content_type, login_proto()).await;
        assert_eq!(res.line(), "protobuf | 200 | 1", "{content_type}");
        assert_eq!(res.proto::<pb::LoginResponse>().token.len(), 36);
    }
    for content_type in ["", "application/json", "text/plain", "application/octet-stream"] {
        let res = send(&t.anon(), "/v1/user/email-login", content_type, login_proto()).await;
        assert_eq!(res.line(), "json | 400 | 1100 | 请求参数错误", "{content_type}");
    }
}

#[actix_web::test]
async fn an_empty_body_is_the_empty_message() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for content_type in JSON_TYPES.into_iter().chain(PROTOBUF_NAMES).chain(["application/x-www-form-urlencoded"]) {
        let res = send(&alice.v1, "/v1/user/edit-nickname", content_type, "").await;
        assert_eq!(res.line(), "protobuf | 200 | 1100 | 请求参数错误: name 不能为空", "{content_type}");
    }
    send(&alice.v1, "/v1/user/logout", "application/json", "{}").await.assert_line("json | 200 | 1");
}

#[actix_web::test]
async fn an_unsupported_content_type_is_refused_regardless_of_the_bytes() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for content_type in ["image/png", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"] {
        for body in [rename_proto("Al"), b"{\"nickname\":\"Al\"}".to_vec()] {
            let res = send(&alice.v1, "/v1/user/edit-nickname", content_type, body).await;
            assert_eq!(res.line(), "protobuf | 415 | 1100 | 不支持的内容类型", "{content_type}");
        }
    }
    let res = alice.v1.get("/v1/user/info").header("content-type", "image/png").send().await;
    res.assert_line("protobuf | 200 | 1");
}

#[actix_web::test]
async fn unknown_keys_and_fields_are_ignored() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    let json = r#"{"nickname":"Al","coin":5,"more":{"deep":[1,2]}}"#;
    send(&alice.v1, "/v1/user/edit-nickname", "application/json", json).await.assert_ok();
    let mut proto = rename_proto("Al");
    proto.extend([0x0a, 1, b'x', 0x78, 5]);
    send(&alice.v1, "/v1/user/edit-nickname", "", proto).await.assert_ok();
}

#[actix_web::test]
async fn json_accepts_every_documented_name_of_a_field() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for (index, key) in ["nickname", "name"].into_iter().enumerate() {
        let body = json!({key: format!("name {index}")});
        alice.v1.post("/v1/user/edit-nickname").json(&body).send().await.assert_ok();
    }
    for body in [json!({"userId": alice.id}), json!({"id": alice.id.to_string()})] {
        let res = t.anon().post("/v1/user/get-user").json(&body).send().await;
        assert_eq!(res.json()["data"]["user"]["nickname"], "name 1");
    }
    let both = json!({"userId": null, "id": alice.id.to_string(), "user_id": "77"});
    let res = t.anon().post("/v1/user/get-user").json(&both).send().await;
    assert_eq!(res.json()["data"]["user"]["nickname"], "name 1");
    let both = json!({"nickname": "documented", "name": "other"});
    alice.v1.post("/v1/user/edit-nickname").json(&both).send().await.assert_ok();
    let info = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await;
    assert_eq!(info.json()["data"]["user"]["nickname"], "documented");
    for key in ["device-id", "deviceId", "device_id"] {
        let session = t.login("alice", "laptop").await;
        session.v1.post("/v1/user/logout").json(&json!({key: "laptop"})).send().await.assert_ok();
    }
}

/// Requests and the encodings of their answers. The documented encoding of the routes `info` and `edit` is protobuf,
/// that of `login` and `logout` JSON.
const ANSWERS: &str = "
    Accept                                                | face | body     | route  | answer
    # One encoding has the higher quality.
    application/json                                      | app  | protobuf | edit   | json
    application/json                                      | app  | none     | info   | json
    application/x-protobuf                                | web  | json     | edit   | protobuf
    application/x-protobuf                                | web  | none     | info   | protobuf
    application/protobuf                                  | web  | none     | info   | protobuf
    application/vnd.google.protobuf                       | web  | json     | login  | protobuf
    application/json;q=0.5, application/x-protobuf;q=0.8  | web  | json     | edit   | protobuf
    application/json;q=0.9, application/x-protobuf;q=0.8  | app  | protobuf | edit   | json
    application/*;q=0.3, application/json;q=0.2           | web  | none     | info   | protobuf
    application/*;q=0.3, application/protobuf;q=0.2       | app  | none     | info   | json
    */*;q=0.1, application/json                           | app  | none     | info   | json
    text/html, image/gif, *; q=.2, */*; q=.2              | app  | none     | info   | protobuf
    application/json;q=0, */*                             | web  | json     | edit   | protobuf
    APPLICATION/JSON                                      | app  | none     | info   | json
    # Equal quality: the encoding of the body. axios accepts JSON by name and protobuf by */*, both with quality 1.
    -                                                     | app  | json     | edit   | json
    */*                                                   | app  | json     | edit   | json
    application/*                                         | web  | protobuf | edit   | protobuf
    -                                                     | web  | protobuf | edit   | protobuf
    -                                                     | app  | protobuf | login  | protobuf
    application/json, application/x-protobuf              | app  | json     | edit   | json
    application/json, text/plain, */*                     | app  | protobuf | edit   | protobuf
    application/json, text/plain, */*                     | app  | json     | edit   | json
    # Equal quality and no body: the face decides.
    -                                                     | app  | none     | info   | protobuf
    */*                                                   | app  | none     | info   | protobuf
    application/json, text/plain, */*                     | app  | none     | info   | protobuf
    -                                                     | app  | none     | logout | json
    -                                                     | web  | none     | info   | json
    */*                                                   | web  | none     | info   | json
    # A malformed range is ignored.
    nonsense                                              | app  | none     | info   | protobuf
    application/json;q=2                                  | web  | none     | info   | json";

#[actix_web::test]
async fn the_answer_is_in_the_encoding_that_the_client_prefers() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let rows: Vec<&str> = ANSWERS.lines().skip(2).filter(|line| !line.trim_start().starts_with('#')).collect();
    assert_eq!(rows.len(), 30);

    for row in rows {
        let [accept, face, body, route, answer] = row.split('|').map(str::trim).collect::<Vec<_>>().try_into().unwrap();
        let token = t.login("alice", "other").await.token;
        let client = if face == "app" { t.anon() } else { t.web() }.header("token", &token);
        let request = match (route, body) {
            ("info", _) => client.get("/v1/user/info"),
            ("logout", _) => client.post("/v1/user/logout"),
            ("edit", "protobuf") => client.post("/v1/user/edit-nickname").body(rename_proto("Al")),
            ("edit", _) => client.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})),
            (_, "json") => client.post("/v1/user/email-login").body(login_json()),
            (_, _) => {
                let request = client.post("/v1/user/email-login").header("content-type", PROTOBUF_NAMES[0]);
                request.body(login_proto())
            }
        };
        let request = if accept == "-" { request } else { request.header("accept", accept) };
        let res = request.send().await;
        assert_eq!(res.line(), format!("{answer} | 200 | 1"), "{row}");
        let mut names = res.headers.get_all("vary").flat_map(|value| value.to_str().unwrap().split(", "));
        assert!(names.any(|name| name == "Accept"), "{row}");
    }
}

#[actix_web::test]
async fn neither_encoding_acceptable_is_406_and_changes_nothing() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for accept in ["text/html", "application/json;q=0, application/x-protobuf;q=0", "image/*", "*/*;q=0"] {
        let request = alice.v1.post("/v1/user/edit-nickname").header("accept", accept).body(rename_proto("Al"));
        assert_eq!(request.send().await.line(), "protobuf | 406 | -1 | 仅支持 JSON 与 protobuf", "{accept}");
    }
    let info = alice.v1.get("/v1/user/info").send().await.proto::<pb::InfoResponse>();
    assert_eq!(info.data.unwrap().name, "alice");
}

#[actix_web::test]
async fn errors_have_the_encoding_that_a_success_would_have_had() {
    let t = TestApp::new().await;
    let edit = "/v1/user/edit-nickname";
    let long = "x".repeat(300 * 1024);

    for (client, native) in [(t.anon(), "protobuf"), (t.web(), "json")] {
        let no_token = |encoding: &str| format!("{encoding} | 200 | -101 | 未登录");
        client.post(edit).body(rename_proto("Al")).send().await.assert_line(&no_token("protobuf"));
        client.post(edit).json(&json!({"nickname": "Al"})).send().await.assert_line(&no_token("json"));
        client.post(edit).send().await.assert_line(&no_token(native));
        client.get("/v1/user/info").send().await.assert_line(&no_token(native));
        let res = client.get("/v1/user/info").header("accept", "application/json").send().await;
        res.assert_line(&no_token("json"));
        let res = client.post("/v1/user/info").send().await;
        res.assert_line(&format!("{native} | 405 | -1 | 不支持该请求方法"));
        assert_eq!(res.header("allow"), "GET");
        client.get("/v1/user/nothing").send().await.assert_line("json | 404 | -1 | 接口不存在");
        let res = client.get("/v1/user/nothing").header("accept", PROTOBUF_NAMES[0]).send().await;
        res.assert_line("protobuf | 404 | -1 | 接口不存在");
        let res = client.post(edit).json(&json!({"nickname": long})).send().await;
        res.assert_line("json | 413 | 1100 | 请求内容过大");
        let res = client.post(edit).body([&[0x1a, 0xff, 0xff, 0x7f], long.as_bytes()].concat()).send().await;
        res.assert_line("protobuf | 413 | 1100 | 请求内容过大");
    }
}

#[actix_web::test]
async fn a_configured_host_name_is_the_web_face_on_every_listener() {
    let t = TestApp::with(|config| config.web_hosts = vec!["web.example".to_owned()]).await;
    let alice = t.user("alice").await;

    for host in ["web.example", "WEB.example:8080"] {
        let res = alice.v1.get("/v1/user/info").header("host", host).send().await;
        assert_eq!(res.line(), "json | 200 | 1", "{host}");
    }
    let res = alice.v1.get("/v1/user/info").header("host", "app.example").send().await;
    res.assert_line("protobuf | 200 | 1");
}

#[actix_web::test]
async fn null_is_an_absent_body_on_every_route() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for (path, line) in [
        ("/v1/user/edit-nickname", "1100"),
        ("/v1/user/get-user-data", "1"),
        ("/v1/user/save-user-data", "1"),
        ("/v1/user/medal", "1"),
    ] {
        for body in ["null", " null\n"] {
            let res = alice.v1.post(path).header("accept", "application/json").body(body).send().await;
            assert_eq!(res.json()["code"].to_string(), line, "{path}");
        }
    }
}

#[actix_web::test]
async fn white_space_in_accept_is_optional() {
    let t = TestApp::new().await;
    for (accept, encoding) in [
        ("application/json ;q=0.5 , application/x-protobuf ; q = 1", "protobuf"),
        ("application/json\t;\tq=1,application/x-protobuf;\tq=0.1", "json"),
        ("application/x-protobuf ; q=0 , */* ; q=0.1", "json"),
    ] {
        let res = t.anon().get("/v1/user/info").header("accept", accept).send().await;
        assert_eq!(res.line().split(' ').next(), Some(encoding), "{accept}");
    }
}

#[actix_web::test]
async fn a_refusal_names_the_field_as_the_request_has_it() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let too_long = "x".repeat(5000);
    let name = pb::EditNicknameRequest { name: too_long.clone() }.encode_to_vec();
    let url = pb::EditAvatarRequest { url: "ftp://x".to_owned() }.encode_to_vec();
    for (path, protobuf, field, json, json_field) in [
        ("/v1/user/edit-nickname", name, "name", json!({"nickname": too_long}), "nickname"),
        ("/v1/user/edit-avatar", url, "url", json!({"avatarUrl": "ftp://x"}), "avatarUrl"),
    ] {
        let accept = |client: Client| client.header("accept", "application/json");
        let res = accept(alice.v1.clone()).post(path).body(protobuf).send().await;
        assert!(res.line().contains(&format!("请求参数错误: {field} ")), "{}", res.line());
        let res = accept(alice.v1.clone()).post(path).json(&json).send().await;
        assert!(res.line().contains(&format!("请求参数错误: {json_field} ")), "{}", res.line());
    }
}
