//! Behaviour that needs real connections, and the headers and envelope of every answer.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    rt::{net::TcpStream, spawn},
    web::Bytes,
};
use diglot::transport::{Listeners, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Running, TestApp, get, raw, status};

#[actix_web::test]
async fn every_listener_has_its_own_routes() {
    let running = Running::start().await;
    let (app, web, ops) = (running.app, running.web, running.ops);

    for path in ["/healthz", "/readyz", "/version"] {
        assert_eq!(status(&get(ops, path).await), "200", "{path}");
        assert_eq!(status(&get(app, path).await), "404", "{path}");
        assert_eq!(status(&get(web, path).await), "404", "{path}");
    }
    for (address, path) in [(ops, "/readyz"), (ops, "/version"), (app, "/v1/user/info"), (app, "/user/list")] {
        let request = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = raw(address, request.as_bytes()).await;
        assert_eq!(status(&answer), "200", "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "HEAD has no body: {answer}");
    }
    for (address, expected) in [(app, "200"), (web, "404"), (ops, "404")] {
        assert_eq!(status(&get(address, "/user/list").await), expected, "{address}");
    }
    for (address, expected) in [(app, "200"), (web, "200"), (ops, "404")] {
        assert_eq!(status(&get(address, "/v1/user/info").await), expected, "{address}");
    }
    assert!(get(app, "/v1/user/info").await.contains("application/x-protobuf"));
    assert!(get(web, "/v1/user/info").await.contains("application/json"));
    running.stop().await;
}

#[actix_web::test]
async fn a_body_over_256_kib_is_413_even_if_chunked() {
    let running = Running::start().await;
    let head = "POST /v1/user/email-login HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let start = br#"{"email":""#;
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();

    let mut sized = format!("{head}content-length: 400000\r\n\r\n").into_bytes();
    sized.extend(start);
    sized.resize(sized.len() + 400_000 - start.len(), b'x');
    let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    chunked.extend(chunk(start));
    (0..40).for_each(|_| chunked.extend(chunk(&[b'x'; 10_000])));
    chunked.extend(chunk(b""));
    for request in [sized, chunked] {
        let answer = raw(running.app, &request).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains(r#"{"code":1100,"msg":"#), "{answer}");
    }
    running.stop().await;
}

#[actix_web::test]
async fn a_body_of_256_kib_is_read() {
    let t = TestApp::new().await;
    let (front, back) = (r#"{"email":"a","password":"b","more":""#, r#""}"#);
    let fill = |length: usize| [front, &"x".repeat(length - front.len() - back.len()), back].concat();

    let send = |length: usize| t.anon().post("/v1/user/email-login").body(fill(length)).send();
    assert_eq!(send(256 * 1024).await.line(), "json | 200 | -1 | 账号或密码错误");
    assert_eq!(send(256 * 1024 + 1).await.status, 413);
}

#[actix_web::test]
async fn an_incomplete_body_times_out_within_30_seconds() {
    let t = TestApp::new().await;
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let drops = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok(Bytes::from_static(b"{")), ()))
    });

    let res = t.anon().post("/v1/user/email-login").send_stream(drops).await;
    assert_eq!(res.line(), "json | 408 | -1 | 请求超时");
    let elapsed = started.elapsed().as_secs();
    assert!((10..30).contains(&elapsed), "{elapsed} s");
}

#[actix_web::test]
async fn an_upgrade_request_is_answered_at_once() {
    let running = Running::start().await;
    let upgrade = "HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n";

    let get = raw(running.app, format!("GET /v1/user/info {upgrade}\r\n").as_bytes()).await;
    let body = r#"{"userId":"1"}"#;
    let head = format!("POST /v1/user/get-user {upgrade}content-length: {}\r\n\r\n", body.len());
    let post = [head.as_bytes(), body.as_bytes()].concat();
    assert_eq!(status(&get), "200");
    let answer = raw(running.app, &post).await;
    assert!(answer.contains("该用户不存在"), "{answer}");
    running.stop().await;
}

