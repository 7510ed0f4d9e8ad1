//! A node that is killed while it works (security.md 43).

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::json;

use crate::support::TestApp;

/// A node in a process of its own, on the database and the state of a test.
struct Node {
    child: Child,
    address: String,
}

impl Node {
    fn start(t: &TestApp) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_diglot"))
            .arg("serve")
            .env_clear()
            .envs(t.environment())
            .envs([("DIGLOT_LISTEN", "127.0.0.1:0"), ("DIGLOT_WEB_LISTEN", ""), ("DIGLOT_OPS_LISTEN", "")])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = log.find(|line| line.contains("listening on")).unwrap();
        let address = line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        // Read on, or the node would wait for someone to.
        thread::spawn(move || log.for_each(drop));
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[actix_web::test]
async fn coins_stay_exact_when_a_node_is_killed_while_they_change() {
    const ROUNDS: usize = 3;
    const CHANGES_A_ROUND: usize = 40;
    let t = TestApp::new().await;
    let (alice, admin_token) = (t.user("alice").await, t.admin_token().await);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    for round in 0..ROUNDS {
        let node = Node::start(&t);
        let until = acknowledged.load(Ordering::Relaxed) + CHANGES_A_ROUND;
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let (acknowledged, token) = (Arc::clone(&acknowledged), admin_token.clone());
                let url = format!("http://{}/admin/v1/coins/adjust", node.address);
                let user = alice.id;
                thread::spawn(move || {
                    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
                    for change in 0.. {
                        let key = format!("{round} {number} {change}");
                        let body =
                            json!({"user_id": user, "amount": 0.01, "typ": 2, "reason": "r", "idempotency_key": key});
                        let request = agent.post(&url).header("app_id", "default").header("access-token", &token);
                        match request.send(body.to_string()) {
                            Ok(answer) if answer.status().is_success() => acknowledged.fetch_add(1, Ordering::Relaxed),
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
    assert!(records >= acknowledged, "{acknowledged} acknowledged, {records} kept");
    assert_eq!(t.number("SELECT coin_cents AS number FROM users WHERE username = 'alice'").await, records);
    let gaps = "SELECT COUNT(*) AS number FROM (SELECT before_cents, LAG(after_cents, 1, CAST(0 AS BIGINT)) \
                OVER (ORDER BY id) AS previous_cents FROM coin_ledger) AS chain WHERE before_cents <> previous_cents";
    assert_eq!(t.number(gaps).await, 0);
}
