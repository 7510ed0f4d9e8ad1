//! What the gateway lets out: it fetches no URL (security.md 37), a line of the log stays one line, and an error tells
//! its request id and nothing of the inside (security.md 38).

use std::{io::ErrorKind, net::TcpListener};

use actix_web::http::Method;
use diglot::transport::pb;
use serde_json::json;

use crate::support::{Client, Res, TestApp, keep_log, logged};

#[actix_web::test]
async fn no_url_that_anybody_sets_is_ever_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/a.png", listener.local_addr().unwrap());
    let t = TestApp::new().await;
    let (alice, admin) = (t.user("alice").await, t.admin().await);
    let batch = json!({"list": [{"user_id": alice.id, "avatar": url}]});
    for (client, path, body) in [
        (&alice.v1, "/v1/user/edit-avatar", json!({"avatarUrl": url})),
        (&alice.admin_api, "/user/avatar", json!({"avatar": url})),
        (&admin, "/user/avatar/batch", batch),
        (&admin, "/admin/v1/medals/define", json!({"name": "m", "image_url": url})),
        (&admin, "/admin/v1/medals/grant", json!({"user_id": alice.id, "medal_id": 1})),
        (&admin, "/admin/v1/categories/create", json!({"name": "c"})),
        (&admin, "/admin/v1/groups/create", json!({"nickname": "g", "category": "c", "avatar_url": url})),
        (&admin, "/admin/v1/bots/create", json!({"nickname": "b", "avatar_url": url})),
    ] {
        client.post(path).json(&body).send().await.assert_ok();
    }
    let shown = [
        t.anon().post("/v1/user/get-user").json(&json!({"userId": alice.id.to_string()})).send().await,
        t.anon().get(&format!("/v1/user/homepage?userId={}", alice.id)).send().await,
        alice.v1.get("/v1/user/info").header("accept", "application/json").send().await,
        alice.v1.post("/v1/user/medal").header("accept", "application/json").send().await,
        alice.v1.post("/v1/user/recommend-list").json(&json!({})).send().await,
        alice.v1.post("/v1/user/recommend").json(&json!({})).send().await,
        alice.admin_api.get("/user/profile").send().await,
        alice.admin_api.get("/roster/name?username=alice").send().await,
    ];
    for res in shown {
        assert!(String::from_utf8_lossy(&res.body).contains(&url), "{}", res.line());
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    // A connection would wait to be accepted, whoever had made it.
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// Requests with a line break in every place that a client controls.
async fn break_lines(client: &Client, token: &str) {
    let edit = "/v1/user/edit-nickname";
    let user = client.clone().header("token", token);
    let proto = pb::EditNicknameRequest { name: "a\nb\r\n[fake".to_owned() };
    let bodies =
        ["{\"nickname\":\"a\\nb\"}", "{\"nickname\":{\"a\\nb\":1}}", "{\"a\\nb\":\n\"x\n\"}", "\n\n\n", "a\nb"];
    let mut answers = vec![user.post(edit).proto(&proto).send().await];
    for body in bodies {
        answers.push(user.post(edit).body(body).send().await);
        answers.push(client.clone().header("access-token", token).put("/user/profile").body(body).send().await);
        answers.push(client.post("/token/user").body(body).send().await);
    }
    for query in ["a%0Ab", "%0d%0a=%0d%0a", "userId=1%0A&userId=2%0A"] {
        for path in ["/v1/user/homepage", "/v1/user/get-token", "/roster/name", "/nowhere%0A"] {
            answers.push(client.get(&format!("{path}?{query}")).send().await);
        }
    }
    // The bytes that a header's value may have and that act on a terminal or a log reader.
    for name in
        ["user-agent", "token", "app_id", "access-token", "user_id", "accept", "accept-language", "content-type"]
    {
        for value in ["a\tb", "a\u{85}b", "a\u{2028}b", "a\u{9b}31mb"] {
            let request = client.request(Method::POST, edit).header(name, value).body("x");
            answers.push(request.send().await);
        }
    }
    for res in answers {
        assert!(res.status.as_u16() < 500, "{}", res.line());
    }
}

#[actix_web::test]
async fn a_line_break_in_anything_that_a_client_sends_stays_one_log_line() {
    keep_log();
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let id = "line-breaks-of-a-client";
    break_lines(&t.anon().header("x-request-id", id).header("app_id", "default"), &alice.token).await;

    let lines = logged(id);
    assert!(lines.len() > 50, "{lines:?}");
    for line in lines {
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{2028}'), "{line:?}");
    }
}

/// What no answer may contain, in lower case.
const INSIDE: [&str; 17] = [
    "select",
    "insert",
    "update ",
    "from ",
    "table",
    "column",
    "relation",
    "sql",
    "postgres",
    "redis",
    "diesel",
    "src/",
    ".rs",
    "panick",
    "backtrace",
    "stack",
    "damaged",
];

#[track_caller]
fn assert_discreet(res: &Res, id: &str) {
    let body = String::from_utf8_lossy(&res.body).to_lowercase();
    for word in INSIDE {
        assert!(!body.contains(word), "{word}: {body}");
    }
    assert_eq!(res.header("x-request-id"), id);
    let headers = format!("{:?}", res.headers).to_lowercase();
    assert!(!headers.contains("sql") && !headers.contains("diesel"), "{headers}");
}

#[actix_web::test]
async fn an_internal_error_shows_its_request_id_and_nothing_of_its_cause_which_is_logged() {
    keep_log();
    let t = TestApp::new().await;
    let (alice, admin) = (t.user("alice").await, t.admin().await);
    for table in ["user_medals", "settings", "personal_data", "coin_ledger", "push_tags", "recommended_bots", "ads"] {
        t.execute(&format!("DROP TABLE {table}")).await.unwrap();
    }
    for (number, (client, method, path)) in [
        (&alice.v1, Method::POST, "/v1/user/medal"),
        (&alice.v1, Method::POST, "/v1/user/recommend"),
        (&alice.v1, Method::POST, "/v1/user/get-user-data"),
        (&alice.v1, Method::POST, "/v1/user/get-user-show-adv"),
        (&alice.v1, Method::POST, "/v1/user/gold-coin-increase-decrease-record"),
        (&alice.admin_api, Method::GET, "/user/settings"),
        (&alice.admin_api, Method::GET, "/user/push/tag"),
        (&admin, Method::GET, "/admin/v1/bots/list"),
        (&admin, Method::GET, "/admin/v1/ads/get"),
    ]
    .into_iter()
    .enumerate()
    {
        for accept in ["application/json", "application/x-protobuf"] {
            let id = format!("internal-{number}-{}", accept.len());
            let request = client.clone().header("x-request-id", &id).request(method.clone(), path);
            let res = request.header("accept", accept).send().await;
            assert!(res.status.is_server_error(), "{path}: {}", res.line());
            assert_discreet(&res, &id);
            if res.header("content-type") == "application/x-protobuf" {
                assert_ne!(res.proto::<pb::StatusResponse>().status.unwrap().number, 0);
            }
            let causes = logged(&format!("request {id}: {path}: "));
            assert!(causes.len() == 1 && !causes[0].contains('\n'), "{causes:?}");
        }
    }
}

#[actix_web::test]
async fn a_refusal_shows_its_request_id_and_nothing_of_the_inside() {
    let t = TestApp::new().await;
    let (alice, admin) = (t.user("alice").await, t.admin().await);
    t.user("bob").await;
    let id = "refused-1";
    let taken = json!({"username": "bob", "password": "another one"});
    for (client, method, path, body) in [
        (&alice.v1, Method::POST, "/v1/user/edit-nickname", "{\"nickname\":7}"),
        (&alice.v1, Method::POST, "/v1/user/edit-nickname", "{\"nickname\":\"'; DROP TABLE users; --\u{0}\"}"),
        (&alice.v1, Method::POST, "/v1/user/edit-nickname", "\u{1a}\u{7f}x"),
        (&alice.v1, Method::POST, "/v1/user/recommend-list", "{\"page\":99999999999999999999}"),
        (&alice.v1, Method::PUT, "/v1/user/info", ""),
        (&alice.v1, Method::GET, "/v1/nowhere", ""),
        (&alice.admin_api, Method::GET, "/user/push/../../etc/passwd", ""),
        (&alice.admin_api, Method::PUT, "/user/username?username=bob", ""),
        (&alice.admin_api, Method::GET, "/user/list", ""),
        (&admin, Method::GET, "/user/list?page_num=99999999999999999999", ""),
        (&admin, Method::POST, "/user/register/v2", &*taken.to_string()),
        (
            &admin,
            Method::POST,
            "/admin/v1/medals/grant",
            "{\"user_id\":9007199254740991,\"medal_id\":9007199254740991}",
        ),
    ] {
        let client = client.clone().header("x-request-id", id);
        let res = client.request(method, path).body(body.to_owned()).send().await;
        assert!(res.status.as_u16() < 500 && !matches!(res.code(), 1 | 200), "{path}: {}", res.line());
        assert_discreet(&res, id);
    }
}
