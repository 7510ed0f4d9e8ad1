//! The socket (behaviour.md §4, security.md 7, 21).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::rt::spawn;
use diglot::transport::{Listeners, Server, Stop};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http, protocol::CloseFrame},
};

use crate::support::{PASSWORD, TestApp, User};

/// The maximum time to wait for the gateway, with a margin for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway that listens.
pub struct Node {
    pub t: TestApp,
    pub address: SocketAddr,
    pub stop: Stop,
}

impl Node {
    pub fn start(t: TestApp) -> Self {
        let (address, stop) = listen(&t);
        Self { t, address, stop }
    }

    pub async fn new() -> Self {
        Self::start(TestApp::new().await)
    }

    pub async fn connect(&self) -> Socket {
        self.connect_to("/ws").await
    }

    async fn connect_to(&self, path: &str) -> Socket {
        Socket::open(self.address, path).await
    }

    /// A logged-in socket of a user.
    pub async fn log_in(&self, user: &User) -> Socket {
        let mut socket = self.connect().await;
        socket.log_in(&user.id.to_string(), &user.token).await;
        assert_eq!(socket.heartbeat("1").await, "heartbeat_ack 1");
        socket
    }
}

/// Lets a gateway listen on a port chosen by the system.
pub fn listen(t: &TestApp) -> (SocketAddr, Stop) {
    let mut config = t.gateway.config.clone();
    (config.listen, config.web_listen, config.ops_listen) = (SocketAddr::from(([127, 0, 0, 1], 0)), None, None);
    let listeners = Listeners::bind(&config).unwrap();
    let address = listeners.addresses()[0].1.unwrap();
    let server = Server::start(Arc::clone(&t.gateway), listeners).unwrap();
    let stop = server.stop();
    spawn(server.run(std::future::pending()));
    (address, stop)
}

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(address: SocketAddr, path: &str) -> Self {
        Self(connect_async(format!("ws://{address}{path}")).await.unwrap().0)
    }

    pub async fn send(&mut self, text: String) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn log_in(&mut self, user: &str, token: &str) {
        let data = json!({"userId": user, "token": token, "platform": "windows", "deviceId": "d"});
        self.send(json!({"seq": "0", "cmd": "login", "data": data}).to_string()).await;
    }

    /// The command and seq of the next frame, or the code and reason of the close.
    pub async fn next(&mut self) -> String {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                use prost::Message as _;
                let frame = diglot::transport::pb::SocketFrame::decode(bytes).unwrap();
                let info = frame.info.unwrap();
                format!("{} {}", info.cmd, info.seq)
            }
            Some(Ok(Message::Close(Some(close)))) => format!("{} {}", u16::from(close.code), close.reason),
            other => panic!("{other:?}"),
        }
    }

    fn tcp(&mut self) -> &mut TcpStream {
        let MaybeTlsStream::Plain(stream) = self.0.get_mut() else { panic!("no TLS here") };
        stream
    }

    /// What else arrives on the connection until the gateway closes it.
    async fn rest(&mut self, patience: Duration) -> Vec<u8> {
        let mut rest = Vec::new();
        tokio::time::timeout(patience, self.tcp().read_to_end(&mut rest)).await.unwrap().unwrap();
        rest
    }

    pub async fn heartbeat(&mut self, seq: &str) -> String {
        self.send(json!({"seq": seq, "cmd": "heartbeat", "data": {}}).to_string()).await;
        self.next().await
    }
}

