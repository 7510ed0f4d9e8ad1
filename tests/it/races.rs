//! Sessions that end while a request is in progress (behaviour.md §3: at once, for every token).

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use diglot::{
    domain::{
        Caller, Error, Origin,
        access::{PresentedToken, authenticate},
        profile,
    },
    model::{Language, Nickname, TenantId, Token, UserId},
};
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::task::yield_now;

use crate::support::{PASSWORD, TestApp, User};

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

/// The caller behind a token that acts for `user`: its own or an admin's.
async fn authenticated(t: &TestApp, token: &str, user: &User) -> Caller {
    let origin = Origin {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        request_id: "late".into(),
        user_agent: String::new(),
        language: Language::En,
    };
    let presented =
        PresentedToken { tenant_id: TenantId::parse("default").unwrap(), origin, token: Token::parse(token) };
    authenticate::user_or_impersonator(
        &t.gateway,
        presented,
        Some(UserId::parse("user_id", &user.id.to_string()).unwrap()),
    )
    .await
    .unwrap()
}

async fn rename(t: &TestApp, caller: &Caller, name: &str) -> Result<(), Error> {
    profile::rename(&t.gateway, caller, Nickname::parse("nickname", name).unwrap()).await
}

/// A further edit by `caller` is refused, and `user` is still "Al".
async fn assert_ended(t: &TestApp, caller: &Caller, user: &User) {
    let late = rename(t, caller, "Late").await;
    assert!(matches!(late, Err(Error::TokenEnded)), "{late:?}");
    let admin = t.admin().await.header("user_id", &user.id.to_string());
    assert_eq!(admin.get("/user/profile").send().await.json()["data"]["nick_name"], "Al");
}

#[actix_web::test]
async fn an_edit_of_a_session_that_ended_after_its_authentication_changes_nothing() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let caller = authenticated(&t, &alice.token, &alice).await;
    rename(&t, &caller, "Al").await.unwrap();
    admin.header("user_id", &alice.id.to_string()).post("/user/kick").send().await.assert_ok();

    assert_ended(&t, &caller, &alice).await;
}

#[actix_web::test]
async fn an_edit_of_an_admin_whose_token_was_revoked_after_its_authentication_changes_nothing() {
    let t = TestApp::new().await;
    let (admin, alice, token) = (t.admin().await, t.user("alice").await, t.admin_token().await);
    let caller = authenticated(&t, &token, &alice).await;
    rename(&t, &caller, "Al").await.unwrap();
    let tokens = admin.get("/admin/v1/tokens/list").send().await.json();
    let own = tokens["data"].as_array().unwrap().last().unwrap();
    admin.post("/admin/v1/tokens/revoke").json(&json!({"name": own["name"]})).send().await.assert_ok();

    assert_ended(&t, &caller, &alice).await;
}

#[actix_web::test]
async fn an_edit_of_a_deleted_account_stores_nothing() {
    let t = TestApp::new().await;
    let (admin, alice, token) = (t.admin().await, t.user("alice").await, t.admin_token().await);
    let caller = authenticated(&t, &token, &alice).await;
    admin.header("user_id", &alice.id.to_string()).post("/user/delete").send().await.assert_ok();

    let late = rename(&t, &caller, "Late").await;
    assert!(matches!(late, Err(Error::UserNotFound)), "{late:?}");
    let rows = t.audit_rows().await;
    let results: Vec<_> = rows.iter().filter(|row| row.action == "profile.rename").map(|row| &*row.result).collect();
    assert_eq!(results, ["no such user"]);
}
