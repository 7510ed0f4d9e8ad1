//! Several nodes on one PostgreSQL and one Redis.

use serde_json::json;

use crate::support::{PASSWORD, TestApp, server_urls};

async fn two_nodes() -> (TestApp, TestApp) {
    server_urls().expect("scripts/test names the servers");
    let a = TestApp::with(|config| config.login_tries_per_source = 1000).await;
    let b = a.another_node().await;
    (a, b)
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_session_of_one_node_is_one_of_all_and_ends_on_all() {
    let (a, b) = two_nodes().await;
    let alice = a.user("alice").await;
    let on_b = b.anon().header("token", &alice.token);

    on_b.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})).send().await.assert_ok();
    let profile = alice.admin_api.get("/user/profile").send().await.json();
    assert_eq!(profile["data"]["nick_name"], "Al");
    a.admin().await.put("/user/disable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
    on_b.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn nodes_count_failed_logins_together() {
    let (a, b) = two_nodes().await;
    a.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let login = |node: &TestApp, password: &str| {
        let body = json!({"name": "alice", "password": password});
        node.anon().header("app_id", "default").post("/token/user").json(&body).send()
    };

    for node in [&a, &b].into_iter().cycle().take(10) {
        assert!(login(node, "wrong").await.line().contains("wrong name or password"));
    }
    for node in [&a, &b] {
        assert!(login(node, PASSWORD).await.line().contains("too many failed logins"));
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn nodes_started_together_migrate_once() {
    let (a, b) = two_nodes().await;
    let migrations: Vec<_> = [&a, &b, &a, &b]
        .map(|node| node.app.db.clone())
        .into_iter()
        .map(|db| std::thread::spawn(move || db.migrate().unwrap()))
        .collect();
    for migration in migrations {
        assert!(migration.join().unwrap().is_empty());
    }
}
