//! Connections as hostile, slow and unusual clients use them (security.md 33).

use std::time::Duration;

use actix_web::rt::{net::TcpStream, spawn};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{interval, timeout},
};

use crate::support::{Running, get, raw, status};

const REQUEST: &str = "GET /v1/user/info HTTP/1.1\r\nhost: x\r\n\r\n";

/// What a client sends: one part after the other, and then the last again and again, each after an answer or 200 ms.
struct Shape {
    name: &'static str,
    parts: Vec<String>,
    drip: &'static str,
    expected: &'static str,
}

fn shapes() -> Vec<Shape> {
    let post = |path: &str, length: &str| format!("POST {path} HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n");
    let chunked = |path: &str| format!("{}5\r\n{{\"a\":\r\n", post(path, "transfer-encoding: chunked"));
    let half = "GET /v1/user/info HTTP/1.1\r\nho".to_owned();
    let shape = |name, parts, drip, expected| Shape { name, parts, drip, expected };
    vec![
        shape("a first head that stalls", vec![half.clone()], "", "408"),
        shape("a second head that stalls", vec![REQUEST.to_owned(), half.clone()], "", "200 408"),
        shape("a second head in the same segment", vec![format!("{REQUEST}{half}")], "", "200 "),
        shape("a second head that drips", vec![REQUEST.to_owned(), half], "s", "200 408"),
        shape("bare line ends", vec![REQUEST.to_owned()], "\r\n", "200 408"),
        shape("a body that stalls", vec![chunked("/v1/user/email-login")], "", "408"),
        shape("a body that drips", vec![chunked("/v1/user/email-login")], "1\r\n1\r\n", "408"),
        shape("a body that no route reads", vec![chunked("/none")], "", "404"),
        shape("a body that no route reads and that goes on", vec![chunked("/none")], "1\r\n1\r\n", "404"),
        shape("a long body that goes on", vec![post("/none", "content-length: 999999")], "1", "404"),
    ]
}

/// The statuses that the client receives until the gateway closes its connection.
async fn received(mut stream: TcpStream, shape: &Shape) -> String {
    let (mut reader, mut writer) = stream.split();
    let (mut answers, mut chunk) = (Vec::new(), [0; 4096]);
    let mut ticks = interval(Duration::from_millis(200));
    let mut parts = shape.parts.iter();
    loop {
        tokio::select! {
            read = reader.read(&mut chunk) => match read {
                Ok(0) | Err(_) => break,
                Ok(length) => answers.extend_from_slice(&chunk[..length]),
            },
            _ = ticks.tick() => {
                let sent = parts.next().map_or(shape.drip, String::as_str);
                // Refused once the gateway has closed the connection.
                let _ = writer.write_all(sent.as_bytes()).await;
            }
        }
    }
    let answers = String::from_utf8_lossy(&answers).into_owned();
    answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn a_connection_ends_within_30_seconds_whatever_it_waits_for() {
    let running = Running::start().await;
    let shapes = shapes();
    let all = shapes.iter().map(|shape| async {
        let stream = TcpStream::connect(running.app).await.unwrap();
        let received = timeout(Duration::from_secs(30), received(stream, shape)).await;
        let received = received.unwrap_or_else(|_| panic!("{} is still open", shape.name));
        assert!(received.starts_with(shape.expected.trim()), "{}: {received}", shape.name);
    });
    join_all(all).await;
    running.stop().await;
}

#[actix_web::test]
async fn five_hundred_stalled_connections_leave_normal_traffic_and_ops_unharmed() {
    let running = Running::with(|config| config.reloadable.connections_per_source = Some(100)).await;
    let mut stalled = Vec::new();
    for number in 0..500 {
        let stream = TcpStream::connect(running.app).await.unwrap();
        stalled.push(spawn(async move {
            let shapes = shapes();
            timeout(Duration::from_secs(40), received(stream, &shapes[number % shapes.len()])).await.is_ok()
        }));
    }

    for _ in 0..50 {
        for (address, path) in
            [(running.app, "/v1/user/info"), (running.web, "/v1/user/info"), (running.ops, "/readyz")]
        {
            let answer = timeout(Duration::from_secs(5), get(address, path)).await.expect("an answer");
            assert_eq!(status(&answer), "200", "{answer}");
        }
    }
    assert!(join_all(stalled).await.into_iter().all(Result::unwrap), "all are closed in the end");
    running.stop().await;
}

#[actix_web::test]
async fn a_connection_over_the_bound_replaces_the_one_that_waited_longest_but_none_that_is_busy() {
    let running = Running::with(|config| config.reloadable.connections_per_source = Some(2)).await;
    let socket = || async { tokio_tungstenite::connect_async(format!("ws://{}/ws", running.app)).await };

    let first = socket().await.unwrap();
    let mut idle = TcpStream::connect(running.app).await.unwrap();
    idle.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    let second = socket().await.unwrap();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(10), idle.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
    assert!(socket().await.is_err(), "two sockets are busy");
    drop((first, second));
    running.stop().await;
}

#[actix_web::test]
async fn a_trusted_proxy_has_any_number_of_connections() {
    let running = Running::with(|config| {
        config.reloadable.connections_per_source = Some(1);
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut connections = Vec::new();
    for _ in 0..5 {
        let mut connection = TcpStream::connect(running.app).await.unwrap();
        connection.write_all(REQUEST.as_bytes()).await.unwrap();
        connections.push(connection);
    }
    for connection in &mut connections {
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    running.stop().await;
}

#[actix_web::test]
async fn a_request_that_is_refused_by_its_head_is_not_asked_for_its_body() {
    let running = Running::start().await;
    let ask = |path: &str, length: usize| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n")
    };

    for (path, length, expected) in [("/v1/user/email-login", 300_000, "413"), ("/none", 10, "404")] {
        let answer = raw(running.app, ask(path, length).as_bytes()).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
    let body = br#"{"userId":"1"}"#;
    let mut stream = TcpStream::connect(running.web).await.unwrap();
    for _ in 0..2 {
        stream.write_all(ask("/v1/user/get-user", body.len()).as_bytes()).await.unwrap();
        let mut answer = [0; 25];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(body).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("该用户不存在"), "{answer}");
    }
    running.stop().await;
}

#[actix_web::test]
async fn a_connection_is_kept_after_an_ignored_upgrade_and_after_a_small_body_that_no_route_reads() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.app).await.unwrap();
    let requests = [
        ("GET /v1/user/info HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\r\n", "200"),
        ("POST /none HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}", "404"),
        ("POST /none HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "404"),
    ];
    for (request, expected) in requests.iter().chain(&requests) {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert_eq!(status(&answer), *expected, "{request}: {answer}");
        assert!(!answer.contains("connection:"), "{answer}");
    }
    running.stop().await;
}

#[actix_web::test]
async fn connect_is_not_allowed_and_ends_the_connection() {
    let running = Running::start().await;
    for address in [running.app, running.web] {
        let answer = raw(address, b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n").await;
        assert_eq!(status(&answer), "405", "{answer}");
    }
    running.stop().await;
}
