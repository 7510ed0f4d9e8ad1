//! The app of an admin token, and its admin tokens: `/admin/v1/app` and `/admin/v1/tokens`.

use serde_json::{Value, json};

use crate::support::{Client, DAY_MS, PASSWORD, START_MS, TestApp, command_line};

const GET: &str = "/admin/v1/app/get";
const SET: &str = "/admin/v1/app/set";
const LIST: &str = "/admin/v1/tokens/list";
const CREATE: &str = "/admin/v1/tokens/create";
const REVOKE: &str = "/admin/v1/tokens/revoke";

async fn data(admin: &Client, path: &str) -> Value {
    let res = admin.get(path).send().await;
    res.assert_ok();
    res.json()["data"].clone()
}

async fn post(admin: &Client, path: &str, body: Value) -> Value {
    let res = admin.post(path).json(&body).send().await;
    res.assert_ok();
    res.json()["data"].clone()
}

#[actix_web::test]
async fn an_admin_sees_and_changes_the_own_app_only() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let app = |id: &str, is_open: bool, is_signed: bool| {
        let created_at = START_MS / 1000;
        json!({
            "id": id, "created_at": created_at, "registration_open": is_open, "push_sign_required": is_signed,
            "access_token_audiences": [], "access_token_secs": 300, "access_token_claims": {},
            "client_config": {}, "reward_inviter_cents": 0, "reward_invitee_cents": 0, "invitations_per_day": 10,
            "invitations_goal": 0, "reward_first_edit_cents": 0,
        })
    };
    assert_eq!(data(&admin, GET).await, app("default", true, false));
    assert_eq!(post(&admin, SET, json!({"registration_open": false})).await, true);
    assert_eq!(data(&admin, GET).await, app("default", false, false));
    let register = json!({"username": "alice", "password": PASSWORD});
    let anonymous = t.anon().header("app_id", "default");
    assert_ne!(anonymous.post("/user/register/v2").json(&register).send().await.code(), 200);
    post(&admin, SET, json!({"registration_open": 1, "push_sign_required": true})).await;
    assert_eq!(data(&admin, GET).await, app("default", true, true));
    anonymous.post("/user/register/v2").json(&register).send().await.assert_ok();
    post(&admin, SET, json!({})).await;
    assert_eq!(data(&other, GET).await, app("other", true, false));

    let actions: Vec<String> = t.audit_rows().await.into_iter().map(|row| row.action).collect();
    let of_app = |action: &&String| action.starts_with("app.") && *action != "app.create";
    assert_eq!(actions.iter().filter(of_app).collect::<Vec<_>>(), ["app.close", "app.open", "app.push_sign"]);
}

#[actix_web::test]
async fn a_new_secret_is_shown_once_and_is_that_of_the_app() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let operator = command_line("default");
    let old = diglot::domain::tenants::show_secret(&t.gateway, &operator).await.unwrap();
    let new = post(&admin, "/admin/v1/app/rotate-secret", json!({})).await;
    let secret = diglot::domain::tenants::show_secret(&t.gateway, &operator).await.unwrap();
    assert_eq!(new, json!({"secret": secret}));
    assert_ne!(secret, old);
    let row = t.audit_rows().await.pop().unwrap();
    assert_eq!((row.action.as_str(), row.target.as_str(), row.actor_kind), ("app.rotate_secret", "default", 2));
}

#[actix_web::test]
async fn tokens_are_created_listed_and_revoked() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let created = post(&admin, CREATE, json!({"name": "reports", "days": 2})).await;
    let reports = t.anon().header("app_id", "default").header("access-token", created["token"].as_str().unwrap());
    let start = START_MS / 1000;

    let tokens = data(&reports, LIST).await;
    let expected = json!({
        "id": tokens[1]["id"], "name": "reports", "created_at": start, "expires_at": start + 2 * 86_400,
        "state": "valid", "is_own": true,
    });
    assert_eq!(tokens[1], expected);
    assert_eq!((&tokens[0]["state"], &tokens[0]["is_own"]), (&json!("valid"), &json!(false)));
    assert!(!tokens.to_string().contains(created["token"].as_str().unwrap()));
    let taken = admin.post(CREATE).json(&json!({"name": "reports"})).send().await.line();
    assert!(taken.starts_with("json | 200 | 10"), "{taken}");

    t.clock.advance(2 * DAY_MS);
    assert_eq!(data(&admin, LIST).await[1]["state"], "expired");
    assert_ne!(reports.get(LIST).send().await.code(), 200);
    assert_eq!(post(&admin, REVOKE, json!({"name": "reports"})).await, true);
    let tokens = data(&admin, LIST).await;
    assert_eq!((&tokens[1]["state"], &tokens[1]["revoked_at"]), (&json!("revoked"), &json!(start + 2 * 86_400)));

    // A name is free again once its token is revoked; an admin may revoke even its own token.
    let created = post(&admin, CREATE, json!({"name": "reports"})).await;
    let reports = reports.header("access-token", created["token"].as_str().unwrap());
    assert_eq!(data(&reports, LIST).await[2].get("expires_at"), None);
    post(&reports, REVOKE, json!({"name": "reports"})).await;
    assert_ne!(reports.get(LIST).send().await.code(), 200);
    let rows = t.audit_rows().await;
    let row = rows.last().unwrap();
    assert_eq!((row.action.as_str(), row.target.as_str(), row.actor_kind), ("admin_token.revoke", "reports", 2));
}

#[actix_web::test]
async fn tokens_of_other_apps_stay_untouched_and_unseen() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    post(&other, CREATE, json!({"name": "reports"})).await;
    assert_eq!(data(&admin, LIST).await.as_array().unwrap().len(), 1);
    let unknown = "json | 200 | 10002 | invalid request parameter: name does not exist";
    admin.post(REVOKE).json(&json!({"name": "reports"})).send().await.assert_line(unknown);
    assert_eq!(data(&other, LIST).await[1]["state"], "valid");
}

#[actix_web::test]
async fn malformed_requests_and_those_of_users_are_refused() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for (path, body, problem) in [
        (CREATE, json!({}), "name is required"),
        (CREATE, json!({"name": " "}), "name is required"),
        (CREATE, json!({"name": "a\nb"}), "name holds characters that are not allowed"),
        (CREATE, json!({"name": "a", "days": 0}), "days must be from 1 to 36500"),
        (CREATE, json!({"name": "a", "days": 36_501}), "days must be from 1 to 36500"),
        (REVOKE, json!({}), "name is required"),
    ] {
        let line = format!("json | 200 | 10002 | invalid request parameter: {problem}");
        admin.post(path).json(&body).send().await.assert_line(&line);
    }
    for path in [GET, LIST] {
        alice.admin_api.get(path).send().await.assert_line("json | 200 | 10010 | no permission");
    }
    for path in [SET, "/admin/v1/app/rotate-secret", CREATE, REVOKE] {
        let body = json!({"name": "a"});
        alice.admin_api.post(path).json(&body).send().await.assert_line("json | 200 | 10010 | no permission");
    }
}
