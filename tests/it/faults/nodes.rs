//! Two nodes in separate processes: one is killed, and both are restarted one after the other behind a proxy
//! (security.md 48).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use diglot::config::Flags;
use serde_json::json;
use tokio_tungstenite::tungstenite;

use super::{Gateway, balancers::Balancer};
use crate::support::{Node, agent, post};

/// Short, so that the test does not have to wait for long.
const PRESENCE_TTL: Duration = Duration::from_secs(5);

impl Gateway {
    pub(super) fn environment(&self) -> Flags {
        let mut environment = self.t.environment();
        environment.insert("DIGLOT_PRESENCE_TTL_SECS", PRESENCE_TTL.as_secs().to_string());
        environment.insert("DIGLOT_LOG", "warn,diglot=info,access=off".to_owned());
        environment
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn users_of_a_killed_node_go_offline_and_those_of_other_nodes_stay_online() {
    let gateway = Gateway::new().await;
    gateway.t.clock.set_to_now();
    let (a, b) = (Node::start(&gateway.environment()), Node::start(&gateway.environment()));
    let (alice, bob) = (gateway.t.user("alice").await, gateway.t.user("bob").await);
    let connect = |node: &Node, user: &crate::support::User| {
        let mut socket = tungstenite_connect(&node.address);
        let data = json!({"userId": user.id, "token": user.token});
        socket.send(tungstenite::Message::text(json!({"seq": "1", "cmd": "login", "data": data}).to_string())).unwrap();
        socket.send(tungstenite::Message::text(r#"{"seq":"2","cmd":"heartbeat","data":{}}"#)).unwrap();
        assert!(socket.read().unwrap().is_binary());
        socket
    };
    let _sockets = [connect(&a, &alice), connect(&b, &bob)];
    let admin_token = gateway.t.admin_token().await;
    let agent = agent();
    let is_online = |user: i64| {
        let request = agent.get(b.url("/user/online_status")).header("app_id", "default");
        let mut answer =
            request.header("access-token", &admin_token).header("user_id", user.to_string()).call().unwrap();
        answer.body_mut().read_to_string().unwrap().contains("true")
    };
    assert!(is_online(alice.id) && is_online(bob.id));
    a.kill();
    let killed = Instant::now();
    while is_online(alice.id) {
        assert!(killed.elapsed() < 2 * PRESENCE_TTL, "still online");
        assert!(is_online(bob.id));
        thread::sleep(Duration::from_millis(50));
    }
    assert!(is_online(bob.id), "without requests or heartbeats, but with an open socket");
}

fn tungstenite_connect(address: &str) -> tungstenite::WebSocket<std::net::TcpStream> {
    let stream = std::net::TcpStream::connect(address).unwrap();
    tungstenite::client(format!("ws://{address}/ws"), stream).unwrap().0
}

#[actix_web::test]
#[ignore = "needs PostgreSQL, Redis and nginx: run scripts/test"]
async fn a_rolling_restart_behind_a_proxy_fails_none_of_10_000_requests() {
    const REQUESTS: usize = 10_000;
    let gateway = Gateway::new().await;
    gateway.t.clock.set_to_now();
    let mut environment = gateway.environment();
    environment.insert("DIGLOT_TRUSTED_PROXIES", "127.0.0.1".to_owned());
    let mut nodes = [Node::start(&environment), Node::start(&environment)].map(Some);
    let addresses = nodes.each_ref().map(|node| node.as_ref().unwrap().address.clone());
    let nginx = Balancer::nginx(&addresses);
    let users = [gateway.t.user_of_new_app("shop", "alice").await, gateway.t.user_of("shop", "bob").await];
    let (answered, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..4)
        .map(|number| {
            let url = format!("http://{}", nginx.address);
            let token = users[number % 2].token.clone();
            let (answered, is_over) = (Arc::clone(&answered), Arc::clone(&is_over));
            thread::spawn(move || {
                let agent = agent();
                for turn in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let headers = [("token", token.as_str()), ("app_id", "shop")];
                    let (path, body) = if turn % 5 == 0 {
                        ("/v1/user/edit-nickname", json!({"nickname": format!("name {number} {turn}")}))
                    } else {
                        ("/v1/user/get-user-data", json!({}))
                    };
                    let answer = post(&agent, &format!("{url}{path}"), &headers, &body);
                    let (status, json) = answer.expect("an answer");
                    assert_eq!((status, &json["code"]), (200, &json!(1)), "request {turn} of client {number}: {json}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let wait_for = |count: usize| {
        while answered.load(Ordering::Relaxed) < count && !clients.iter().any(thread::JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(5));
        }
    };
    for (turn, node) in [0, 1, 0, 1].into_iter().enumerate() {
        wait_for((turn + 1) * REQUESTS / 5);
        environment.insert("DIGLOT_LISTEN", addresses[node].clone());
        nodes[node].take().unwrap().stop();
        nodes[node] = Some(Node::start(&environment));
    }
    wait_for(REQUESTS);
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    assert!(answered.load(Ordering::Relaxed) >= REQUESTS);
}
