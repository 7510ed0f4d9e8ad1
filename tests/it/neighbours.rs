//! The adapters for `MongooseIM` and Tinode, and the sample files of `docs/integrations.md`.

use actix_web::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use diglot::domain::signing_keys;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    metrics::file,
    support::{Client, DAY_MS, Res, TestApp, User, command_line},
};

const UID: &str = "LELEQHDWbgY";

fn basic(client: &Client, app: &str, token: &str) -> Client {
    client.clone().header("authorization", &format!("Basic {}", BASE64_STANDARD.encode(format!("{app}:{token}"))))
}

/// A client that is authenticated as a server of the app.
async fn server_of(t: &TestApp, app: &str) -> Client {
    basic(&t.anon(), app, &t.admin_token_of(app).await)
}

async fn access_token(user: &User) -> String {
    let issued = user.v1.post("/v1/user/access-token").send().await.json();
    issued["data"]["accessToken"].as_str().unwrap().to_owned()
}

/// What `MongooseIM` asks for: `true` or `false`.
async fn verdict(server: &Client, endpoint: &str, user: &str, pass: &str) -> bool {
    let path = format!("/adapters/mongooseim/{endpoint}?user={user}&server=chat.example&pass={pass}");
    let res = server.get(&path).send().await;
    assert_eq!((res.status, res.header("content-type")), (StatusCode::OK, "text/plain"), "{path}: {res:?}");
    match &res.body[..] {
        b"true" => true,
        b"false" => false,
        other => panic!("{other:?}"),
    }
}

async fn is_password(server: &Client, user: i64, pass: &str) -> bool {
    verdict(server, "check_password", &user.to_string(), pass).await
}

async fn exists(server: &Client, user: &str) -> bool {
    verdict(server, "user_exists", user, "").await
}

async fn tinode(server: &Client, endpoint: &str, body: &Value) -> Res {
    server.post(&format!("/adapters/tinode/{endpoint}")).json(body).send().await
}

/// What Tinode is told when a user logs in with that secret.
async fn auth(server: &Client, secret: &str) -> Value {
    let res = tinode(server, "auth", &json!({"endpoint": "auth", "secret": BASE64_STANDARD.encode(secret)})).await;
    assert_eq!(res.status, StatusCode::OK, "{res:?}");
    res.json()
}

async fn link(server: &Client, secret: &str, uid: &str) -> Res {
    let rec = json!({"uid": uid, "authlvl": "auth"});
    tinode(server, "link", &json!({"endpoint": "link", "secret": BASE64_STANDARD.encode(secret), "rec": rec})).await
}

#[actix_web::test]
async fn mongooseim_takes_a_token_of_the_user_as_the_password() {
    let t = TestApp::new().await;
    signing_keys::rotate(&t.gateway, &command_line("default"), 0).await.unwrap();
    let (server, alice, bob) = (server_of(&t, "default").await, t.user("alice").await, t.user("bob").await);
    for token in [alice.token.clone(), access_token(&alice).await] {
        assert!(is_password(&server, alice.id, &token).await);
        assert!(!is_password(&server, bob.id, &token).await);
        assert!(!is_password(&server_of(&t, "other").await, alice.id, &token).await);
        assert!(!verdict(&server, "check_password", "alice", &token).await);
    }
}

#[actix_web::test]
async fn mongooseim_takes_no_password_of_an_account() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    for pass in ["alice%27s%20password", "password", "", "%00", "a.b.c", &t.admin_token().await] {
        assert!(!is_password(&server, alice.id, pass).await, "{pass}");
    }
    let own = basic(&t.anon(), "default", &alice.token);
    let path = format!("/adapters/mongooseim/check_password?user={}&pass={}", alice.id, alice.token);
    assert_eq!(own.get(&path).send().await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn mongooseim_refuses_the_token_of_a_session_that_has_ended() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    alice.admin_api.post("/user/kick").send().await.assert_ok();
    assert!(!is_password(&server, alice.id, &alice.token).await);
    let again = t.login("alice", "phone").await;
    assert!(is_password(&server, alice.id, &again.token).await);
    t.clock.advance(31 * DAY_MS);
    assert!(!is_password(&server, alice.id, &again.token).await);
}

