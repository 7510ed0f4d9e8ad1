//! Nodes that are killed during writes (security.md 43, 44).

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::json;

use crate::support::{Node, TestApp, agent, post};

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

#[actix_web::test]
async fn fifty_kills_lose_no_acknowledged_write_and_no_session() {
    const ROUNDS: usize = 50;
    const WRITES_A_ROUND: usize = 3;
    let t = TestApp::new().await;
    t.clock.set_to_now();
    let alice = t.user("alice").await;
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let node = Node::start(&t.environment());
        slowest = slowest.max(node.started_in);
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let (kept, token) = (Arc::clone(&acknowledged), alice.token.clone());
        let url = node.url("/v1/user/edit-nickname");
        let client = thread::spawn(move || {
            let agent = agent();
            for write in 0.. {
                let name = format!("name {round} {write}");
                match post(&agent, &url, &[("token", &token)], &json!({"nickname": name})) {
                    Some((200, answer)) if answer["code"] == 1 => kept.lock().unwrap().push(name),
                    _ => return,
                }
            }
        });
        while acknowledged.lock().unwrap().len() < WRITES_A_ROUND && !client.is_finished() {
            thread::yield_now();
        }
        node.kill();
        client.join().unwrap();
        let acknowledged = acknowledged.lock().unwrap().clone();
        assert!(acknowledged.len() >= WRITES_A_ROUND, "the session is still live in round {round}");
        // The write after the last acknowledged one may have been committed too.
        let (last, next) = (acknowledged.last().unwrap(), format!("name {round} {}", acknowledged.len()));
        let sql = format!("SELECT COUNT(*) AS number FROM users WHERE nickname IN ('{last}', '{next}')");
        assert_eq!(t.number(&sql).await, 1, "round {round}");
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
