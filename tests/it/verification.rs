//! Verification codes (behaviour.md §4, security.md 13–16, 19).

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Client, CodeApp, DAY_MS, HOUR_MS, MINUTE_MS, Res, TestApp, keep_log, logged};

const MOBILE: &str = "13812345678";
const WRONG: &str = "json | 200 | -1 | 验证码错误或已过期";

/// A code that is not `code`.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn bind(client: &Client, mobile: &str, code: &str) -> Res {
    client.post("/v1/user/bing-phone").json(&json!({"phone": mobile, "captcha": code})).send().await
}

async fn reset(t: &TestApp, email: &str, code: &str) -> Res {
    let body = json!({"email": email, "captcha": code, "password": "quite another"});
    t.anon().post("/v1/user/forget-password").json(&body).send().await
}

#[actix_web::test]
async fn an_sms_login_creates_the_account_once() {
    let codes = CodeApp::new().await;
    let client = codes.sms_user(MOBILE).await;
    let info = client.get("/v1/user/info").header("accept", "application/json").send().await.json();
    let user = &info["data"]["user"];
    assert_eq!(user["phone"], MOBILE);
    let nickname = user["nickname"].as_str().unwrap();
    assert!(nickname.starts_with("用户") && nickname.chars().count() == 10 && !nickname.contains("5678"), "{nickname}");

    let again = codes.sms_user("+8613812345678").await;
    let info = again.get("/v1/user/info").header("accept", "application/json").send().await.json();
    assert_eq!(info["data"]["user"]["userId"], user["userId"]);
}

#[actix_web::test]
async fn a_code_works_once_under_concurrent_attempts() {
    let codes = CodeApp::new().await;
    let code = codes.sms_code(&codes.t.anon(), MOBILE).await;
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");

    let logins = join_all((0..20).map(|_| codes.login(MOBILE, &code))).await;
    assert_eq!(logins.iter().filter(|res| res.code() == 1).count(), 1);
    codes.login(MOBILE, &code).await.assert_line(WRONG);
}

#[actix_web::test]
async fn five_wrong_attempts_invalidate_a_code_and_a_new_request_does_not_reset_the_count() {
    let codes = CodeApp::new().await;
    let anon = codes.t.anon();
    // Without a pending code, attempts are not counted: others can't use up the attempts of a number.
    for _ in 0..5 {
        codes.login(MOBILE, "000000").await.assert_line(WRONG);
    }
    let first = codes.sms_code(&anon, MOBILE).await;
    for _ in 0..3 {
        codes.login(MOBILE, other_than(&first)).await.assert_line(WRONG);
    }
    codes.t.clock.advance(MINUTE_MS);
    let second = codes.sms_code(&anon, MOBILE).await;
    for _ in 0..2 {
        codes.login(MOBILE, other_than(&second)).await.assert_line(WRONG);
    }
    codes.login(MOBILE, &second).await.assert_line(WRONG);
    codes.t.clock.advance(MINUTE_MS);
    let res = codes.request_sms(&anon, MOBILE).await;
    res.assert_line("json | 200 | -1 | 验证码请求过于频繁，请 240 秒后再试");
    assert_eq!(res.header("retry-after"), "240");
    codes.t.clock.advance(4 * MINUTE_MS);
    let third = codes.sms_code(&anon, MOBILE).await;
    codes.login(MOBILE, &third).await.assert_ok();
}

#[actix_web::test]
async fn no_code_survives_five_wrong_attempts_spread_over_codes_and_time() {
    let codes = CodeApp::new().await;
    let first = codes.sms_code(&codes.t.anon(), MOBILE).await;
    codes.login(MOBILE, other_than(&first)).await.assert_line(WRONG);
    codes.t.clock.advance(MINUTE_MS);
    let second = codes.sms_code(&codes.t.anon(), MOBILE).await;
    for wait_ms in [0, 0, 239_000, 0] {
        codes.t.clock.advance(wait_ms);
        codes.login(MOBILE, other_than(&second)).await.assert_line(WRONG);
    }
    codes.login(MOBILE, &second).await.assert_line(WRONG);
}