#[actix_web::test]
async fn mongooseim_learns_which_accounts_exist_until_they_are_deleted() {
    let t = TestApp::new().await;
    let (server, alice, admin) = (server_of(&t, "default").await, t.user("alice").await, t.admin().await);
    let (id, outsider) = (alice.id.to_string(), t.user_of_new_app("other", "alice").await);
    assert!(exists(&server, &id).await);
    assert!(!exists(&server, &outsider.id.to_string()).await);
    for user in ["", "0", "-1", "1e3", "alice", "999999", "99999999999999999999", "%E4%BD%A0"] {
        assert!(!exists(&server, user).await, "{user}");
    }
    admin.put("/user/disable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
    assert!(exists(&server, &id).await);
    admin.header("user_id", &id).post("/user/delete").json(&json!({})).send().await.assert_ok();
    assert!(!exists(&server, &id).await);
}

#[actix_web::test]
async fn mongooseim_may_not_make_or_change_accounts() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let form = format!("user={}&server=chat.example&pass=x", alice.id);
    for (endpoint, status) in [("register", 403), ("set_password", 403), ("remove_user", 403)] {
        let request = server.post(&format!("/adapters/mongooseim/{endpoint}"));
        let res = request.header("content-type", "application/x-www-form-urlencoded").body(form.clone()).send().await;
        assert_eq!(res.status.as_u16(), status, "{endpoint}");
    }
    for endpoint in ["get_password", "get_certs"] {
        let path = format!("/adapters/mongooseim/{endpoint}?user={}", alice.id);
        assert_eq!(server.get(&path).send().await.status, StatusCode::NOT_FOUND, "{endpoint}");
    }
    assert!(exists(&server, &alice.id.to_string()).await);
}

