//! `POST /oauth2/introspect` (RFC 7662): whether a token is valid, and whose it is.

use actix_web::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use diglot::domain::signing_keys;
use serde_json::{Value, json};

use crate::support::{Client, DAY_MS, Res, START_MS, TestApp, command_line};

const PATH: &str = "/oauth2/introspect";

/// A client that sends an admin token of the app as Bearer.
async fn server_of(t: &TestApp, app: &str) -> Client {
    t.anon().header("authorization", &format!("Bearer {}", t.admin_token_of(app).await))
}

async fn ask(server: &Client, token: &str) -> Res {
    let form = format!("token={token}&token_type_hint=access_token");
    server.post(PATH).header("content-type", "application/x-www-form-urlencoded").body(form).send().await
}

async fn answer(server: &Client, token: &str) -> Value {
    let res = ask(server, token).await;
    assert_eq!(res.status, StatusCode::OK, "{res:?}");
    res.json()
}

async fn is_active(server: &Client, token: &str) -> bool {
    let answer = answer(server, token).await;
    let is_active = answer["active"].as_bool().unwrap();
    assert!(is_active || answer == json!({"active": false}), "{answer}");
    is_active
}

#[actix_web::test]
async fn a_server_learns_whose_token_it_is() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let expected = json!({
        "active": true,
        "scope": "user",
        "client_id": "default",
        "username": "alice",
        "token_type": "Bearer",
        "exp": (START_MS + 180 * DAY_MS) / 1000,
        "iat": START_MS / 1000,
        "sub": alice.id.to_string(),
        "device": "alice's phone",
    });
    let res = ask(&server, &alice.token).await;
    assert_eq!((res.json(), res.header("cache-control")), (expected, "no-store"));
}

#[actix_web::test]
async fn whatever_ends_a_session_ends_its_token_at_once_on_every_node() {
    let t = TestApp::new().await;
    let other_node = t.another_node().await;
    let token = t.admin_token().await;
    let [server, elsewhere] =
        [&t, &other_node].map(|node| node.anon().header("authorization", &format!("Bearer {token}")));
    let admin = t.admin().await;
    let alice = t.user("alice").await;
    for end in ["logout", "kick", "disable", "delete"] {
        let session = t.login("alice", end).await;
        assert!(is_active(&server, &session.token).await && is_active(&elsewhere, &session.token).await);
        match end {
            "logout" => session.v1.post("/v1/user/logout").send().await.assert_ok(),
            "kick" => session.admin_api.post("/user/kick").send().await.assert_ok(),
            "disable" => {
                let body = json!({"list": [alice.id]});
                admin.put("/user/disable").json(&body).send().await.assert_ok();
            }
            _ => {
                let delete = admin.clone().header("user_id", &alice.id.to_string());
                delete.post("/user/delete").json(&json!({})).send().await.assert_ok();
            }
        }
        assert!(!is_active(&elsewhere, &session.token).await, "{end}");
        assert!(!is_active(&server, &session.token).await, "{end}");
        if end == "disable" {
            admin.put("/user/enable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
        }
    }
}

#[actix_web::test]
async fn a_session_expires_and_asking_about_it_is_no_use_of_it() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    t.clock.advance(20 * DAY_MS);
    assert!(is_active(&server, &alice.token).await);
    t.clock.advance(10 * DAY_MS);
    assert!(!is_active(&server, &alice.token).await);
}

#[actix_web::test]
async fn tokens_of_other_apps_admin_tokens_and_other_texts_are_inactive() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let outsider = t.user_of_new_app("other", "alice").await;
    let admin_token = t.admin_token().await;
    assert!(!is_active(&server, &outsider.token).await);
    assert!(is_active(&server_of(&t, "other").await, &outsider.token).await);
    let shorter = &alice.token[1..];
    for token in [admin_token.as_str(), shorter, &alice.token.to_uppercase(), "x", "a.b.c", "%00", "..", "a.b"] {
        assert!(!is_active(&server, token).await, "{token}");
    }
}

