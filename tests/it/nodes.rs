//! Several nodes on one PostgreSQL and one Redis.

use diglot::store::{DatabaseUrl, Db};
use serde_json::json;

use crate::support::{PASSWORD, TestApp, server_urls};

async fn two_nodes() -> (TestApp, TestApp) {
    server_urls().expect("scripts/test names the servers");
    let a = TestApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
    let b = a.another_node().await;
    (a, b)
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_session_is_valid_and_ends_on_all_nodes() {
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
async fn failed_logins_are_counted_across_nodes() {
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
async fn nodes_that_start_concurrently_migrate_once() {
    let (a, _) = two_nodes().await;
    let fresh = format!("fresh_{}", std::process::id());
    a.execute(&format!("CREATE SCHEMA {fresh}")).await.unwrap();
    let url = server_urls().unwrap().0;
    let separator = if url.contains('?') { '&' } else { '?' };
    let url: DatabaseUrl = format!("{url}{separator}options=-csearch_path%3D{fresh}").parse().unwrap();
    let nodes: Vec<_> = (0..4)
        .map(|_| Db::new(url.clone(), 1))
        .map(|db| std::thread::spawn(move || db.migrate().unwrap().len()))
        .collect();

    let mut applied: Vec<usize> = nodes.into_iter().map(|node| node.join().unwrap()).collect();
    a.execute(&format!("DROP SCHEMA {fresh} CASCADE")).await.unwrap();
    applied.sort_unstable();
    assert!(applied[..3] == [0, 0, 0] && applied[3] > 0, "{applied:?}");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn broken_connections_are_replaced() {
    let (a, b) = two_nodes().await;
    let alice = a.user("alice").await;
    let info = || alice.v1.get("/v1/user/info").send();
    // Open several connections in the pool.
    futures_util::future::join_all((0..20).map(|_| info())).await.iter().for_each(crate::support::Res::assert_ok);

    // Terminate only the connections of this test.
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE pid <> pg_backend_pid() AND application_name = current_setting('application_name')";
    b.execute(cut).await.unwrap();
    // The first request may fail on a broken connection; the pool then discards all connections of the same age.
    let first = info().await;
    assert!([200, 503].contains(&first.status.as_u16()), "{}", first.line());
    for _ in 0..20 {
        info().await.assert_ok();
    }
}
