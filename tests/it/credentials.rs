//! Resetting a password (behaviour.md §4, security.md 3, 4, 8).

use serde_json::json;

use crate::support::{CodeApp, MINUTE_MS, PASSWORD, Res};

const EMAIL: &str = "wonder@mail.example";

async fn reset(codes: &CodeApp, code: &str, password: &str) -> Res {
    let body = json!({"email": EMAIL, "captcha": code, "password": password});
    codes.t.anon().post("/v1/user/forget-password").json(&body).send().await
}

async fn login(codes: &CodeApp, password: &str) -> Res {
    let body = json!({"email": EMAIL, "password": password});
    codes.t.anon().post("/v1/user/email-login").json(&body).send().await
}

#[actix_web::test]
async fn a_code_sent_by_mail_resets_the_password_and_ends_all_sessions() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", EMAIL).await;
    let pending = codes.mail_code(&codes.t.anon(), EMAIL, "forget_password").await;

    reset(&codes, &pending, "quite another").await.assert_line("json | 200 | 1");
    alice.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
    login(&codes, PASSWORD).await.assert_line("json | 200 | -1 | 账号或密码错误");
    login(&codes, "quite another").await.assert_ok();
    reset(&codes, &pending, "and once more").await.assert_line("json | 200 | -1 | 验证码错误或已过期");
    assert!(codes.t.audit_rows().await.iter().any(|row| row.action == "account.reset_password"));
}

#[actix_web::test]
async fn a_reset_invalidates_pending_codes_of_the_account() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", EMAIL).await;
    let code = codes.sms_code(&alice.v1, "13812345678").await;
    let body = json!({"phone": "13812345678", "captcha": code});
    alice.v1.post("/v1/user/bing-phone").json(&body).send().await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);

    let sms = codes.sms_code(&codes.t.anon(), "13812345678").await;
    let mail = codes.mail_code(&codes.t.anon(), EMAIL, "forget_password").await;
    reset(&codes, &mail, "quite another").await.assert_ok();
    codes.login("13812345678", &sms).await.assert_line("json | 200 | -1 | 验证码错误或已过期");
}

#[actix_web::test]
async fn a_common_password_is_refused_with_the_reason_and_the_code_stays_valid() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("Liddell", EMAIL).await;
    alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Queen of Hearts"})).send().await.assert_ok();
    let code = codes.mail_code(&codes.t.anon(), EMAIL, "forget_password").await;
    for (password, line) in [
        ("12345", "1100 | 请求参数错误: password 过短，至少 6 个字符"),
        ("iloveyou", "-1 | 密码过于常见，请更换"),
        ("Password1", "-1 | 密码过于常见，请更换"),
        ("liddell", "-1 | 密码不能与账号名称相同"),
        ("queen of hearts", "-1 | 密码不能与账号名称相同"),
        ("WONDER@mail.example", "-1 | 密码不能与账号名称相同"),
        ("wonder", "-1 | 密码不能与账号名称相同"),
    ] {
        reset(&codes, &code, password).await.assert_line(&format!("json | 200 | {line}"));
    }
    // Without the right code, the answer reveals nothing about the account's names.
    let wrong = if code == "111111" { "222222" } else { "111111" };
    reset(&codes, wrong, "liddell").await.assert_line("json | 200 | -1 | 验证码错误或已过期");
    reset(&codes, &code, "looking glass").await.assert_ok();
}

#[actix_web::test]
async fn a_disabled_account_is_revealed_only_after_the_right_code() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", EMAIL).await;
    let client = codes.sms_user("13812345678").await;
    let id = client.get("/v1/user/info").header("accept", "application/json").send().await.json();
    let id: i64 = id["data"]["user"]["userId"].as_str().unwrap().parse().unwrap();
    let admin = codes.t.admin().await;
    admin.put("/user/disable").json(&json!({"list": [alice.id, id]})).send().await.assert_ok();

    let code = codes.mail_code(&codes.t.anon(), EMAIL, "forget_password").await;
    let wrong = if code == "111111" { "222222" } else { "111111" };
    reset(&codes, wrong, "quite another").await.assert_line("json | 200 | -1 | 验证码错误或已过期");
    reset(&codes, &code, "quite another").await.assert_line("json | 200 | -1 | 该账号已被禁用");
    let code = codes.sms_code(&codes.t.anon(), "13812345678").await;
    codes.login("13812345678", &code).await.assert_line("json | 200 | -1 | 该账号已被禁用");
}