#[actix_web::test]
async fn a_server_is_authenticated_by_an_admin_token_as_bearer_or_with_its_app_as_basic() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let (own, other) = (t.admin_token().await, t.admin_token_of("other").await);
    let basic = |app: &str, token: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{app}:{token}")));
    let bearer = |token: &str| format!("Bearer {token}");
    for credentials in [
        bearer(&own),
        basic("default", &own),
        format!("bearer  {own}"),
        format!("basic {}", &basic("default", &own)[6..]),
    ] {
        assert!(is_active(&t.anon().header("authorization", &credentials), &alice.token).await, "{credentials}");
    }
    let named = t.anon().header("authorization", &bearer(&own)).header("app_id", "default");
    assert!(is_active(&named, &alice.token).await);
    let misnamed = t.anon().header("authorization", &bearer(&own)).header("app_id", "other");
    let refused = [
        t.anon(),
        misnamed,
        t.anon().header("authorization", &bearer(&alice.token)),
        t.anon().header("authorization", &bearer(&own[..30])),
        t.anon().header("authorization", "Bearer"),
        t.anon().header("authorization", &basic("other", &own)),
        t.anon().header("authorization", &basic("default", &other)),
        t.anon().header("authorization", &basic("nowhere", &own)),
        t.anon().header("authorization", &basic("a b", &own)),
        t.anon().header("authorization", &basic("default", &alice.token)),
        t.anon().header("authorization", "Basic !"),
        t.anon().header("authorization", "Digest x"),
        t.anon().header("access-token", &own).header("app_id", "default"),
    ];
    for server in refused {
        let res = ask(&server, &alice.token).await;
        assert_eq!((res.status, res.json()["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("invalid_client")));
        let challenges: Vec<_> = res.headers.get_all("www-authenticate").map(|value| value.to_str().unwrap()).collect();
        assert_eq!(challenges, ["Bearer", "Basic realm=\"diglot\", charset=\"UTF-8\""]);
    }
}

#[actix_web::test]
async fn a_revoked_admin_token_may_not_ask() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let created = admin.post("/admin/v1/tokens/create").json(&json!({"name": "chat"})).send().await.json();
    let server = t.anon().header("authorization", &format!("Bearer {}", created["data"]["token"].as_str().unwrap()));
    assert!(is_active(&server, &alice.token).await);
    admin.post("/admin/v1/tokens/revoke").json(&json!({"name": "chat"})).send().await.assert_ok();
    assert_eq!(ask(&server, &alice.token).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn what_is_wrong_with_a_request_is_told_as_oauth_does() {
    let t = TestApp::new().await;
    let server = server_of(&t, "default").await;
    let form = "application/x-www-form-urlencoded";
    for (media_type, body, status) in [
        (form, "", 400),
        (form, "token=", 400),
        (form, "token=a&token=b", 400),
        (form, "token=%ff", 400),
        ("application/json", r#"{"token":"a"}"#, 415),
    ] {
        let res = server.post(PATH).header("content-type", media_type).body(body).send().await;
        assert_eq!((res.status.as_u16(), res.json()["error"].as_str()), (status, Some("invalid_request")), "{body}");
    }
    let large = server.post(PATH).header("content-type", form).body("x".repeat(300_000)).send().await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.get(PATH).send().await.status, StatusCode::METHOD_NOT_ALLOWED);
    let unknown = server.post("/oauth2/token").send().await;
    assert_eq!((unknown.status, unknown.json()["error"].clone()), (StatusCode::NOT_FOUND, json!("invalid_request")));
    assert_eq!(t.web().post(PATH).send().await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn an_access_token_is_active_as_long_as_its_session() {
    let t = TestApp::new().await;
    signing_keys::rotate(&t.gateway, &command_line("default"), 0).await.unwrap();
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let issued = alice.v1.post("/v1/user/access-token").send().await.json();
    let token = issued["data"]["accessToken"].as_str().unwrap();
    let shown = answer(&server, token).await;
    assert_eq!((&shown["sub"], &shown["aud"]), (&json!(alice.id.to_string()), &json!("default")));
    assert_eq!((&shown["exp"], &shown["iat"]), (&json!(START_MS / 1000 + 300), &json!(START_MS / 1000)));
    assert_eq!((&shown["iss"], &shown["device"]), (&json!(t.gateway.config.issuer()), &json!("alice's phone")));
    assert!(!is_active(&server_of(&t, "other").await, token).await);
    let (before, after) = (&token[..token.len() - 20], &token[token.len() - 19..]);
    let tampered = format!("{before}{}{after}", if token.as_bytes()[before.len()] == b'A' { 'B' } else { 'A' });
    assert!(!is_active(&server, &tampered).await);
    t.clock.advance(299_000);
    assert!(is_active(&server, token).await);
    alice.v1.post("/v1/user/logout").send().await.assert_ok();
    assert!(!is_active(&server, token).await);
    let again = t.login("alice", "phone").await;
    let issued = again.v1.post("/v1/user/access-token").send().await.json();
    let token = issued["data"]["accessToken"].as_str().unwrap();
    assert!(is_active(&server, token).await);
    t.clock.advance(300_000);
    assert!(!is_active(&server, token).await);
}