#[actix_web::test]
async fn a_heartbeat_is_answered_with_its_seq_in_protobuf() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let mut socket = node.connect().await;
    // Commands before the login get no answer; ids may be numbers.
    socket.send(json!({"seq": "a", "cmd": "heartbeat", "data": {}}).to_string()).await;
    let data = json!({"userId": alice.id, "token": alice.token});
    socket.send(json!({"seq": 1, "cmd": "login", "data": data}).to_string()).await;
    socket.send(json!({"seq": "b7", "cmd": "heartbeat", "data": {}}).to_string()).await;
    let golden = b"\x0a\x13\x0a\x02b7\x12\x0dheartbeat_ack";
    let frame = tokio::time::timeout(PATIENCE, socket.0.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().as_ref(), golden);
    assert_eq!(socket.heartbeat("c").await, "heartbeat_ack c");
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_failed_login_closes_the_socket_with_its_reason() {
    let node = Node::new().await;
    let (alice, bob) = (node.t.user("alice").await, node.t.user("bob").await);
    let admin_token = node.t.admin_token().await;
    let ended = node.t.login("bob", "other").await;
    ended.v1.post("/v1/user/logout").send().await.assert_ok();
    for (user, token) in [
        (alice.id.to_string(), "nonsense".to_owned()),
        (bob.id.to_string(), alice.token.clone()),
        ("x".to_owned(), alice.token.clone()),
        (bob.id.to_string(), ended.token.clone()),
        (alice.id.to_string(), admin_token),
        (alice.id.to_string(), String::new()),
    ] {
        let mut socket = node.connect().await;
        socket.log_in(&user, &token).await;
        assert_eq!(socket.next().await, "4001 login failed", "{user}");
    }
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn every_end_of_a_session_closes_its_socket_at_once() {
    let node = Node::new().await;
    let admin = node.t.admin().await;
    for (number, path) in
        ["logout", "kick", "disable", "by hand", "password", "remove", "delete", "replaced"].iter().enumerate()
    {
        let name = format!("user_{number}");
        let alice = node.t.user(&name).await;
        let mut socket = node.log_in(&alice).await;
        let acting = admin.clone().header("user_id", &alice.id.to_string());
        let res = match *path {
            "logout" => alice.v1.post("/v1/user/logout").send().await,
            "kick" => acting.post("/user/kick").send().await,
            "disable" => admin.put("/user/disable").json(&json!({"list": [alice.id]})).send().await,
            "by hand" => {
                node.t.execute(&format!("UPDATE users SET status = 1 WHERE id = {}", alice.id)).await.unwrap();
                admin.get("/user/list").send().await
            }
            "password" => acting.post("/user/change_password_admin").json(&json!({"password": "another"})).send().await,
            "remove" => acting.post("/user/device/remove?device_sn=1").send().await,
            "delete" => acting.post("/user/delete").send().await,
            _ => {
                let body = json!({"name": name, "password": PASSWORD, "device_guid": format!("{name}'s phone")});
                node.t.anon().header("app_id", "default").post("/token/user").json(&body).send().await
            }
        };
        res.assert_ok();
        assert_eq!(socket.next().await, "4002 session ended", "{path}");
    }
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_kick_on_one_node_closes_the_socket_on_another() {
    let node = Node::new().await;
    let other = Node::start(node.t.another_node().await);
    let alice = node.t.user("alice").await;
    let mut socket = other.log_in(&alice).await;
    alice.admin_api.post("/user/kick").send().await.assert_ok();
    assert_eq!(socket.next().await, "4002 session ended");
    node.stop.gracefully().await;
    other.stop.gracefully().await;
}

#[actix_web::test]
async fn an_expired_session_closes_its_socket() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let mut socket = node.log_in(&alice).await;
    node.t.clock.advance(181 * crate::support::DAY_MS);
    // Both deadlines have passed, and either may be checked first.
    let end = socket.next().await;
    assert!(["4002 session ended", "4004 no heartbeat in time"].contains(&end.as_str()), "{end}");
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_device_keeps_the_first_platform_that_it_reports() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let platform = async || alice.admin_api.get("/user/device/list").send().await.json()["data"][0]["platform"].clone();
    assert_eq!(platform().await, json!(0));
    node.log_in(&alice).await;
    assert_eq!(platform().await, json!(3));
    let mut socket = node.connect().await;
    let data = json!({"userId": alice.id, "token": alice.token, "platform": "web"});
    socket.send(json!({"seq": "1", "cmd": "login", "data": data}).to_string()).await;
    assert_eq!(socket.heartbeat("2").await, "heartbeat_ack 2");
    assert_eq!(platform().await, json!(3));
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_slow_reader_is_disconnected() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4096).unwrap();
    let stream = tcp.connect(node.address).await.unwrap();
    let (mut socket, _) = client_async(format!("ws://{}/ws", node.address), stream).await.unwrap();
    let login = json!({"seq": "0", "cmd": "login", "data": {"userId": alice.id, "token": alice.token}});
    socket.send(Message::text(login.to_string())).await.unwrap();
    // Each is acknowledged with its seq, which the client never reads.
    let heartbeat = json!({"seq": "x".repeat(7000), "cmd": "heartbeat", "data": {}}).to_string();
    let flood = async { while socket.send(Message::text(heartbeat.clone())).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flood).await.unwrap();
    assert!(node.t.gateway.sockets.identities().is_empty());
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_malformed_command_closes_the_socket() {
    let node = Node::new().await;
    for (message, reason) in [
        (Message::text("nonsense"), "4000 malformed command"),
        (Message::binary(vec![1, 2, 3]), "1003 text frames of at most 8 KiB only"),
        (Message::text("x".repeat(9 * 1024)), "1003 text frames of at most 8 KiB only"),
    ] {
        let mut socket = node.connect().await;
        socket.0.send(message).await.unwrap();
        assert_eq!(socket.next().await, reason);
    }
    // An oversized frame is refused by its declared length, without waiting for its bytes.
    let mut socket = node.connect().await;
    socket.tcp().write_all(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, b'{']).await.unwrap();
    assert_eq!(socket.next().await, "1003 text frames of at most 8 KiB only");
    let mut socket = node.connect().await;
    node.t.clock.advance(10_000);
    assert_eq!(socket.next().await, "4003 no login in time");
    node.stop.gracefully().await;
}