#[actix_web::test]
async fn wrong_attempts_count_for_five_minutes_after_the_last_one() {
    let codes = CodeApp::new().await;
    for _ in 0..2 {
        let code = codes.sms_code(&codes.t.anon(), MOBILE).await;
        for _ in 0..4 {
            codes.login(MOBILE, other_than(&code)).await.assert_line(WRONG);
        }
        codes.t.clock.advance(5 * MINUTE_MS);
    }
    let code = codes.sms_code(&codes.t.anon(), MOBILE).await;
    codes.login(MOBILE, other_than(&code)).await.assert_line(WRONG);
    codes.login(MOBILE, &code).await.assert_ok();
}

#[actix_web::test]
async fn code_attempts_are_rate_limited_per_source() {
    let codes = CodeApp::with(|config| config.reloadable.login_tries_per_source = 1).await;
    let body = json!({"mobile": MOBILE, "captcha": "000000"});
    let login = |from: &str| codes.t.anon().from(from).post("/v1/user/verification-login").json(&body).send();
    for _ in 0..20 {
        login("198.51.100.1").await.assert_line(WRONG);
    }
    login("198.51.100.1").await.assert_line("json | 429 | -1 | 请求过于频繁，请 900 秒后再试");
    login("198.51.100.2").await.assert_line(WRONG);
}

#[actix_web::test]
async fn a_code_is_valid_for_five_minutes_and_replaced_by_the_next() {
    let codes = CodeApp::new().await;
    let first = codes.sms_code(&codes.t.anon(), MOBILE).await;
    codes.t.clock.advance(5 * MINUTE_MS);
    codes.login(MOBILE, &first).await.assert_line(WRONG);

    let second = codes.sms_code(&codes.t.anon(), MOBILE).await;
    codes.t.clock.advance(MINUTE_MS);
    let third = codes.sms_code(&codes.t.anon(), MOBILE).await;
    if second != third {
        codes.login(MOBILE, &second).await.assert_line(WRONG);
    }
    codes.t.clock.advance(4 * MINUTE_MS);
    codes.login(MOBILE, &third).await.assert_ok();
}

#[actix_web::test]
async fn a_target_gets_one_code_a_minute_five_an_hour_and_ten_a_day() {
    let codes = CodeApp::new().await;
    let anon = codes.t.anon();
    let wait = |res: Res| res.header("retry-after").parse::<i64>().unwrap_or(0) * 1000;

    codes.sms_code(&anon, MOBILE).await;
    codes.t.clock.advance(1000);
    let res = codes.request_sms(&anon, MOBILE).await;
    res.assert_line("json | 200 | -1 | 验证码请求过于频繁，请 59 秒后再试");
    codes.sms_code(&anon, "13987654321").await;
    codes.t.clock.advance(MINUTE_MS);
    for _ in 0..4 {
        codes.sms_code(&anon, MOBILE).await;
        codes.t.clock.advance(MINUTE_MS);
    }
    assert_eq!(wait(codes.request_sms(&anon, MOBILE).await), HOUR_MS - 5 * MINUTE_MS - 1000);
    codes.t.clock.advance(HOUR_MS);
    for _ in 0..5 {
        codes.sms_code(&anon, MOBILE).await;
        codes.t.clock.advance(MINUTE_MS);
    }
    codes.t.clock.advance(HOUR_MS);
    assert_eq!(wait(codes.request_sms(&anon, MOBILE).await), DAY_MS - 2 * HOUR_MS - 10 * MINUTE_MS - 1000);
    codes.t.clock.advance(DAY_MS);
    codes.sms_code(&anon, MOBILE).await;
}

