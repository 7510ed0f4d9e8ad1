//! Logins and their protection against guessing (security.md 1–12).

use diesel::{RunQueryDsl as _, sql_types::Text};
use diglot::{
    hashing::{Hashing, HashingError},
    transport::pb,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Client, DAY_MS, MINUTE_MS, PASSWORD, Res, TestApp, User, keep_log, logged};

const REFUSED: &str = "json | 200 | 402 | Operation rejected: wrong name or password";

async fn login(client: &Client, name: &str, password: &str) -> Res {
    let body = json!({"name": name, "password": password});
    client.clone().header("app_id", "default").post("/token/user").json(&body).send().await
}

async fn v1_login(client: &Client, email: &str, password: &str) -> Res {
    client.post("/v1/user/email-login").json(&json!({"email": email, "password": password})).send().await
}

#[actix_web::test]
async fn both_apis_share_sessions() {
    let t = TestApp::new().await;
    let alice = t.user("Alice").await;

    let by_v1 = v1_login(&t.anon(), "alice", PASSWORD).await.json()["data"]["token"].as_str().unwrap().to_owned();
    let res = login(&t.anon(), "ALICE", PASSWORD).await.json();
    let (by_admin_api, expire) = (res["data"]["token"].as_str().unwrap(), res["data"]["expire"].as_i64().unwrap());
    assert_eq!(expire, crate::support::START_MS + 180 * DAY_MS);
    for token in [by_v1.as_str(), by_admin_api] {
        let lengths: Vec<usize> = token.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        let info: pb::InfoResponse = t.anon().get("/v1/user/info").header("token", token).send().await.proto();
        assert_eq!(info.data.unwrap().id, alice.id.to_string());
        let client = t.anon().header("app_id", "default").header("access-token", token);
        assert_eq!(client.get("/user/profile").send().await.json()["data"]["user_id"], alice.id);
    }
}

#[actix_web::test]
async fn unknown_names_and_wrong_passwords_get_the_same_answer() {
    let t = TestApp::new().await;
    let (_, admin) = (t.user("alice").await, t.admin().await);
    let mallory = t.user("mallory").await;
    admin.put("/user/disable").json(&json!({"list": [mallory.id]})).send().await.assert_ok();
    let answer = |res: Res| (res.status, res.body);

    let client = t.anon().header("x-request-id", "1");
    let wrong = answer(login(&client, "alice", "wrong").await);
    for (name, password) in
        [("nobody", "wrong"), ("nobody@example.com", PASSWORD), ("mallory", "wrong"), ("no name", "x")]
    {
        assert_eq!(answer(login(&client, name, password).await), wrong, "{name}");
    }
    login(&client, "mallory", PASSWORD)
        .await
        .assert_line("json | 200 | 402 | Operation rejected: the account is disabled");
    let wrong = answer(v1_login(&client, "alice", "wrong").await);
    assert_eq!(answer(v1_login(&client, "nobody", "wrong").await), wrong);
    v1_login(&client, "alice", "wrong").await.assert_line("json | 200 | -1 | 账号或密码错误");
}

#[actix_web::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let t = TestApp::with(|config| {
        config.bcrypt_cost = 9;
        config.reloadable.login_tries_per_source = 1000;
        config.reloadable.login_tries_per_account = 1000;
    })
    .await;
    let alice = t.user("alice").await;
    let time = async |name: &str| {
        let started = std::time::Instant::now();
        login(&t.anon(), name, "wrong").await.assert_line(REFUSED);
        started.elapsed().as_secs_f64()
    };
    let current = stored_hash(&t, &alice).await;
    let cheap = format!("hmac-sha256:{}", bcrypt::hash("x", 5).unwrap());

    // This also holds if the stored hash has another cost or is corrupt.
    for stored in [current, cheap, bcrypt::hash("x", 7).unwrap(), "damaged".to_owned()] {
        set_stored_hash(&t, &alice, &stored).await;
        // The minimum of many alternating attempts, and of more while other load on the machine distorts it.
        let (mut known, mut unknown) = (f64::MAX, f64::MAX);
        let is_alike = |known: f64, unknown: f64| unknown > known / 1.4 && unknown < known * 1.4;
        for attempt in 0..100 {
            if attempt >= 15 && is_alike(known, unknown) {
                break;
            }
            known = known.min(time("alice").await);
            unknown = unknown.min(time("nobody").await);
        }
        assert!(is_alike(known, unknown), "{stored}: known {known} s, unknown {unknown} s");
    }
}

