//! The ways in, each of which applies the same rules (security.md 5–7, 10): a login with a password on `/token/…` and `/app/token…` or with
//! an e-mail address, with a code by SMS, with another token, and on the socket.

use std::{net::SocketAddr, sync::mpsc};

use actix_web::rt::spawn;
use diglot::transport::Stop;
use futures_util::{SinkExt as _, StreamExt as _, stream::FuturesUnordered};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    sockets::{PATIENCE, Socket, listen},
    support::{Client, CodeApp, MINUTE_MS, PASSWORD, Res, TestApp, User, keep_log, logged},
};

const WAYS: [&str; 9] = [
    "/token/user",
    "/token/id",
    "/token/login",
    "/app/token",
    "/app/token_id",
    "/v1/user/email-login",
    "/v1/user/verification-login",
    "/v1/user/get-token",
    "socket",
];

/// What became of an attempt to get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A new session, or an accepted socket.
    In,
    /// A wrong name, password or code, without saying which.
    Wrong,
    /// Too many failed logins.
    Locked,
    /// The right password or code of a disabled account.
    Disabled,
    /// A token that is not valid.
    NoSession,
}

/// A gateway with another tenant, a socket listener, and any number of accounts.
struct Fixture {
    codes: CodeApp,
    address: SocketAddr,
    stop: Stop,
    admin: Client,
}

/// An account that could use every way in, and a live session of it.
struct Account {
    user: User,
    name: String,
    email: String,
    mobile: String,
}

impl Fixture {
    async fn new() -> Self {
        let codes = CodeApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
        codes.t.admin_of("other").await;
        let (address, stop) = listen(&codes.t);
        let admin = codes.t.admin().await;
        Self { codes, address, stop, admin }
    }

    async fn account(&self, number: u32) -> Account {
        let (name, email) = (format!("user_{number}"), format!("user_{number}@mail.example"));
        let mobile = format!("+4930123456{number}");
        let user = self.codes.mail_user(&name, &email).await;
        let code = self.codes.sms_code(&user.v1, &mobile).await;
        let body = json!({"phone": mobile, "captcha": code});
        user.v1.post("/v1/user/bing-phone").json(&body).send().await.assert_ok();
        self.codes.t.clock.advance(MINUTE_MS);
        Account { user, name, email, mobile }
    }

    /// Tries one way into an account with the right password, code or token, as a client of `app`.
    async fn enter(&self, way: &str, app: &str, account: &Account) -> End {
        self.try_way(way, app, account, PASSWORD).await.1
    }

    /// As [`Self::enter`], with that password; also returns the answer.
    async fn try_way(&self, way: &str, app: &str, account: &Account, password: &str) -> (Option<Res>, End) {
        let client = self.codes.t.anon().header("app_id", app);
        let Account { user, name, email, mobile } = account;
        let body = match way {
            "/token/user" | "/app/token" => json!({"name": name, "password": password}),
            "/token/id" | "/app/token_id" => json!({"user_id": user.id, "password": password}),
            "/token/login" => json!({"login_name": mobile, "password": password}),
            "/v1/user/email-login" => json!({"email": email, "password": password}),
            "/v1/user/verification-login" => {
                let code = self.codes.sms_code(&self.codes.t.anon(), mobile).await;
                self.codes.t.clock.advance(MINUTE_MS);
                json!({"mobile": mobile, "captcha": code})
            }
            "/v1/user/get-token" => {
                let res = client.get(&format!("{way}?token={}", user.token)).send().await;
                let end = end_of(&res.line());
                return (Some(res), end);
            }
            _ => return (None, self.socket(app, account).await),
        };
        let res = client.post(way).json(&body).send().await;
        let end = end_of(&res.line());
        (Some(res), end)
    }