#[actix_web::test]
async fn a_code_is_bound_to_its_target_and_tenant() {
    let codes = CodeApp::new().await;
    codes.t.admin_of("other").await.get("/user/list").send().await.assert_ok();
    let code = codes.sms_code(&codes.t.anon(), MOBILE).await;

    codes.login("13987654321", &code).await.assert_line(WRONG);
    let elsewhere = codes.t.anon().header("app_id", "other");
    let body = json!({"mobile": MOBILE, "captcha": code});
    elsewhere.post("/v1/user/verification-login").json(&body).send().await.assert_line(WRONG);
    codes.login(MOBILE, &code).await.assert_ok();
}

#[actix_web::test]
async fn a_code_requested_with_a_token_is_valid_for_that_account_only() {
    let codes = CodeApp::new().await;
    let (alice, bob) = (codes.t.user("alice").await.v1, codes.t.user("bob").await.v1);
    let code = codes.sms_code(&alice, MOBILE).await;
    codes.login(MOBILE, &code).await.assert_line(WRONG);
    bind(&bob, MOBILE, &code).await.assert_line(WRONG);
    bind(&alice, MOBILE, &code).await.assert_ok();
}

#[actix_web::test]
async fn a_code_requested_without_a_token_is_valid_for_login_and_binding_only() {
    let codes = CodeApp::new().await;
    let client = codes.sms_user(MOBILE).await;
    // An invalid token is ignored.
    let stale = codes.t.anon().header("token", "stale");
    let code = codes.sms_code(&stale, "13987654321").await;
    bind(&client, "13987654321", &code).await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);
    let code = codes.sms_code(&stale, "13987654321").await;
    let cancel = json!({"phone": "13987654321", "captcha": code});
    client.post("/v1/user/cancel-user").json(&cancel).send().await.assert_line(WRONG);
    codes.login("13987654321", &code).await.assert_ok();

    let alice = codes.mail_user("alice", "alice@mail.example").await;
    let code = codes.mail_code(&codes.t.anon(), "alice@mail.example", "").await;
    let body = json!({"email": "alice@mail.example", "captcha": code});
    alice.v1.post("/v1/user/change-email-check").json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn a_reset_code_is_valid_for_a_reset_only() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", "alice@mail.example").await;
    // Even if requested with a token, it is a reset code.
    let code = codes.mail_code(&alice.v1, "alice@mail.example", "forget_password").await;
    let body = json!({"email": "alice@mail.example", "captcha": code});
    for path in ["bing-email", "change-email-check", "cancel-user"] {
        alice.v1.post(&format!("/v1/user/{path}")).json(&body).send().await.assert_line(WRONG);
    }
    reset(&codes.t, "alice@mail.example", &code).await.assert_ok();
}

#[actix_web::test]
async fn code_requests_for_known_and_unknown_accounts_look_the_same() {
    let codes = CodeApp::new().await;
    codes.mail_user("alice", "alice@mail.example").await;
    let known = codes.request_mail(&codes.t.anon(), "alice@mail.example", "forget_password").await;
    let unknown = codes.request_mail(&codes.t.anon(), "nobody@mail.example", "forget_password").await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let known = codes.request_mail(&codes.t.anon(), "alice@mail.example", "forget_password").await;
    let unknown = codes.request_mail(&codes.t.anon(), "nobody@mail.example", "forget_password").await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));

    codes.mail.next();
    codes.t.gateway.delivery.finish(std::time::Duration::from_secs(20)).await;
    assert!(codes.mail.try_next().is_none(), "an address without an account gets no mail");
}

#[actix_web::test]
async fn codes_appear_in_neither_log_nor_answer_nor_audit_log() {
    keep_log();
    let codes = CodeApp::new().await;
    let res = codes.request_sms(&codes.t.anon(), MOBILE).await;
    let code = codes.sms.next().code();
    assert!(!String::from_utf8_lossy(&res.body).contains(&code), "{:?}", res.body);
    codes.login(MOBILE, &code).await.assert_ok();
    let lines: Vec<String> = logged(&code).into_iter().filter(|line| line.contains("code")).collect();
    assert!(lines.iter().all(|line| !line.contains(&format!(" {code} "))), "{lines:?}");
    let rows = codes.t.audit_rows().await;
    assert!(rows.iter().all(|row| !format!("{row:?}").contains(&code)));
}

