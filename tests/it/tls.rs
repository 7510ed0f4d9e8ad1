//! TLS on the app and web listeners, with HTTP/1.1 and HTTP/2.

use std::{fs, time::Duration};

use actix_web::rt::{spawn, time::timeout};
use diglot::{config::Flags, transport::pb};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use prost::Message as _;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{client_async, tungstenite};

use crate::support::{Certificate, Node, PASSWORD, Running, Shell, collect, signal};

const PATIENCE: Duration = Duration::from_secs(10);

fn post(path: &str, content_type: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::post(format!("https://localhost{path}")).header("host", "localhost");
    request.header("x-request-id", "7").header("content-type", content_type).body(Full::new(body.into())).unwrap()
}

fn get(path: &str) -> http::request::Builder {
    Request::get(format!("https://localhost{path}")).header("host", "localhost").header("x-request-id", "7")
}

#[actix_web::test]
async fn both_protocols_get_the_same_answers_in_both_encodings() {
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    let alice = running.t.user("alice").await;
    let mut http2 = certificate.http2(running.app).await;

    let login = pb::EmailLoginRequest { email: "alice".into(), password: PASSWORD.into(), ..Default::default() };
    let json = json!({"email": "alice", "password": PASSWORD}).to_string();
    let requests = || {
        [
            post("/v1/user/email-login", "application/x-protobuf", login.encode_to_vec()),
            post("/v1/user/email-login", "application/json", json.clone()),
            get("/v1/user/info").header("token", &alice.token).body(Full::default()).unwrap(),
            get("/v1/user/info").header("accept", "application/json").body(Full::default()).unwrap(),
            get("/none").body(Full::default()).unwrap(),
            get("/v1/user/info").method("HEAD").body(Full::default()).unwrap(),
        ]
    };
    for (over_1, over_2) in requests().into_iter().zip(requests()) {
        let what = format!("{} {}", over_1.method(), over_1.uri());
        let is_login = what.contains("login");
        let (one, two) = (
            certificate.send_http1(running.app, over_1).await,
            collect(http2.send_request(over_2).await.unwrap()).await,
        );
        assert_eq!(one.status(), two.status(), "{what}");
        for name in ["content-type", "content-length", "cache-control", "vary"] {
            assert_eq!(one.headers().get(name), two.headers().get(name), "{name} of {what}");
        }
        assert!(two.headers().contains_key("x-request-id") && !two.headers().contains_key("connection"), "{what}");
        // A login's answer has a new token.
        assert!(one.body() == two.body() || is_login && one.body().len() == two.body().len(), "{what}");
    }
    running.stop().await;
}