#[actix_web::test]
async fn odd_queries_of_mongooseim_are_no_errors_of_the_gateway() {
    let t = TestApp::new().await;
    let server = server_of(&t, "default").await;
    for (query, status) in [("", 200), ("user", 200), ("pass=%ff", 400), ("user=1&user=2", 400), ("&&==&", 200)] {
        let res = server.get(&format!("/adapters/mongooseim/check_password?{query}")).send().await;
        assert_eq!(res.status.as_u16(), status, "{query}");
        assert!(status != 200 || &res.body[..] == b"false", "{query}");
    }
    assert_eq!(server.post("/adapters/mongooseim/check_password").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[actix_web::test]
async fn servers_without_an_admin_token_of_the_app_learn_nothing() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let (own, other) = (t.admin_token().await, t.admin_token_of("other").await);
    let anyone = t.anon();
    let refused = [
        anyone.clone(),
        basic(&anyone, "default", &other),
        basic(&anyone, "nowhere", &own),
        basic(&anyone, "default", &alice.token),
        basic(&anyone, "", ""),
        anyone.clone().header("authorization", "Basic !"),
    ];
    for server in refused {
        let path = format!("/adapters/mongooseim/check_password?user={}&pass={}", alice.id, alice.token);
        let res = server.get(&path).send().await;
        assert_eq!((res.status, &res.json()["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
        for endpoint in ["auth", "link", "rtagns", "add"] {
            let res = tinode(&server, endpoint, &json!({"secret": BASE64_STANDARD.encode(&alice.token)})).await;
            assert_eq!((res.status, res.json()), (StatusCode::UNAUTHORIZED, json!({"err": "denied"})), "{endpoint}");
            assert_eq!(res.headers.get_all("www-authenticate").count(), 2);
        }
    }
}

#[actix_web::test]
async fn the_adapters_are_on_the_app_face_only() {
    let t = TestApp::new().await;
    let server = basic(&t.web(), "default", &t.admin_token().await);
    assert_eq!(tinode(&server, "rtagns", &json!({})).await.status, StatusCode::NOT_FOUND);
    let res = server.get("/adapters/mongooseim/user_exists?user=1").send().await;
    assert_eq!(res.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn tinode_makes_an_account_at_the_first_login_and_gets_its_id_from_then_on() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let lifetime = format!("{}s", 180 * DAY_MS / 1000);
    let first = json!({
        "rec": {"authlvl": "auth", "lifetime": lifetime, "state": "ok"},
        "newacc": {"auth": "JRWPS", "anon": "N", "public": {"fn": "alice"}},
    });
    assert_eq!(auth(&server, &alice.token).await, first);
    assert_eq!(auth(&server, &alice.token).await, first);
    let linked = link(&server, &alice.token, UID).await;
    assert_eq!((linked.status, linked.json()), (StatusCode::OK, json!({})));
    let later = json!({"rec": {"uid": UID, "authlvl": "auth", "lifetime": lifetime, "state": "ok"}});
    assert_eq!(auth(&server, &alice.token).await, later);
    let other_session = t.login("alice", "other phone").await;
    assert_eq!(auth(&server, &other_session.token).await["rec"]["uid"], UID);
}

#[actix_web::test]
async fn an_account_has_one_account_on_the_tinode_server() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    assert_eq!(link(&server, &alice.token, UID).await.json(), json!({}));
    assert_eq!(link(&server, &alice.token, UID).await.json(), json!({}));
    let other = link(&server, &alice.token, "AAAAAAAAAAE").await;
    assert_eq!((other.status, other.json()), (StatusCode::CONFLICT, json!({"err": "duplicate value"})));
    assert_eq!(auth(&server, &alice.token).await["rec"]["uid"], UID);
    let sql = "SELECT COUNT(*) AS number FROM audit_log WHERE action = 'tinode.link'";
    assert_eq!(t.number(sql).await, 1);
}

#[actix_web::test]
async fn of_two_first_logins_at_once_one_is_linked() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let uids = [UID, "AAAAAAAAAAE"];
    let links = uids.map(|uid| link(&server, &alice.token, uid));
    let answers: Vec<Value> = join_all(links).await.iter().map(Res::json).collect();
    let linked = uids.iter().zip(&answers).filter(|(_, answer)| **answer == json!({})).map(|(uid, _)| *uid);
    let linked: Vec<&str> = linked.collect();
    assert!(linked.len() == 1 && answers.contains(&json!({"err": "duplicate value"})), "{answers:?}");
    assert_eq!(auth(&server, &alice.token).await["rec"]["uid"], linked[0]);
}

#[actix_web::test]
async fn the_link_of_a_deleted_account_is_forgotten() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    assert_eq!(link(&server, &alice.token, UID).await.json(), json!({}));
    let admin = t.admin().await.header("user_id", &alice.id.to_string());
    admin.post("/user/delete").json(&json!({})).send().await.assert_ok();
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM tinode_links").await, 0);
    assert_eq!(auth(&server, &alice.token).await, json!({"err": "failed"}));
}

#[actix_web::test]
async fn the_secret_of_tinode_may_name_the_user_whose_token_it_is() {
    let t = TestApp::new().await;
    signing_keys::rotate(&t.gateway, &command_line("default"), 0).await.unwrap();
    let (server, alice, bob) = (server_of(&t, "default").await, t.user("alice").await, t.user("bob").await);
    let signed = access_token(&alice).await;
    for secret in [format!("alice:{}", alice.token), format!("{}:{}", alice.id, alice.token), signed.clone()] {
        assert!(auth(&server, &secret).await["rec"].is_object(), "{secret}");
    }
    assert_eq!(auth(&server, &signed).await["rec"]["lifetime"], "300s");
    for secret in [format!("bob:{}", alice.token), format!("{}:{signed}", bob.id), format!(":{signed}")] {
        assert_eq!(auth(&server, &secret).await, json!({"err": "failed"}), "{secret}");
    }
}

#[actix_web::test]
async fn tinode_takes_no_password_and_no_token_of_another_app() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let outsider = t.user_of_new_app("other", "alice").await;
    let admin_token = t.admin_token().await;
    alice.v1.post("/v1/user/logout").send().await.assert_ok();
    for secret in ["alice:password", &outsider.token, &alice.token, &admin_token, "x", ":", "alice:"] {
        assert_eq!(auth(&server, secret).await, json!({"err": "failed"}), "{secret}");
        assert_eq!(link(&server, secret, UID).await.json(), json!({"err": "failed"}), "{secret}");
    }
}

#[actix_web::test]
async fn odd_requests_of_tinode_are_malformed() {
    let t = TestApp::new().await;
    let (server, alice) = (server_of(&t, "default").await, t.user("alice").await);
    let secret = BASE64_STANDARD.encode(&alice.token);
    for body in
        ["", "{", "[]", "null", r#"{"secret":1}"#, r#"{"secret":"!"}"#, r#"{"secret":""}"#, r#"{"secret":"/w=="}"#]
    {
        for endpoint in ["auth", "link"] {
            let res = server.post(&format!("/adapters/tinode/{endpoint}")).body(body).send().await;
            assert_eq!((res.status, res.json()), (StatusCode::OK, json!({"err": "malformed"})), "{endpoint} {body}");
        }
    }
    for uid in ["", "x", "AAAAAAAAAAA", "LELEQHDWbg=", "LELEQHDWbgYx", "LELEQHDWbg你"] {
        assert_eq!(link(&server, &alice.token, uid).await.json(), json!({"err": "malformed"}), "{uid}");
    }
    assert_eq!(tinode(&server, "link", &json!({"secret": secret})).await.json(), json!({"err": "malformed"}));
    let large = server.post("/adapters/tinode/auth").body("x".repeat(300_000)).send().await;
    assert_eq!((large.status, large.json()), (StatusCode::PAYLOAD_TOO_LARGE, json!({"err": "malformed"})));
    let unknown = tinode(&server, "nothing", &json!({})).await;
    assert_eq!((unknown.status, unknown.json()), (StatusCode::NOT_FOUND, json!({"err": "not found"})));
}

#[actix_web::test]
async fn tinode_may_not_make_or_change_accounts_and_reserves_no_tags() {
    let t = TestApp::new().await;
    let server = server_of(&t, "default").await;
    for endpoint in ["add", "checkunique", "del", "gen", "upd"] {
        let res = tinode(&server, endpoint, &json!({"endpoint": endpoint})).await;
        assert_eq!((res.status, res.json()), (StatusCode::OK, json!({"err": "unsupported"})), "{endpoint}");
    }
    assert_eq!(tinode(&server, "rtagns", &json!({"endpoint": "rtagns"})).await.json(), json!({"strarr": []}));
}

#[test]
fn the_document_names_the_sample_files_and_the_tested_versions() {
    let document = file("docs/integrations.md");
    for sample in [
        "deploy/ejabberd/ejabberd.yml",
        "deploy/ejabberd/update-key",
        "deploy/coturn/turnserver.conf",
        "deploy/mongooseim/mongooseim.toml",
        "deploy/tinode/tinode.conf",
        "examples/turn-credentials/server.py",
    ] {
        assert!(!file(sample).is_empty() && document.contains(sample), "{sample}");
    }
    for requirement in file("tests/neighbours/requirements.txt").lines() {
        let (name, version) = requirement.split_once("==").unwrap();
        let name = name.split('[').next().unwrap();
        let is_tool = ["requests", "aioice", "slixmpp"].contains(&name);
        assert!(is_tool || document.contains(&format!("{name} {version}")), "{requirement}");
    }
}