#[actix_web::test]
async fn codes_are_unavailable_without_a_provider_or_the_shared_state() {
    let t = TestApp::new().await;
    let (id, answer) = t.captcha().await;
    let body = json!({"mobile": MOBILE, "code": answer, "id": id});
    let res = t.anon().post("/v1/verification/get-verification-code").json(&body).send().await;
    res.assert_line("json | 503 | -1 | 服务暂时不可用，请稍后再试");

    let t = TestApp::with(|config| config.redis_url = Some("redis://127.0.0.1:1".parse().unwrap())).await;
    for (path, body) in [
        ("verification/get-verification-code", json!({"mobile": MOBILE, "code": "x", "id": "y"})),
        ("user/verification-login", json!({"mobile": MOBILE, "captcha": "123456"})),
        ("user/forget-password", json!({"email": "a@b.example", "captcha": "123456", "password": "quite another"})),
    ] {
        let res = t.anon().post(&format!("/v1/{path}")).json(&body).send().await;
        res.assert_line("json | 503 | -1 | 服务暂时不可用，请稍后再试");
    }
}

#[actix_web::test]
async fn numbers_and_addresses_are_validated() {
    let codes = CodeApp::new().await;
    for mobile in ["", "02812345678", "1381234567", "138123456789", "+1234567", "+1234567890123456", "+49x0123456"] {
        let res = codes.request_sms(&codes.t.anon(), mobile).await;
        assert!(res.line().starts_with("json | 200 | 1100 | 请求参数错误: mobile "), "{mobile}: {}", res.line());
    }
    for email in [
        "",
        "a",
        "a@",
        "@b.example",
        "a@b",
        "a b@c.example",
        "a@b.example\r\nbcc: x@y.example",
        "a@[127.0.0.1]",
        "<a@b.example>",
    ] {
        let res = codes.request_mail(&codes.t.anon(), email, "").await;
        assert!(res.line().starts_with("json | 200 | 1100 | 请求参数错误: email "), "{email}: {}", res.line());
    }
}

#[actix_web::test]
async fn numbers_addresses_and_codes_are_understood_as_people_paste_them() {
    let codes = CodeApp::new().await;
    let pasted = [
        "\u{2068}+8613812345678\u{2069}",
        "+86 138 1234 5678",
        "１３８-１２３４-５６７８",
        "\u{200B}13812345678\u{FEFF}",
    ];
    for mobile in pasted {
        codes.t.clock.advance(2 * DAY_MS);
        let code = codes.sms_code(&codes.t.web(), mobile).await;
        let pasted_code = format!("\u{2068}{} {}\u{2069}", &code[..3], &code[3..]);
        codes.login("13812345678", &pasted_code).await.assert_ok();
    }
    assert_eq!(codes.t.number("SELECT COUNT(*) AS number FROM users").await, 1);
    codes.mail_user("alice", "\u{202A}alice@mail.example\u{202C}").await;
    let by_mail = "SELECT COUNT(*) AS number FROM users WHERE email = 'alice@mail.example'";
    assert_eq!(codes.t.number(by_mail).await, 1);
}

#[actix_web::test]
async fn a_code_requested_without_typ_and_token_resets_the_account_of_that_address_only() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", "alice@mail.example").await;
    let own = codes.mail_code(&alice.v1, "alice@mail.example", "").await;
    reset(&codes.t, "alice@mail.example", &own).await.assert_line(WRONG);
    codes.t.clock.advance(MINUTE_MS);
    let code = codes.mail_code(&codes.t.anon(), "alice@mail.example", "").await;
    reset(&codes.t, "bob@mail.example", &code).await.assert_line(WRONG);
    reset(&codes.t, "alice@mail.example", &code).await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);
    let nobody = codes.mail_code(&codes.t.anon(), "nobody@mail.example", "").await;
    reset(&codes.t, "nobody@mail.example", &nobody).await.assert_line(WRONG);
}
