//! Authentication and impersonation by `app_id`, `access-token`, `user_id`, `group_id` (behaviour.md §3,
//! security.md 20–25).

use diglot::domain::{self, tenants};
use serde_json::json;

use crate::support::{DAY_MS, TestApp, command_line};

const PROFILE: &str = "/user/profile";

#[actix_web::test]
async fn a_user_acts_for_itself_only() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);

    let own = alice.admin_api.get(PROFILE).header("user_id", &alice.id.to_string()).send().await;
    assert_eq!(own.json()["data"]["username"], "alice");
    let other = alice.admin_api.get(PROFILE).header("user_id", &bob.id.to_string()).send().await;
    other.assert_line("json | 200 | 10010 | no permission");
    alice.admin_api.get(PROFILE).header("group_id", "5").send().await.assert_ok();
}

#[actix_web::test]
async fn an_admin_acts_as_any_user_of_its_app() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);

    let as_alice = admin.clone().header("user_id", &alice.id.to_string()).header("group_id", "5");
    assert_eq!(as_alice.get(PROFILE).send().await.json()["data"]["username"], "alice");
    as_alice.put("/user/nickname?nick_name=Al").send().await.assert_ok();
    assert_eq!(alice.admin_api.get(PROFILE).send().await.json()["data"]["nick_name"], "Al");
    admin
        .get(PROFILE)
        .send()
        .await
        .assert_line("json | 200 | 10002 | invalid request parameter: an admin token needs the user_id header here");
    admin.get(PROFILE).header("user_id", "999999").send().await.assert_line("json | 200 | 10000 | user does not exist");
}

#[actix_web::test]
async fn admin_operations_are_for_admins() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for (method, path) in
        [("GET", "/user/list"), ("PUT", "/user/disable"), ("PUT", "/user/enable"), ("POST", "/user/register/batch")]
    {
        let method: actix_web::http::Method = method.parse().unwrap();
        let res = alice.admin_api.request(method, path).json(&json!({"list": [alice.id]})).send().await;
        assert_eq!(res.line(), "json | 200 | 10010 | no permission", "{path}");
    }
    alice.v1.get("/v1/user/info").send().await.assert_ok();
}

#[actix_web::test]
async fn tokens_are_accepted_only_verbatim_and_in_their_header() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let outsider = t.anon().header("app_id", "default");
    let flipped =
        alice.token.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
    let changed = [
        flipped.collect(),
        alice.token[1..].to_owned(),
        format!("{}x", alice.token),
        format!("Bearer {}", alice.token),
    ];

    for token in
        changed.iter().map(String::as_str).chain(["x", "adm-x", "null", "00000000-0000-0000-0000-000000000000"])
    {
        let res = outsider.get(PROFILE).header("access-token", token).send().await;
        assert_eq!(res.line(), "json | 200 | 10008 | access-token invalid", "{token}");
        let res = t.anon().get("/v1/user/info").header("token", token).send().await;
        assert_eq!(res.line(), "protobuf | 200 | -101 | 未登录", "{token}");
    }
    for res in [
        outsider.get(&format!("{PROFILE}?access-token={}&token={}", alice.token, alice.token)).send().await,
        outsider.get(PROFILE).header("cookie", &format!("access-token={}", alice.token)).send().await,
        outsider.get(PROFILE).header("authorization", &format!("Bearer {}", alice.token)).send().await,
        outsider.get(PROFILE).header("access-token", "").send().await,
    ] {
        res.assert_line("json | 200 | 10003 | access-token header missing");
    }
    for res in [
        t.anon().get(&format!("/v1/user/info?token={}", alice.token)).send().await,
        t.anon().get("/v1/user/info").header("cookie", &format!("token={}", alice.token)).send().await,
        t.anon().get("/v1/user/info").header("access-token", &alice.token).send().await,
    ] {
        res.assert_line("protobuf | 200 | -101 | 未登录");
    }
    let upper = t.anon().header("APP_ID", "default").header("Access-Token", &alice.token);
    upper.get(PROFILE).send().await.assert_ok();
}