#[actix_web::test]
async fn stopping_fails_readiness_and_lets_running_requests_finish() {
    let running = Running::start().await;
    let mut slow = TcpStream::connect(running.app).await.unwrap();
    slow.write_all(b"POST /v1/user/email-login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{").await.unwrap();
    get(running.ops, "/healthz").await;

    let stop = running.stop.clone();
    let stopping = spawn(async move { stop.gracefully().await });
    actix_web::rt::task::yield_now().await;
    let ready = get(running.ops, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains(r#""ready":false,"database":"up""#), "{ready}");
    // Clients are asked to open a new connection for their next request.
    let mut kept = TcpStream::connect(running.app).await.unwrap();
    kept.write_all(b"GET /v1/user/info HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    kept.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("connection: close"));
    slow.write_all(b"}").await.unwrap();
    let mut answer = vec![0; 1024];
    let length = slow.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stopping.await.unwrap();
    assert!(TcpStream::connect(running.app).await.is_err());
}

#[actix_web::test]
async fn readiness_needs_the_database() {
    let running = Running::start().await;
    let ready = get(running.ops, "/readyz").await;
    assert!(ready.contains(r#"{"ready":true,"database":"up","state":"up"}"#), "{ready}");
    running.stop().await;

    let port_0 = SocketAddr::from(([127, 0, 0, 1], 0));
    let t = TestApp::new().await;
    let mut config = t.gateway.config.clone();
    config.database_url = "postgres://127.0.0.1:1/nothing".parse().unwrap();
    (config.listen, config.web_listen, config.ops_listen) = (port_0, None, Some(port_0));
    let lost = t.node_with(config).await;
    let listeners = Listeners::bind(&lost.gateway.config).unwrap();
    let [app, _, ops] = listeners.addresses().map(|(_, address)| address);
    let server = Server::start(Arc::clone(&lost.gateway), listeners).unwrap();
    let stop = server.stop();
    spawn(server.run(std::future::pending()));
    let ready = get(ops.unwrap(), "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains(r#""database":"down""#), "{ready}");
    let answer = get(app.unwrap(), "/v1/user/get-user").await;
    assert_eq!(status(&answer), "405");
    let res = lost.anon().post("/v1/user/get-user").json(&json!({"userId": 1})).send().await;
    res.assert_line("json | 503 | -1 | 服务暂时不可用，请稍后再试");
    assert_eq!(res.header("retry-after"), "1");
    stop.gracefully().await;
}

#[actix_web::test]
async fn every_answer_has_a_request_id_and_is_not_cacheable() {
    let t = TestApp::new().await;

    for (sent, kept) in
        [("abc-1.2_3", true), ("", false), ("a b", false), ("x\u{e9}", false), (&*"x".repeat(65), false)]
    {
        let res = t.anon().get("/v1/user/info").header("x-request-id", sent).send().await;
        let id = res.header("x-request-id");
        assert_eq!(id == sent, kept, "{sent}: {id}");
        assert!(!id.is_empty());
        assert_eq!(res.header("cache-control"), "no-store");
        assert_eq!(res.header("x-content-type-options"), "nosniff");
    }
    let mut numbers = std::collections::BTreeSet::new();
    for id in ["12", "abc", "abd", "9007199254740992", "0", "-5", ""] {
        let res = t.anon().get("/v1/user/info").header("x-request-id", id).send().await;
        let number = res.proto::<diglot::transport::pb::StatusResponse>().status.unwrap().number;
        assert!((1..1 << 53).contains(&number), "{id}: {number}");
        assert_eq!(number == 12, id == "12");
        assert!(numbers.insert(number), "{number} twice");
    }
}

#[actix_web::test]
async fn texts_come_in_the_language_of_the_caller() {
    let t = TestApp::new().await;
    let v1 = |language: &str| t.anon().get("/v1/user/info").header("accept-language", language).send();
    let admin = |language: &str| t.anon().get("/user/list").header("accept-language", language).send();

    for (language, expected) in [
        ("en-US,en;q=0.9", "not logged in"),
        ("en;q=0.2, zh;q=0.8", "未登录"),
        ("zh;q=0.2, en;q=0.8", "not logged in"),
        ("fr, *;q=0.1", "未登录"),
        ("", "未登录"),
    ] {
        assert!(v1(language).await.line().ends_with(expected), "{language}");
    }
    admin("fr").await.assert_line("json | 200 | 40000 | app_id missing");
    admin("zh-CN,zh;q=0.9").await.assert_line("json | 200 | 40000 | 缺少 app_id");
}

#[actix_web::test]
async fn a_strict_caller_gets_plain_http_statuses_in_the_same_envelope() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let strict = |client: &crate::support::Client| client.clone().header("prefer", "respond-async, handling=strict");

    let anon = strict(&t.anon());
    let cases = [
        (anon.get("/v1/user/info").send().await, "protobuf | 401 | -101 | 未登录"),
        (anon.get("/user/list").send().await, "json | 422 | 40000 | app_id missing"),
        (strict(&alice.admin_api).get("/user/list").send().await, "json | 403 | 10010 | no permission"),
        (
            strict(&admin).get("/user/profile").header("user_id", "999").send().await,
            "json | 404 | 10000 | user does not exist",
        ),
        (
            strict(&admin).put("/user/disable").body("{").send().await,
            "json | 400 | 10002 | invalid request parameter: the body is not a JSON object, at line 1 column 1",
        ),
    ];
    for (res, expected) in cases {
        res.assert_line(expected);
        assert_eq!(res.header("preference-applied"), "handling=strict");
    }
    let body = json!({"username": "alice", "password": "x"});
    let res = anon.post("/user/register/v2").header("app_id", "default").json(&body).send().await;
    res.assert_line("json | 409 | 10004 | user already exists");
    let res = admin.clone().header("prefer", "handling=lenient").get("/user/profile").send().await;
    assert_eq!((res.status.as_u16(), res.header("preference-applied")), (200, ""));
}

#[actix_web::test]
async fn answers_are_compressed_on_request_and_if_large_enough() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let list: Vec<_> = (0..50).map(|n| json!({"username": format!("user{n}"), "password": "x"})).collect();
    admin.post("/user/register/batch").json(&json!({"list": list})).send().await.assert_ok();

    for coding in ["gzip", "br"] {
        let res = admin.get("/user/list").header("accept-encoding", coding).send().await;
        assert_eq!(res.header("content-encoding"), coding);
        assert!(res.body.len() < 1000, "{coding}: {}", res.body.len());
    }
    for coding in ["", "identity", "gzip;q=0", "x-unknown"] {
        let res = admin.get("/user/list").header("accept-encoding", coding).send().await;
        assert_eq!(res.header("content-encoding"), "", "{coding}");
        res.assert_ok();
    }
    let small = admin.get("/user/list?page_size=1").header("accept-encoding", "gzip").send().await;
    assert_eq!(small.header("content-encoding"), "");
}

#[actix_web::test]
async fn only_pages_of_configured_origins_may_call() {
    let t = TestApp::with(|config| config.reloadable.cors_origins = vec!["https://chat.example".to_owned()]).await;
    let preflight = |origin: &str, header: &str| {
        let method: actix_web::http::Method = "OPTIONS".parse().unwrap();
        t.web()
            .request(method, "/v1/user/edit-nickname")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", header)
            .send()
    };

    for header in ["token", "app_id,access-token", "user_id,group_id,content-type", "accept-language,x-request-id"] {
        let res = preflight("https://chat.example", header).await;
        assert_eq!(res.header("access-control-allow-origin"), "https://chat.example", "{header}");
        assert_eq!(res.header("access-control-allow-credentials"), "");
        assert_eq!(res.header("access-control-max-age"), "3600");
        assert!(res.header("access-control-allow-methods").contains("POST"));
    }
    assert_eq!(preflight("https://evil.example", "token").await.header("access-control-allow-origin"), "");
    let res = t.web().get("/v1/user/info").header("origin", "https://chat.example").send().await;
    assert_eq!(res.header("access-control-allow-origin"), "https://chat.example");
    res.assert_line("json | 200 | -101 | 未登录");
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_reported_in_the_envelope() {
    let t = TestApp::new().await;

    t.anon().get("/").send().await.assert_line("json | 404 | 404 | no such path");
    t.anon().get("/user/nothing").send().await.assert_line("json | 404 | 404 | no such path");
    let res = t.anon().get("/user/disable").send().await;
    res.assert_line("json | 405 | 405 | method not allowed");
    assert_eq!(res.header("allow"), "PUT");
}
