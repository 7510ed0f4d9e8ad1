//! Nodes that are killed during writes (security.md 43, 44).

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Backend, Node, PASSWORD, Shell, TestApp, agent, post};

#[actix_web::test]
async fn coin_balances_stay_exact_when_a_node_is_killed_during_changes() {
    const ROUNDS: usize = 3;
    const CHANGES_A_ROUND: usize = 40;
    let t = TestApp::new().await;
    let (alice, admin_token) = (t.user("alice").await, t.admin_token().await);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    for round in 0..ROUNDS {
        let node = Node::start(&t.environment());
        let until = acknowledged.load(Ordering::Relaxed) + CHANGES_A_ROUND;
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (acknowledged, token) = (Arc::clone(&acknowledged), admin_token.clone());
                let (url, user) = (node.url("/admin/v1/coins/adjust"), alice.id);
                thread::spawn(move || {
                    let agent = agent();
                    for change in 0.. {
                        let key = format!("{round} {number} {change}");
                        let body =
                            json!({"user_id": user, "amount": 0.01, "typ": 2, "reason": "r", "idempotency_key": key});
                        let headers = [("app_id", "default"), ("access-token", token.as_str())];
                        match post(&agent, &url, &headers, &body) {
                            Some((200, answer)) if answer["code"] == 200 => {
                                acknowledged.fetch_add(1, Ordering::Relaxed)
                            }
                            _ => return,
                        };
                    }
                })
            })
            .collect();
        while acknowledged.load(Ordering::Relaxed) < until && clients.iter().any(|client| !client.is_finished()) {
            thread::yield_now();
        }
        node.kill();
        for client in clients {
            client.join().unwrap();
        }
    }

    let acknowledged = i64::try_from(acknowledged.load(Ordering::Relaxed)).unwrap();
    assert!(acknowledged >= i64::try_from(ROUNDS * CHANGES_A_ROUND).unwrap(), "{acknowledged}");
    let records = t.number("SELECT COUNT(*) AS number FROM coin_ledger").await;
    assert!(records >= acknowledged, "{acknowledged} acknowledged, {records} stored");
    assert_eq!(t.number("SELECT coin_cents AS number FROM users WHERE username = 'alice'").await, records);
    let gaps = "SELECT COUNT(*) AS number FROM (SELECT before_cents, LAG(after_cents, 1, CAST(0 AS BIGINT)) \
                OVER (ORDER BY id) AS previous_cents FROM coin_ledger) AS chain WHERE before_cents <> previous_cents";
    assert_eq!(t.number(gaps).await, 0);
}

/// A client with an account of its own, which it renames and gives coins, in turn.
struct Writer {
    agent: ureq::Agent,
    user: i64,
    token: String,
    admin_token: String,
    /// The name that was sent last, and the one that was acknowledged last.
    sent: String,
    name: String,
    /// The idempotency keys that were acknowledged since the last check, with their records.
    records: Vec<(String, Value)>,
}

impl Writer {
    fn new(node: &Node, name: &str, admin_token: &str) -> Self {
        let (agent, app) = (agent(), [("app_id", "default")]);
        let send = |path: &str, body: &Value| post(&agent, &node.url(path), &app, body).unwrap().1["data"].clone();
        send("/user/register/v2", &json!({"username": name, "password": PASSWORD}));
        let login = send("/token/user", &json!({"name": name, "password": PASSWORD}));
        let (user, token) = (login["user_id"].as_i64().unwrap(), login["token"].as_str().unwrap().to_owned());
        let (name, admin_token) = (name.to_owned(), admin_token.to_owned());
        Self { agent, user, token, admin_token, sent: name.clone(), name, records: Vec::new() }
    }

    /// Adds coins under this idempotency key; the record, if it was acknowledged.
    fn add_coin(&self, node: &str, key: &str) -> Option<Value> {
        let body = json!({"user_id": self.user, "amount": 0.01, "typ": 2, "reason": "r", "idempotency_key": key});
        let headers = [("app_id", "default"), ("access-token", self.admin_token.as_str())];
        let (_, answer) = post(&self.agent, &format!("{node}/admin/v1/coins/adjust"), &headers, &body)?;
        (answer["code"] == 200).then(|| answer["data"].clone())
    }

    /// Writes until the node does not acknowledge any more.
    fn write(&mut self, node: &str, round: usize, acknowledged: &AtomicUsize) {
        let edit = format!("{node}/v1/user/edit-nickname");
        for turn in 0.. {
            self.sent = format!("{} {round} {turn}", self.user);
            match post(&self.agent, &edit, &[("token", &self.token)], &json!({"nickname": self.sent})) {
                Some((200, answer)) if answer["code"] == 1 => self.name.clone_from(&self.sent),
                _ => return,
            }
            let key = self.sent.clone();
            let Some(record) = self.add_coin(node, &key) else { return };
            self.records.push((key, record));
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Checks on a new node that everything that was acknowledged is there.
    fn check(&mut self, node: &Node) {
        let get_user = json!({"userId": self.user.to_string()});
        let (_, answer) = post(&self.agent, &node.url("/v1/user/get-user"), &[], &get_user).unwrap();
        let name = answer["data"]["user"]["nickname"].as_str().unwrap();
        // A write that was not acknowledged may have been committed.
        assert!(name == self.sent || name == self.name, "{name} is neither {} nor {}", self.sent, self.name);
        for (key, record) in mem::take(&mut self.records) {
            assert_eq!(self.add_coin(&node.url(""), &key), Some(record), "{key}");
        }
    }
}

#[actix_web::test]
async fn fifty_kills_lose_no_acknowledged_write_and_no_session() {
    const ROUNDS: usize = 50;
    const CLIENTS: usize = 6;
    // Only the nodes use the database, so that each recovers it after the last process that had it open was killed.
    let backend = Backend::new();
    let shell = Shell::with(backend.environment());
    shell.run(&["app", "create", "default"]);
    let admin_token = shell.run(&["admin-token", "create", "--app", "default", "--name", "crash"]).trim().to_owned();
    let mut node = Node::start(&backend.environment());
    let writers = (0..CLIENTS).map(|number| Writer::new(&node, &format!("user{number}"), &admin_token));
    let mut writers: Vec<Writer> = writers.collect();
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let threads = writers.drain(..).map(|mut writer| {
            let (url, acknowledged) = (node.url(""), Arc::clone(&acknowledged));
            thread::spawn(move || {
                writer.write(&url, round, &acknowledged);
                writer
            })
        });
        let threads: Vec<_> = threads.collect();
        while acknowledged.load(Ordering::Relaxed) < 2 * CLIENTS && !threads.iter().any(JoinHandle::is_finished) {
            thread::yield_now();
        }
        node.kill();
        writers = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(acknowledged.load(Ordering::Relaxed) >= 2 * CLIENTS, "the sessions are still live in round {round}");
        node = Node::start(&backend.environment());
        slowest = slowest.max(node.started_in);
        for writer in &mut writers {
            writer.check(&node);
        }
    }
    node.stop();
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
