//! Sessions that end while a request is in progress (behaviour.md §3: at once, for every token).

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::task::yield_now;

use crate::support::{PASSWORD, TestApp};

/// Waits until a concurrent request has reached password hashing, which takes longer than this.
async fn a_moment() {
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(30) {
        yield_now().await;
    }
}

#[actix_web::test]
async fn a_request_of_a_session_that_ended_meanwhile_changes_nothing() {
    let t = TestApp::with(|config| config.bcrypt_cost = 11).await;
    let admin = t.admin().await;
    let change = json!({"old_password": PASSWORD, "new_password": "evil evil"});
    for (name, path, body) in
        [("alice", "/user/change_password", change), ("bob", "/user/delete", json!({"password": PASSWORD}))]
    {
        let user = t.user(name).await;
        let acting = admin.clone().header("user_id", &user.id.to_string());
        let kick = async {
            a_moment().await;
            acting.post("/user/kick").send().await
        };
        let (late, kicked) = join(user.admin_api.post(path).json(&body).send(), kick).await;
        kicked.assert_ok();
        late.assert_line("json | 200 | 402 | access-token no longer valid, log in again");
        t.login(name, "phone").await;
    }
}

#[actix_web::test]
async fn a_deleted_account_does_not_get_its_name_back() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for round in 0..10 {
        let alice = t.user(&format!("alice_{round}")).await;
        let acting = admin.clone().header("user_id", &alice.id.to_string());
        let rename = format!("/user/username?username=new_{round}");
        let renames = join_all((0..3).map(|_| alice.admin_api.put(&rename).send()));
        let (_, deleted) = join(renames, acting.post("/user/delete").send()).await;
        deleted.assert_ok();
        let found = admin.get(&format!("/roster/name?username=new_{round}")).send().await;
        found.assert_line("json | 200 | 10000 | user does not exist");
        t.user(&format!("new_{round}")).await;
    }
}

#[actix_web::test]
async fn a_user_without_sessions_is_not_online() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for name in ["alice", "bob"] {
        let user = t.user(name).await;
        let acting = admin.clone().header("user_id", &user.id.to_string());
        let is_online = async || acting.get("/user/online_status").send().await.json()["data"]["online"].clone();
        assert_eq!(is_online().await, json!(true));
        let shut_out = match name {
            "alice" => admin.put("/user/disable").json(&json!({"list": [user.id]})),
            _ => acting.post("/user/change_password_admin").json(&json!({"password": "another"})),
        };
        shut_out.send().await.assert_ok();
        assert_eq!(is_online().await, json!(false), "{name}");
    }
}
