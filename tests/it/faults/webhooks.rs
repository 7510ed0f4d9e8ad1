//! Nodes that are killed while they post to webhooks.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use crate::support::{MINUTE_MS, Node, PASSWORD, TestApp, WebhookReceiver};

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn when_nodes_are_killed_in_the_middle_of_deliveries_nothing_is_lost() {
    const ACCOUNTS: usize = 120;
    let t = TestApp::with(|config| config.webhook_allows_private = true).await;
    // This node only makes the events.
    t.stop_following();
    t.clock.set_to_now();
    let admin = t.admin().await;
    let receiver = WebhookReceiver::slow(Duration::from_millis(100));
    let webhook = json!({"url": receiver.url(), "events": ["user.created", "user.disabled"]});
    admin.post("/admin/v1/webhooks/create").json(&webhook).send().await.assert_ok();
    let mut environment = t.environment();
    environment.insert("DIGLOT_WEBHOOK_ALLOW_PRIVATE", "true".to_owned());
    let nodes = [Node::start(&environment), Node::start(&environment)];
    let list: Vec<_> = (0..ACCOUNTS).map(|n| json!({"username": format!("user{n}"), "password": PASSWORD})).collect();
    for part in list.chunks(100) {
        let res = admin.post("/user/register/batch").json(&json!({"list": part})).send().await;
        res.assert_ok();
        let ids: Vec<_> = res.json()["data"].as_array().unwrap().iter().map(|item| item["user_id"].clone()).collect();
        admin.put("/user/disable").json(&json!({"list": ids})).send().await.assert_ok();
    }
    receiver.wait_for(ACCOUNTS / 2).await;
    for node in nodes {
        node.kill();
    }
    let before = receiver.posts().len();
    assert!(before < 2 * ACCOUNTS, "{before}: the nodes were killed too late");

    // What they had is free again after a minute.
    t.clock.set_to_now();
    t.clock.advance(2 * MINUTE_MS);
    let _other_node = t.another_node().await;
    let mut posts = receiver.wait_for(2 * ACCOUNTS).await;
    while events_of(&posts).values().map(Vec::len).sum::<usize>() < 2 * ACCOUNTS {
        posts = receiver.wait_for(posts.len() + 1).await;
    }
    let events = events_of(&posts);
    assert_eq!(events.len(), ACCOUNTS);
    // In order, and repeated ones with the same id.
    assert!(events.values().all(|events| {
        let names: Vec<_> = events.iter().map(|(_, name)| name.as_str()).collect();
        names == ["user.created", "user.disabled"]
    }));
}

/// The events of each account by their ids, in the order in which they first came.
fn events_of(posts: &[crate::support::Post]) -> BTreeMap<i64, Vec<(String, String)>> {
    let mut events: BTreeMap<i64, Vec<(String, String)>> = BTreeMap::new();
    for post in posts {
        let all = events.entry(post.data()["user_id"].as_i64().unwrap()).or_default();
        let event = (post.header("webhook-id").to_owned(), post.event());
        if !all.contains(&event) {
            all.push(event);
        }
    }
    events
}
