//! Redis down at the start or later, emptied, frozen and full (security.md 46, 47): sessions, logins and kicks still
//! work, presence is degraded and says so, captchas and codes answer 503.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;

use super::Gateway;
use crate::{
    sockets::Node,
    support::{PASSWORD, Proxy, User, within_a_second},
};

impl Gateway {
    /// Checks everything that must work, and quickly, whatever the state of Redis.
    async fn works(&self, name: &str) -> User {
        let started = Instant::now();
        let user = self.t.user(name).await;
        user.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | 1");
        let other = self.t.login(name, "other").await;
        other.admin_api.post("/user/kick?device_sn=1").send().await.assert_ok();
        user.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
        let body = json!({"name": name, "password": "wrong"});
        let wrong = self.t.anon().header("app_id", "default").post("/token/user").json(&body).send().await;
        assert_eq!(wrong.code(), 402);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        other
    }

    async fn is_degraded(&self, user: &User) -> bool {
        let res = user.admin_api.get("/user/online_status").send().await.json();
        assert_eq!(res["data"]["online"], true, "it has just sent a request");
        res["data"]["degraded"] == true
    }

    async fn captcha_status(&self) -> u16 {
        self.t.web().post("/v1/user/captcha").send().await.status.as_u16()
    }

    async fn recovers(&self, name: &str) {
        within_a_second(async || self.captcha_status().await == 200).await;
        let user = self.works(name).await;
        assert!(!self.is_degraded(&user).await);
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn without_redis_the_essentials_work_and_the_rest_reports_it() {
    let mut gateway = Gateway::new().await;
    let before = gateway.works("before").await;
    assert!(!gateway.is_degraded(&before).await);
    gateway.redis.kill();
    before.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | 1");
    let during = gateway.works("during").await;
    assert!(gateway.is_degraded(&during).await);
    assert_eq!(gateway.captcha_status().await, 503);
    // A node that starts while Redis is down.
    let other = gateway.t.another_node().await;
    other.anon().get("/v1/user/info").header("token", &during.token).send().await.assert_line("protobuf | 200 | 1");
    gateway.redis.start_again();
    gateway.recovers("after").await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn an_emptied_redis_logs_nobody_out() {
    let gateway = Gateway::new().await;
    let alice = gateway.works("alice").await;
    let client = redis::Client::open(format!("redis://{}", gateway.redis.address)).unwrap();
    let node = Node::start(gateway.t.another_node().await);
    let _socket = node.log_in(&alice).await;
    redis::cmd("FLUSHALL").exec(&mut client.get_connection().unwrap()).unwrap();
    alice.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | 1");
    let online = node.t.anon().header("app_id", "default").header("access-token", &alice.token);
    let online = online.get("/user/online_status").send().await.json();
    assert_eq!(online["data"], json!({"online": true}), "the socket is open");
    gateway.recovers("bob").await;
    node.stop.gracefully().await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_frozen_redis_delays_no_request() {
    let gateway = Gateway::new().await;
    gateway.works("before").await;
    gateway.redis.freeze();
    let during = gateway.works("during").await;
    assert!(gateway.is_degraded(&during).await);
    assert_eq!(gateway.captcha_status().await, 503);
    let started = Instant::now();
    for _ in 0..200 {
        during.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | 1");
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    gateway.redis.thaw();
    gateway.recovers("after").await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_full_redis_is_handled_like_an_unavailable_one() {
    let gateway = Gateway::new().await;
    let client = redis::Client::open(format!("redis://{}", gateway.redis.address)).unwrap();
    let set = |bytes: &str| {
        let mut connection = client.get_connection().unwrap();
        redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).exec(&mut connection).unwrap();
    };
    set("1");
    let during = gateway.works("during").await;
    assert!(gateway.is_degraded(&during).await);
    assert_eq!(gateway.captcha_status().await, 503);
    set("0");
    gateway.recovers("after").await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn silent_connections_to_redis_are_replaced() {
    let gateway = Gateway::new().await;
    let proxy = Proxy::start(gateway.redis.address);
    let mut config = gateway.t.gateway.config.clone();
    config.redis_url = Some(format!("redis://{}", proxy.address()).parse().unwrap());
    let node = gateway.t.node_with(config).await;
    let captcha = async || node.web().post("/v1/user/captcha").send().await.status.as_u16();
    assert_eq!(captcha().await, 200);
    proxy.go_silent();
    assert_eq!(captcha().await, 503);
    proxy.pass_again();
    let started = Instant::now();
    while captcha().await != 200 {
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_restarted_redis_is_used_at_once() {
    let mut gateway = Gateway::new().await;
    assert_eq!(gateway.captcha_status().await, 200);
    gateway.redis.kill();
    gateway.redis.start_again();
    // The subscription detects the restart without any request.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(1) {
        tokio::task::yield_now().await;
    }
    for _ in 0..8 {
        assert_eq!(gateway.captcha_status().await, 200);
    }
}

/// The commands that a Redis gets.
struct Commands {
    lines: BufReader<TcpStream>,
    asked: u32,
}

impl Commands {
    fn watch(address: &str) -> Self {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(b"MONITOR\r\n").unwrap();
        Self { lines: BufReader::new(connection), asked: 0 }
    }

    /// The number of commands since the last call that contain all of `words`.
    fn count(&mut self, words: &[&str]) -> usize {
        self.asked += 1;
        let mark = format!("mark-{}", self.asked);
        let mut connection = TcpStream::connect(self.lines.get_ref().peer_addr().unwrap()).unwrap();
        connection.write_all(format!("ECHO {mark}\r\n").as_bytes()).unwrap();
        let (mut found, mut line) = (0, String::new());
        while !line.contains(&mark) {
            found += usize::from(words.iter().all(|word| line.contains(word)));
            line.clear();
            self.lines.read_line(&mut line).unwrap();
        }
        found
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn many_requests_of_a_device_write_its_presence_once_per_interval() {
    let gateway = Gateway::new().await;
    let mut commands = Commands::watch(&gateway.redis.address.to_string());
    let alice = gateway.t.user("alice").await;
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    let mut writes = 0;
    commands.count(&["\"ZADD\"", ":presence:"]);
    for (seconds, expected) in [(0, 0), (10, 0), (10, 1), (10, 1), (10, 2)] {
        gateway.t.clock.advance(seconds * 1000);
        for _ in 0..20 {
            alice.v1.get("/v1/user/info").send().await.assert_ok();
        }
        writes += commands.count(&["\"ZADD\"", ":presence:"]);
        assert_eq!(writes, expected);
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn failed_logins_are_counted_while_redis_is_down() {
    let mut gateway = Gateway::new().await;
    gateway.t.user("alice").await;
    gateway.redis.kill();
    let login = async |password: &str| {
        let body = json!({"name": "alice", "password": password});
        gateway.t.anon().header("app_id", "default").post("/token/user").json(&body).send().await.line()
    };
    for _ in 0..5 {
        assert!(login("wrong").await.contains("wrong name or password"));
    }
    assert!(login(PASSWORD).await.contains("too many failed logins"));
}