    async fn socket(&self, app: &str, account: &Account) -> End {
        let mut socket = Socket::open(self.address, &format!("/ws?app_id={app}")).await;
        socket.log_in(&account.user.id.to_string(), &account.user.token).await;
        // Fails if the gateway has closed the socket already.
        let heartbeat = json!({"seq": "1", "cmd": "heartbeat", "data": {}}).to_string();
        drop(socket.0.send(Message::text(heartbeat)).await);
        end_of(&socket.next().await)
    }

    async fn lock(&self, account: &Account) {
        for _ in 0..10 {
            assert_eq!(self.try_way("/token/user", "default", account, "wrong").await.1, End::Wrong);
        }
    }

    async fn sessions(&self) -> i64 {
        self.codes.t.number("SELECT COUNT(*) AS number FROM sessions WHERE ended_at_ms IS NULL").await
    }
}

#[track_caller]
fn end_of(line: &str) -> End {
    let known = [
        ("too many failed logins", End::Locked),
        ("登录失败次数过多", End::Locked),
        ("the account is disabled", End::Disabled),
        ("该账号已被禁用", End::Disabled),
        ("wrong name or password", End::Wrong),
        ("账号或密码错误", End::Wrong),
        ("验证码错误或已过期", End::Wrong),
        ("未登录", End::NoSession),
        ("4001 login failed", End::NoSession),
        ("4002 session ended", End::NoSession),
        ("heartbeat_ack 1", End::In),
    ];
    match known.iter().find(|(text, _)| line.contains(text)) {
        Some((_, end)) => *end,
        None if ["json | 200 | 1", "json | 200 | 200"].contains(&line) => End::In,
        None => panic!("{line}"),
    }
}

#[actix_web::test]
async fn every_way_in_refuses_locked_disabled_deleted_and_foreign_accounts() {
    use End::{Disabled, In, Locked, NoSession, Wrong};
    let fixture = Fixture::new().await;
    // By column: active, locked, disabled, disabled by SQL (which ends no session), deleted, another tenant's.
    let expected: [[End; 6]; 9] = [
        [In, Locked, Disabled, Disabled, Wrong, Wrong],
        [In, Locked, Disabled, Disabled, Wrong, Wrong],
        [In, Locked, Disabled, Disabled, Wrong, Wrong],
        [In, Locked, Disabled, Disabled, Wrong, Wrong],
        [In, Locked, Disabled, Disabled, Wrong, Wrong],
        [In, Locked, Disabled, Disabled, Wrong, Wrong],
        // Wrong passwords do not bar those who need none. A deleted account's number creates a new account.
        [In, In, Disabled, Disabled, In, Wrong],
        [In, In, NoSession, NoSession, NoSession, NoSession],
        [In, In, NoSession, NoSession, NoSession, NoSession],
    ];
    for (number, state) in (0..).zip(["active", "locked", "disabled", "disabled by SQL", "deleted", "foreign"]) {
        let account = fixture.account(number).await;
        let id = account.user.id;
        match state {
            "locked" => fixture.lock(&account).await,
            "disabled" => fixture.admin.put("/user/disable").json(&json!({"list": [id]})).send().await.assert_ok(),
            "disabled by SQL" => {
                fixture.codes.t.execute(&format!("UPDATE users SET status = 1 WHERE id = {id}")).await.unwrap();
            }
            "deleted" => {
                let acting = fixture.admin.clone().header("user_id", &id.to_string());
                acting.post("/user/delete").send().await.assert_ok();
            }
            _ => {}
        }
        let app = if state == "foreign" { "other" } else { "default" };
        for (way, row) in WAYS.iter().zip(expected) {
            let before = fixture.sessions().await;
            let end = fixture.enter(way, app, &account).await;
            assert_eq!(end, row[number as usize], "{way}: {state}");
            let is_new = end == In && *way != "socket";
            assert_eq!(fixture.sessions().await - before, i64::from(is_new), "{way}: {state}");
        }
    }
    // The number of the deleted account was freed: its login got into another account.
    let owner = fixture.codes.t.number("SELECT MAX(id) AS number FROM users WHERE mobile LIKE '%1234564'").await;
    let deleted = fixture.codes.t.number("SELECT id AS number FROM users WHERE status = 2").await;
    assert!(owner > deleted, "{owner} {deleted}");
    fixture.stop.gracefully().await;
}