#[actix_web::test]
async fn the_authority_of_a_request_selects_the_face_as_a_host_does() {
    let certificate = Certificate::new();
    let running = Running::with(|config| {
        certificate.configure(config);
        config.web_hosts = vec!["web.example".to_owned()];
    })
    .await;
    let mut http2 = certificate.http2(running.app).await;
    for (host, expected) in [("localhost", "application/x-protobuf"), ("web.example", "application/json")] {
        let request = Request::get(format!("https://{host}/v1/user/info")).body(Full::default()).unwrap();
        let answer = collect(http2.send_request(request).await.unwrap()).await;
        assert_eq!(answer.headers()["content-type"], expected, "{host}");
    }
    running.stop().await;
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_and_the_connection_stays() {
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    let mut http2 = certificate.http2(running.app).await;
    let large = post("/v1/user/email-login", "application/json", vec![b' '; 2_000_000]);
    let answer = collect(http2.send_request(large).await.unwrap()).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let answer = collect(http2.send_request(get("/v1/user/info").body(Full::default()).unwrap()).await.unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    running.stop().await;
}

#[actix_web::test]
async fn sockets_work_over_tls() {
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    let alice = running.t.user("alice").await;
    let stream = certificate.connect(running.app, &["http/1.1"]).await.unwrap();
    let (mut socket, _) = client_async("wss://localhost/ws", stream).await.unwrap();
    let login = json!({"seq": 1, "cmd": "login", "data": {"userId": alice.id, "token": alice.token}});
    for command in [login, json!({"seq": "b7", "cmd": "heartbeat", "data": {}})] {
        socket.send(tungstenite::Message::text(command.to_string())).await.unwrap();
    }
    let frame = timeout(PATIENCE, socket.next()).await.expect("an answer").unwrap().unwrap();
    assert_eq!(frame.into_data().as_ref(), b"\x0a\x13\x0a\x02b7\x12\x0dheartbeat_ack");
    running.stop().await;
}

/// HTTP/2 frames with `count` requests, each followed by its cancellation (RFC 9113 §4.1).
fn cancelled_requests(count: u32) -> Vec<u8> {
    /// GET, https, `/` and `localhost` in HPACK (RFC 7541).
    const FIELDS: &[u8] = b"\x82\x87\x84\x41\x09localhost";
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    let settings = frame(4, 0, 0, &[]);
    let streams = (0..count).map(|number| 2 * number + 1);
    let requests = streams
        .flat_map(|stream| [frame(1, 0b101, stream, FIELDS), frame(3, 0, stream, &8_u32.to_be_bytes())].concat());
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".iter().copied().chain(settings).chain(requests).collect()
}

#[actix_web::test]
async fn a_client_that_cancels_its_requests_at_once_is_cut_off() {
    /// `ENHANCE_YOUR_CALM` (RFC 9113 §7).
    const CALM: &[u8] = &[0, 0, 0, 11];
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    let mut stream = certificate.connect(running.app, &["h2"]).await.unwrap();
    // The gateway may close before it has read everything.
    let _ = stream.write_all(&cancelled_requests(10_000)).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
    assert!(answer.windows(CALM.len()).any(|part| part == CALM), "{answer:?}");
    let mut other = certificate.http2(running.app).await;
    let answer = collect(other.send_request(get("/none").body(Full::default()).unwrap()).await.unwrap()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "others are served");
    running.stop().await;
}

#[actix_web::test]
async fn the_number_of_requests_at_once_is_bounded() {
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    let stream = certificate.connect(running.app, &["h2"]).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (answer, _) = client.send_request(get("/none").body(()).unwrap(), true).unwrap();
    answer.await.unwrap();
    assert_eq!(client.current_max_send_streams(), 100);
    running.stop().await;
}

#[actix_web::test]
async fn a_node_that_stops_answers_what_has_begun_and_closes_the_connection() {
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    running.t.user("alice").await;
    let stream = certificate.connect(running.app, &["h2"]).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let ended = spawn(connection);
    let mut client = client.ready().await.unwrap();
    let body = json!({"email": "alice", "password": PASSWORD}).to_string();
    let login = Request::post("https://localhost/v1/user/email-login").header("content-type", "application/json");
    let (answer, mut sending) = client.send_request(login.body(()).unwrap(), false).unwrap();
    let stop = spawn(running.stop());
    sending.send_data(Bytes::from(body), true).unwrap();
    let answer = timeout(PATIENCE, answer).await.expect("an answer").unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop(answer);
    // The node may have closed it before the client said that it ends, too.
    let end = timeout(PATIENCE, ended).await.expect("the end of the connection").unwrap();
    assert!(end.as_ref().err().is_none_or(h2::Error::is_io), "{end:?}");
    timeout(PATIENCE, stop).await.expect("the end of the node").unwrap();
}

#[actix_web::test]
async fn a_client_that_does_not_complete_the_handshake_is_disconnected() {
    let certificate = Certificate::new();
    let running = Running::with(|config| certificate.configure(config)).await;
    let mut stream = TcpStream::connect(running.app).await.unwrap();
    let end = timeout(Duration::from_secs(20), stream.read_to_end(&mut Vec::new())).await.expect("the end");
    assert_eq!(end.unwrap(), 0);
    running.stop().await;
}

#[actix_web::test]
async fn a_reload_replaces_the_certificate_if_it_can_be_used() {
    let (certificate, shell) = (Certificate::new(), Shell::new());
    shell.run(&["app", "create", "default"]);
    let path = |name: &str| certificate.path(name).to_str().unwrap().to_owned();
    let environment = Flags::from([("DIGLOT_TLS_CERT", path("certificate")), ("DIGLOT_TLS_KEY", path("key"))]);
    let node = Node::in_folder(&shell, &[], &environment);
    let address = node.address.parse().unwrap();
    certificate.connect(address, &[]).await.unwrap();

    let (old, other) = (fs::read(path("certificate")).unwrap(), Certificate::new());
    fs::write(path("certificate"), "no certificate").unwrap();
    signal(node.pid(), "HUP");
    node.logged("SIGHUP: the certificate stays the same: DIGLOT_TLS_CERT");
    fs::copy(other.path("certificate"), path("certificate")).unwrap();
    signal(node.pid(), "HUP");
    node.logged("SIGHUP: the certificate stays the same: DIGLOT_TLS_CERT and DIGLOT_TLS_KEY");
    fs::write(path("certificate"), old).unwrap();
    certificate.connect(address, &[]).await.unwrap();

    certificate.renew();
    certificate.connect(address, &[]).await.expect_err("the old one");
    signal(node.pid(), "HUP");
    node.logged("SIGHUP: read the certificate again");
    certificate.connect(address, &[]).await.unwrap();
    node.stop();
}

#[test]
fn a_certificate_that_can_not_be_used_stops_the_start_and_the_doctor_says_so() {
    let (certificate, other, shell) = (Certificate::new(), Certificate::new(), Shell::new());
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    fs::write(certificate.path("empty"), "").unwrap();
    for (cert, key, problem) in [
        (text(certificate.path("none")), text(certificate.path("key")), "DIGLOT_TLS_CERT: "),
        (text(certificate.path("empty")), text(certificate.path("key")), "DIGLOT_TLS_CERT: "),
        (text(certificate.path("certificate")), text(certificate.path("none")), "DIGLOT_TLS_KEY: "),
        (text(certificate.path("certificate")), text(certificate.path("certificate")), "DIGLOT_TLS_KEY: "),
        (text(certificate.path("certificate")), text(other.path("key")), "DIGLOT_TLS_CERT and DIGLOT_TLS_KEY: "),
        (text(certificate.path("certificate")), String::new(), "DIGLOT_TLS_KEY: must be set with DIGLOT_TLS_CERT"),
        (String::new(), text(certificate.path("key")), "DIGLOT_TLS_CERT: must be set with DIGLOT_TLS_KEY"),
    ] {
        for command in ["serve", "doctor"] {
            let mut command = shell.command(&[command, "--database-url", "sqlite:x.db"]);
            let output = command.env("DIGLOT_TLS_CERT", &cert).env("DIGLOT_TLS_KEY", &key).output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!output.status.success() && said.contains(problem), "{cert} {key}: {said}");
        }
    }
}