/// Less than what a client that does not answer is given.
const AT_ONCE: Duration = Duration::from_secs(2);

#[actix_web::test]
async fn a_close_is_answered_with_its_code_and_closes_the_connection_at_once() {
    let node = Node::new().await;
    for code in [Some(1000), Some(1001), Some(4321), None] {
        let mut socket = node.connect().await;
        let frame = code.map(|code: u16| CloseFrame { code: code.into(), reason: "bye".into() });
        socket.0.send(Message::Close(frame)).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, socket.0.next()).await.unwrap();
        let Some(Ok(Message::Close(answer))) = answer else { panic!("{answer:?}") };
        assert_eq!(answer.map(|frame| u16::from(frame.code)), code);
        assert!(socket.rest(AT_ONCE).await.is_empty());
    }
    // A code that no endpoint may send.
    let mut socket = node.connect().await;
    socket.tcp().write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed]).await.unwrap();
    assert_eq!(socket.next().await, "1003 text frames of at most 8 KiB only");
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn the_gateway_closes_the_connection_once_its_close_is_answered_and_does_not_wait_long_for_it() {
    let node = Node::new().await;
    let mut socket = node.connect().await;
    socket.log_in("1", "nonsense").await;
    assert_eq!(socket.next().await, "4001 login failed");
    socket.0.flush().await.unwrap();
    assert!(socket.rest(AT_ONCE).await.is_empty());

    let mut silent = node.connect().await;
    silent.log_in("1", "nonsense").await;
    assert_eq!(silent.rest(PATIENCE).await, b"\x88\x0e\x0f\xa1login failed");
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn unknown_origins_and_excess_connections_of_a_source_are_refused() {
    let t = TestApp::with(|config| {
        config.reloadable.cors_origins = vec!["https://chat.example".to_owned()];
        config.reloadable.sockets_per_source = 1;
    })
    .await;
    let node = Node::start(t);
    let connect = async |origin: &str| {
        let mut request = format!("ws://{}/ws", node.address).into_client_request().unwrap();
        request.headers_mut().insert("origin", http::HeaderValue::from_str(origin).unwrap());
        connect_async(request).await.map(|(socket, _)| socket)
    };
    assert!(connect("https://evil.example").await.is_err());
    let socket = connect("https://chat.example").await.unwrap();
    assert!(connect("https://chat.example").await.is_err(), "one socket a source");
    drop(socket);
    let res = node.t.anon().get("/ws").send().await;
    res.assert_line("json | 426 | 426 | a WebSocket handshake is required");
    node.stop.gracefully().await;
}

#[actix_web::test]
async fn a_node_that_stops_notifies_its_clients() {
    let node = Node::new().await;
    let alice = node.t.user("alice").await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(node.log_in(&alice).await);
    }
    let stop = spawn(async move { node.stop.gracefully().await });
    for socket in &mut sockets {
        assert_eq!(socket.next().await, "1001 server is going away");
    }
    stop.await.unwrap();
}

#[actix_web::test]
async fn a_browser_names_the_tenant_in_the_query_or_in_the_login() {
    let node = Node::new().await;
    let alice = node.t.user_of_new_app("shop", "alice").await;
    let id = alice.id.to_string();
    let mut by_query = node.connect_to("/ws?app_id=shop").await;
    by_query.log_in(&id, &alice.token).await;
    assert_eq!(by_query.heartbeat("1").await, "heartbeat_ack 1");
    let login = |app: &str| {
        let data = json!({"userId": id, "token": alice.token, "app_id": app});
        json!({"seq": "0", "cmd": "login", "data": data}).to_string()
    };
    let mut by_login = node.connect().await;
    by_login.send(login("shop")).await;
    assert_eq!(by_login.heartbeat("2").await, "heartbeat_ack 2");
    for app in ["default", "nowhere", "not an id!"] {
        let mut other = node.connect().await;
        other.send(login(app)).await;
        assert_eq!(other.next().await, "4001 login failed", "{app}");
    }
    node.stop.gracefully().await;
}