#[actix_web::test]
async fn locking_a_name_ends_no_live_session_and_does_not_prevent_an_sms_login() {
    let fixture = Fixture::new().await;
    let account = fixture.account(0).await;
    let mut socket = Socket::open(fixture.address, "/ws").await;
    socket.log_in(&account.user.id.to_string(), &account.user.token).await;
    assert_eq!(socket.heartbeat("1").await, "heartbeat_ack 1");

    fixture.lock(&account).await;
    assert_eq!(fixture.enter("/token/user", "default", &account).await, End::Locked);
    account.user.v1.get("/v1/user/info").send().await.assert_ok();
    account.user.admin_api.get("/user/profile").send().await.assert_ok();
    assert_eq!(socket.heartbeat("2").await, "heartbeat_ack 2");
    let (res, end) = fixture.try_way("/v1/user/verification-login", "default", &account, "").await;
    assert_eq!(end, End::In);
    let token = res.unwrap().json()["data"]["token"].as_str().unwrap().to_owned();
    let profile = fixture.codes.t.anon().header("app_id", "default").header("access-token", &token);
    assert_eq!(profile.get("/user/profile").send().await.json()["data"]["user_id"], account.user.id);
    // The lock stays what it was.
    assert_eq!(fixture.enter("/token/user", "default", &account).await, End::Locked);
    fixture.stop.gracefully().await;
}