#[actix_web::test]
async fn ten_failed_logins_lock_an_account_for_the_rest_of_15_minutes() {
    let t = TestApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
    let alice = t.user("alice").await;

    for _ in 0..10 {
        login(&t.anon(), "alice", "wrong").await.assert_line(REFUSED);
    }
    t.clock.advance(MINUTE_MS);
    let res = login(&t.anon(), "Alice", PASSWORD).await;
    res.assert_line("json | 200 | 402 | Operation rejected: too many failed logins, try again in 840 seconds");
    assert_eq!(res.header("retry-after"), "840");
    let res = v1_login(&t.anon(), "alice", PASSWORD).await;
    res.assert_line("json | 200 | -1 | 登录失败次数过多，请 840 秒后再试");
    // Its owner stays logged in, and other accounts are not affected.
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    t.user("bob").await.v1.get("/v1/user/info").send().await.assert_ok();
    t.clock.advance(14 * MINUTE_MS);
    login(&t.anon(), "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn a_successful_login_resets_the_failure_count() {
    let t = TestApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();

    for _ in 0..3 {
        for _ in 0..9 {
            login(&t.anon(), "alice", "wrong").await.assert_line(REFUSED);
        }
        login(&t.anon(), "alice", PASSWORD).await.assert_ok();
    }
}

#[actix_web::test]
async fn ten_failed_logins_lock_a_source_regardless_of_names() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let (bad, good) = (t.anon().from("198.51.100.1"), t.anon().from("198.51.100.2"));

    for round in 0..10 {
        login(&bad, &format!("name{round}"), "wrong").await.assert_line(REFUSED);
    }
    assert!(login(&bad, "alice", PASSWORD).await.line().contains("too many failed logins"));
    login(&good, "alice", PASSWORD).await.assert_ok();
    // Successful logins do not count.
    for _ in 0..20 {
        login(&good, "alice", PASSWORD).await.assert_ok();
    }
}