#[actix_web::test]
async fn malformed_headers_are_refused_from_every_caller() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let id = alice.id.to_string();

    for client in [&admin, &alice.admin_api] {
        for name in ["user_id", "group_id"] {
            for value in ["+1", "-1", "01", "1e3", "1.0", "0", "x", "1 2", "9007199254740992", "99999999999999999999"] {
                let res = client.get(PROFILE).header(name, value).send().await;
                let expected = format!("json | 200 | 10002 | invalid request parameter: {name} is malformed");
                assert_eq!(res.line(), expected, "{name}: {value}");
            }
            let res = client.get(PROFILE).header(name, &id).header(name, &id).send().await;
            res.assert_line(&format!("json | 200 | 10002 | invalid request parameter: {name} is malformed"));
        }
        let twice = client.get(PROFILE).header("app_id", "default").send().await;
        twice.assert_line("json | 200 | 10002 | invalid request parameter: app_id is malformed");
    }
    let body = json!({"username": "bob", "password": "x", "name": "bob"});
    for path in ["/user/register/v2", "/token/user"] {
        let outsider = t.anon().header("app_id", "default").header("user_id", "01");
        let res = outsider.post(path).json(&body).send().await;
        res.assert_line("json | 200 | 10002 | invalid request parameter: user_id is malformed");
    }
    let twice = alice.v1.get("/v1/user/info").header("token", &alice.token).send().await;
    twice.assert_line("protobuf | 200 | -101 | 未登录");
    for app in ["a b", "é", "../x"] {
        let res = t.anon().header("app_id", app).get(PROFILE).send().await;
        assert_eq!(res.code(), 10002, "{app}");
    }
}

#[actix_web::test]
async fn tenants_are_isolated_from_each_other() {
    let t = TestApp::new().await;
    let (admin_a, admin_b) = (t.admin_of("a").await, t.admin_of("b").await);
    let (alice, bob) = (t.user_of("a", "alice").await, t.user_of("b", "bob").await);

    for (client, here, there) in [(&admin_a, &alice, &bob), (&admin_b, &bob, &alice)] {
        let other_app = if here.id == alice.id { "b" } else { "a" };
        // Any kind of token is unknown to another tenant.
        for foreign in [client, &here.admin_api] {
            let foreign = foreign.clone().header("app_id", other_app);
            for id in [here.id, there.id] {
                let res = foreign.get(PROFILE).header("user_id", &id.to_string()).send().await;
                res.assert_line("json | 200 | 10008 | access-token invalid");
            }
            foreign.get("/user/list").send().await.assert_line("json | 200 | 10008 | access-token invalid");
            foreign
                .put("/user/disable")
                .json(&json!({"list": [there.id]}))
                .send()
                .await
                .assert_line("json | 200 | 10008 | access-token invalid");
        }
        here.v1
            .clone()
            .header("app_id", other_app)
            .get("/v1/user/info")
            .send()
            .await
            .assert_line("protobuf | 200 | -101 | 未登录");
        // A user of another tenant does not exist.
        let as_other = client.clone().header("user_id", &there.id.to_string());
        as_other.get(PROFILE).send().await.assert_line("json | 200 | 10000 | user does not exist");
        as_other.put("/user/nickname?nick_name=x").send().await.assert_line("json | 200 | 10000 | user does not exist");
        for path in ["/user/disable", "/user/enable"] {
            let res = client.put(path).json(&json!({"list": [there.id]})).send().await;
            res.assert_line("json | 200 | 10000 | user does not exist");
        }
        let res = here.v1.post("/v1/user/get-user").json(&json!({"userId": there.id})).send().await;
        res.assert_line("json | 200 | -1 | 该用户不存在");
        let listed = client.get("/user/list").send().await.json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(listed["data"][0]["user_id"], here.id);
    }
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    bob.v1.get("/v1/user/info").send().await.assert_ok();
}

#[actix_web::test]
async fn an_admin_token_is_invalid_once_revoked_or_expired() {
    let t = TestApp::new().await;
    let make = async |name: &str, days: Option<i64>| {
        let lifetime_ms = days.map(|days| days * DAY_MS);
        let token = tenants::create_admin_token(&t.gateway, &command_line("default"), name, lifetime_ms).await.unwrap();
        t.anon().header("app_id", "default").header("access-token", token.reveal())
    };
    let (forever, short, revoked) =
        (make("forever", None).await, make("short", Some(90)).await, make("bad", None).await);
    let again = tenants::create_admin_token(&t.gateway, &command_line("default"), "forever", None).await;
    assert!(matches!(again, Err(domain::Error::NameTaken)));

    assert!(tenants::revoke_admin_token(&t.gateway, &command_line("default"), "bad".to_owned()).await.unwrap());
    assert!(!tenants::revoke_admin_token(&t.gateway, &command_line("default"), "bad".to_owned()).await.unwrap());
    let ended = "json | 200 | 402 | access-token no longer valid, log in again";
    revoked.get("/user/list").send().await.assert_line(ended);
    short.get("/user/list").send().await.assert_ok();
    t.clock.advance(90 * DAY_MS);
    short.get("/user/list").send().await.assert_line(ended);
    forever.get("/user/list").send().await.assert_ok();
}

#[actix_web::test]
async fn the_caller_is_authenticated_before_the_request_is_validated() {
    let t = TestApp::new().await;
    let outsider = t.anon().header("app_id", "default");

    let res = outsider.put("/user/disable").body("{broken").send().await;
    res.assert_line("json | 200 | 10003 | access-token header missing");
    let res = t.anon().post("/v1/user/edit-nickname").body("{broken").send().await;
    res.assert_line("json | 200 | -101 | 未登录");
}