/// Sends a secret where it does not belong: in bodies that can't be decoded.
async fn misplace(fixture: &Fixture, secret: &str) {
    let client = fixture.codes.t.anon().header("app_id", "default");
    for way in WAYS.iter().filter(|way| **way != "socket" && **way != "/v1/user/get-token") {
        for body in [
            format!(r#"{{"name":"x","password":"{secret}""#),
            format!(r#"{{"name":"x","password":["{secret}"],"captcha":{{"{secret}":1}}}}"#),
            format!("\u{1a}\u{7f}{secret}"),
            format!(r#"["{secret}"]"#),
        ] {
            assert!(client.post(way).body(body).send().await.status.as_u16() < 500, "{way}");
        }
    }
    let mut socket = Socket::open(fixture.address, "/ws").await;
    socket.send(format!(r#"{{"seq":"0","cmd":"login","data":{{"token":"{secret}""#)).await;
    assert_eq!(socket.next().await, "4000 malformed command");
}

#[actix_web::test]
async fn no_way_in_logs_a_password_a_token_a_code_or_a_captcha_answer() {
    keep_log();
    let fixture = Fixture::new().await;
    let (account, codes) = (fixture.account(0).await, &fixture.codes);
    let (wrong, answer, wrong_answer) = ("a wrong password, to log", "qvxwzj", "jzwxvq");
    let mut secrets: Vec<String> =
        [PASSWORD, wrong, answer, wrong_answer, &account.user.token].map(str::to_owned).into();
    for way in WAYS {
        for password in [PASSWORD, wrong] {
            let (res, _) = fixture.try_way(way, "default", &account, password).await;
            let json = res.map(|res| res.json()).unwrap_or_default();
            secrets.extend(json["data"]["token"].as_str().map(str::to_owned));
        }
        fixture.try_way(way, "other", &account, PASSWORD).await;
    }
    assert_eq!(secrets.len(), 5 + 6 + 2 + 2, "tokens were issued");
    for typed in [answer, wrong_answer] {
        let body = json!({"mobile": account.mobile, "code": typed, "id": codes.t.captcha_showing(answer).await});
        let res = codes.t.anon().post("/v1/verification/get-verification-code").json(&body).send().await;
        assert_eq!(res.code() == 1, typed == answer, "{}", res.line());
    }
    let code = codes.sms.next().code();
    codes.login("+4930999999", &code).await.assert_line("json | 200 | -1 | 验证码错误或已过期");
    codes.login(&account.mobile, &code).await.assert_ok();
    for secret in [wrong, &account.user.token, &code] {
        misplace(&fixture, secret).await;
    }

    for way in WAYS.iter().filter(|way| **way != "socket") {
        assert!(!logged(way).is_empty(), "{way}");
    }
    for secret in secrets {
        assert_eq!(logged(&secret), [""; 0]);
    }
    // Only whole numbers, since the digits may occur in a longer one.
    let is_code = |line: &String| line.split(|c: char| !c.is_ascii_digit()).any(|number| number == code);
    assert_eq!(logged("").into_iter().filter(is_code).collect::<Vec<_>>(), [""; 0]);
    fixture.stop.gracefully().await;
}

#[actix_web::test]
async fn a_damaged_hash_is_logged_without_its_content() {
    keep_log();
    let fixture = Fixture::new().await;
    let account = fixture.account(0).await;
    for (number, damaged) in ["", "x-damaged", "hmac-sha256:", "hmac-sha256:$2b$04$x-damaged"].iter().enumerate() {
        let sql = format!("UPDATE users SET password_hash = '{damaged}' WHERE id = {}", account.user.id);
        fixture.codes.t.execute(&sql).await.unwrap();
        let id = format!("damaged-hash-{number}");
        let client = fixture.codes.t.anon().header("app_id", "default").header("x-request-id", &id);
        let body = json!({"name": account.name, "password": PASSWORD});
        let res = client.post("/token/user").json(&body).send().await;
        res.assert_line("json | 200 | 402 | Operation rejected: wrong name or password");
        let lines = logged(&format!("request {id}: a stored password hash is damaged"));
        assert!(!lines.is_empty() && !lines.concat().contains("x-damaged"), "{damaged:?}: {lines:?}");
    }
    fixture.stop.gracefully().await;
}

#[actix_web::test]
async fn while_passwords_are_hashed_surplus_logins_are_refused_at_once_and_other_requests_are_served() {
    const QUEUED: usize = 2 * 8;
    let t = TestApp::with(|config| {
        config.hashing_threads = 2.try_into().unwrap();
        config.reloadable.login_tries_per_source = 1000;
    })
    .await;
    let alice = t.user("alice").await;
    // Both threads work until the test ends their work.
    let (started, starts) = mpsc::channel();
    let mut held = Vec::new();
    for _ in 0..2 {
        let (hold, end) = mpsc::channel::<()>();
        let (hashing, started) = (t.gateway.hashing.clone(), started.clone());
        spawn(async move { hashing.run(move || (started.send(()), end.recv().is_ok())).await.is_ok() });
        held.push(hold);
    }
    tokio::task::yield_now().await;
    assert!(starts.recv_timeout(PATIENCE).is_ok() && starts.recv_timeout(PATIENCE).is_ok());

    let client = t.anon().header("app_id", "default");
    let login = |n: u32| client.post("/token/user").json(&json!({"name": format!("n{n}"), "password": "x"})).send();
    let mut logins: FuturesUnordered<_> = (0..200).map(login).collect();
    let meanwhile = async {
        while logins.len() > QUEUED {
            let res = logins.next().await.unwrap();
            assert_eq!(res.line(), "json | 429 | 429 | the server is busy, try again shortly");
        }
        alice.v1.get("/v1/user/info").send().await.assert_ok();
        alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})).send().await.assert_ok();
        alice.admin_api.get("/user/settings").send().await.assert_ok();
        assert_eq!(t.anon().post("/v1/user/captcha").send().await.code(), 1);
    };
    // No password has been hashed so far: neither the refusals nor the other requests waited for one.
    tokio::time::timeout(PATIENCE, meanwhile).await.unwrap();
    drop(held);
    while let Some(res) = logins.next().await {
        res.assert_line("json | 200 | 402 | Operation rejected: wrong name or password");
    }
}