#[actix_web::test]
async fn a_name_that_resembles_a_login_key_locks_no_account() {
    let t = TestApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
    let alice = t.user("alice").await;

    for name in [format!("#{}", alice.id), format!("user:{}", alice.id), format!("name:{}", alice.id)] {
        for _ in 0..11 {
            assert_eq!(login(&t.anon(), &name, "wrong").await.code(), 402);
        }
    }
    login(&t.anon(), "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn a_stale_token_does_not_affect_a_login() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();

    let client = t.anon().header("access-token", "stale").header("token", "stale");
    login(&client, "alice", PASSWORD).await.assert_ok();
    v1_login(&client, "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn concurrent_attempts_do_not_exceed_the_limit() {
    let t = TestApp::with(|config| {
        config.reloadable.login_tries_per_source = 1000;
        config.hashing_threads = 8.try_into().unwrap();
    })
    .await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let client = t.anon();

    let mut compared = 0;
    for _ in 0..3 {
        let results = join_all((0..50).map(|_| login(&client, "alice", "wrong"))).await;
        compared += results.iter().filter(|res| res.line() == REFUSED).count();
    }
    assert_eq!(compared, 10);
    assert!(login(&client, "alice", PASSWORD).await.line().contains("too many failed logins"));
}

#[actix_web::test]
async fn concurrent_successful_logins_lock_no_account() {
    let t = TestApp::with(|config| config.hashing_threads = 8.try_into().unwrap()).await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let client = t.anon();

    let results = join_all((0..60).map(|_| login(&client, "alice", PASSWORD))).await;
    assert!(results.iter().all(|res| res.code() == 200 || res.status == 429));
    // Concurrent logins are admitted one after the other, as long as they fit into the time limit.
    assert!(results.iter().filter(|res| res.code() == 200).count() > 10);
    login(&client, "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn a_locked_source_does_not_count_against_accounts() {
    let t = TestApp::new().await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let bad = t.anon().from("198.51.100.1");

    for round in 0..10 {
        login(&bad, &format!("name{round}"), "wrong").await.assert_line(REFUSED);
    }
    for _ in 0..20 {
        assert!(login(&bad, "alice", "wrong").await.line().contains("too many failed logins"));
    }
    login(&t.anon(), "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn a_burst_of_logins_is_refused_quickly_and_counts_as_no_failure() {
    let t = TestApp::with(|config| {
        config.bcrypt_cost = 8;
        config.hashing_threads = 1.try_into().unwrap();
        config.reloadable.login_tries_per_source = 1000;
    })
    .await;
    for n in 0..20 {
        t.user(&format!("user{n}")).await.v1.get("/v1/user/info").send().await.assert_ok();
    }
    let names: Vec<String> = (0..200).map(|n| format!("user{}", n % 20)).collect();
    let client = t.anon();

    let results = join_all(names.iter().map(|name| login(&client, name, PASSWORD))).await;
    let busy: Vec<&Res> = results.iter().filter(|res| res.status == 429).collect();
    let done = results.iter().filter(|res| res.code() == 200).count();
    assert_eq!(busy.len() + done, 200);
    assert!(busy.len() > 100, "{} busy", busy.len());
    assert_eq!(busy[0].line(), "json | 429 | 429 | the server is busy, try again shortly");
    assert_eq!(busy[0].header("retry-after"), "1");
    login(&t.anon(), "user0", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn the_source_is_the_peer_unless_a_trusted_proxy_forwards_another() {
    let t = TestApp::with(|config| {
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        config.reloadable.login_tries_per_source = 1;
    })
    .await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let from = |peer: &str, forwarded: &str| t.anon().from(peer).header("x-forwarded-for", forwarded);
    let is_locked = async |client: Client| login(&client, "x", "y").await.line().contains("too many");

    // A client that is not a trusted proxy can't forge its source.
    assert!(!is_locked(from("198.51.100.1", "1.1.1.1")).await);
    assert!(is_locked(from("198.51.100.1", "2.2.2.2")).await);
    // Behind trusted proxies, the source is the rightmost hop that is not one of them.
    assert!(!is_locked(from("10.0.0.1", "9.9.9.9, 198.51.100.9, 10.0.0.2")).await);
    assert!(is_locked(from("10.0.0.1", "8.8.8.8, 198.51.100.9, 10.0.0.3")).await);
    assert!(!is_locked(from("10.0.0.1", "198.51.100.9, 198.51.100.8")).await);
    assert!(!is_locked(from("10.0.0.1", "nonsense")).await);
    assert!(is_locked(from("10.0.0.1", "more nonsense")).await);
    // Addresses may have a port or brackets; a malformed hop hides those to its left, which the client may have forged.
    assert!(!is_locked(from("10.0.0.1", "198.51.100.20:4321")).await);
    assert!(is_locked(from("10.0.0.1", "198.51.100.20")).await);
    assert!(!is_locked(from("10.0.0.1", "[2001:db8::1]")).await);
    assert!(is_locked(from("10.0.0.1", "[2001:db8::2]:80")).await);
    assert!(is_locked(from("10.0.0.1", "7.7.7.7, \u{e9}")).await);
}

async fn stored_hash(t: &TestApp, user: &User) -> String {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        password_hash: String,
    }
    let id = user.id;
    let sql = format!("SELECT password_hash FROM users WHERE id = {id}");
    let read = t.gateway.db.read::<_, diglot::store::StoreError>(move |conn| {
        Ok(diesel::sql_query(sql).get_result::<Row>(conn)?.password_hash)
    });
    read.await.unwrap()
}

async fn set_stored_hash(t: &TestApp, user: &User, hash: &str) {
    t.execute(&format!("UPDATE users SET password_hash = '{hash}' WHERE id = {}", user.id)).await.unwrap();
}

#[actix_web::test]
async fn a_login_renews_an_outdated_or_imported_hash() {
    let t = TestApp::with(|config| config.bcrypt_cost = 5).await;
    let alice = t.user("alice").await;
    assert!(stored_hash(&t, &alice).await.starts_with("hmac-sha256:$2b$05$"));

    for outdated in ["$2b$04$", "$2y$04$"] {
        let plain = bcrypt::hash(PASSWORD, 4).unwrap().replace("$2b$04$", outdated);
        set_stored_hash(&t, &alice, &plain).await;
        assert_eq!(login(&t.anon(), "alice", "wrong").await.code(), 402);
        assert_eq!(stored_hash(&t, &alice).await, plain);
        login(&t.anon(), "alice", PASSWORD).await.assert_ok();
        assert!(stored_hash(&t, &alice).await.starts_with("hmac-sha256:$2b$05$"));
    }
    let mut cheaper = t.gateway.config.clone();
    cheaper.bcrypt_cost = 6;
    let t6 = t.node_with(cheaper).await;
    login(&t6.anon(), "alice", PASSWORD).await.assert_ok();
    assert!(stored_hash(&t, &alice).await.starts_with("hmac-sha256:$2b$06$"));
    login(&t.anon(), "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn concurrent_logins_with_an_outdated_hash_are_not_refused_as_wrong() {
    let t = TestApp::with(|config| config.hashing_threads = 4.try_into().unwrap()).await;
    let alice = t.user("alice").await;
    set_stored_hash(&t, &alice, &bcrypt::hash(PASSWORD, 4).unwrap()).await;
    let client = t.anon();

    let results = join_all((0..10).map(|_| login(&client, "alice", PASSWORD))).await;
    assert!(results.iter().all(|res| res.code() == 200 || res.status == 429));
    assert!(results.iter().any(|res| res.code() == 200));
    login(&client, "alice", PASSWORD).await.assert_ok();
}

#[actix_web::test]
async fn a_corrupt_hash_refuses_the_login_without_a_panic() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for damaged in ["", "x", "hmac-sha256:", "hmac-sha256:$2b$04$short", "$2b$99$......................"] {
        set_stored_hash(&t, &alice, damaged).await;
        assert_eq!(login(&t.anon(), "alice", PASSWORD).await.line(), REFUSED, "{damaged}");
    }
}

#[actix_web::test]
async fn a_hashing_thread_survives_a_panic() {
    let hashing = Hashing::start(1.try_into().unwrap()).unwrap();

    for _ in 0..3 {
        assert_eq!(hashing.run(|| panic!("on purpose")).await, Err::<(), _>(HashingError::Gone));
    }
    assert_eq!(hashing.run(|| 7).await, Ok(7));
    assert_eq!(hashing.run_in_turn(|| 8).await, Ok(8));
}

#[actix_web::test]
async fn passwords_and_tokens_are_never_logged() {
    keep_log();
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let wrong = "a wrong and secret password";
    login(&t.anon(), "alice", wrong).await.assert_line(REFUSED);
    login(&t.anon(), wrong, wrong).await.assert_line(REFUSED);
    let res = t.anon().get(&format!("/v1/user/info?token={}", alice.token)).header("token", "x").send().await;
    res.assert_line("protobuf | 200 | -101 | 未登录");
    admin.get("/user/list").send().await.assert_ok();
    // A number in place of text is reported, but its value is not logged.
    let number = json!({"email": "a@b.example", "password": 86_753_091, "name": "alice"});
    let anon = t.anon().header("app_id", "default");
    assert_eq!(anon.post("/token/user").json(&number).send().await.code(), 10002);
    assert_eq!(anon.post("/v1/user/email-login").json(&number).send().await.code(), 1100);
    assert!(!logged("password is of the wrong type").is_empty());

    assert!(!logged("/v1/user/info").is_empty());
    for secret in [PASSWORD, wrong, &alice.token, "adm-", "86753091"] {
        assert_eq!(logged(secret), [""; 0]);
    }
}

#[actix_web::test]
async fn a_line_break_in_a_request_stays_one_log_line() {
    keep_log();
    let t = TestApp::new().await;
    t.anon()
        .get("/v1/user/a%0Ab%0d")
        .header("x-request-id", "x")
        .send()
        .await
        .assert_line("json | 404 | -1 | 接口不存在");

    let lines = logged("a%0Ab%0d");
    assert!(lines.len() == 1 && !lines[0].contains('\n'), "{lines:?}");
}

#[actix_web::test]
async fn logins_are_audited_with_their_result() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    login(&t.anon().from("198.51.100.1").header("x-request-id", "try-1"), "alice", "wrong").await.assert_line(REFUSED);

    let rows = t.audit_rows().await;
    let tell = |row: &crate::support::AuditRow| (row.action.clone(), row.target.clone(), row.result.clone());
    let id = alice.id.to_string();
    assert!(rows.iter().any(|row| tell(row) == ("session.login".into(), id.clone(), "ok".into())));
    let failed = rows.last().unwrap();
    assert_eq!(tell(failed), ("session.login".into(), id, "login refused".into()));
    assert_eq!((failed.address.as_str(), failed.request_id.as_str()), ("198.51.100.1", "try-1"));
}
