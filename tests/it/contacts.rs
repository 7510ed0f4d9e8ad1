//! Binding and changing a mobile number and an e-mail address (behaviour.md §4, security.md 28).

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Client, CodeApp, MINUTE_MS};

const WRONG: &str = "json | 200 | -1 | 验证码错误或已过期";

async fn info(client: &Client) -> Value {
    client.get("/v1/user/info").header("accept", "application/json").send().await.json()["data"]["user"].clone()
}

#[actix_web::test]
async fn binding_or_changing_a_contact_requires_a_code_sent_to_it() {
    let codes = CodeApp::new().await;
    let alice = codes.t.user("alice").await.v1;
    for (path, mobile) in [("bing-phone", "13812345678"), ("change-phone-check", "+4930123456")] {
        let code = codes.sms_code(&alice, mobile).await;
        let request = |code: &str| {
            alice.post(&format!("/v1/user/{path}")).json(&json!({"phone": mobile, "captcha": code})).send()
        };
        request(if code == "111111" { "222222" } else { "111111" }).await.assert_line(WRONG);
        request(&code).await.assert_line("json | 200 | 1");
        assert_eq!(info(&alice).await["phone"], mobile);
    }
    for (path, email) in [("bing-email", "alice@mail.example"), ("change-email-check", "Al@Mail.Example")] {
        let code = codes.mail_code(&alice, email, "").await;
        let body = json!({"email": email, "captcha": code});
        alice.post(&format!("/v1/user/{path}")).json(&body).send().await.assert_line("json | 200 | 1");
        assert_eq!(info(&alice).await["email"], email.to_lowercase());
    }
    let rows = codes.t.audit_rows().await;
    assert_eq!(rows.iter().filter(|row| row.action == "account.bind").count(), 4);
}

#[actix_web::test]
async fn a_contact_of_another_account_is_refused_and_nothing_changes() {
    let codes = CodeApp::new().await;
    let owner = codes.sms_user("13812345678").await;
    codes.mail_user("bob", "bob@mail.example").await;
    let alice = codes.t.user("alice").await.v1;

    let code = codes.sms_code(&alice, "13812345678").await;
    let body = json!({"phone": "13812345678", "captcha": code});
    let res = alice.post("/v1/user/bing-phone").json(&body).send().await;
    res.assert_line("json | 200 | -1 | 该手机号已绑定其他账号");
    let code = codes.mail_code(&alice, "bob@mail.example", "").await;
    let body = json!({"email": "bob@mail.example", "captcha": code});
    let res = alice.post("/v1/user/bing-email").json(&body).send().await;
    res.assert_line("json | 200 | -1 | 该邮箱已绑定其他账号");
    let alice = info(&alice).await;
    assert_eq!((&alice["phone"], &alice["email"]), (&json!(""), &json!("")));
    assert_eq!(info(&owner).await["phone"], "13812345678");
}

#[actix_web::test]
async fn a_cancelled_account_is_deleted_and_its_contacts_are_freed() {
    let codes = CodeApp::new().await;
    let alice = codes.mail_user("alice", "alice@mail.example").await;
    let bob = codes.t.user("bob").await;
    let remark = json!({"friendId": bob.id.to_string(), "name": "B", "phone": "1", "others": "[]"});
    alice.v1.post("/v1/user/save-user-remarks").json(&remark).send().await.assert_ok();
    let data = json!({"introduction": "It is me"});
    alice.v1.post("/v1/user/save-user-data").json(&data).send().await.assert_ok();
    let cancel = |body: Value| alice.v1.post("/v1/user/cancel-user").json(&body).send();

    cancel(json!({"captcha": "123456"})).await.assert_line("json | 200 | 1100 | 请求参数错误: phone 不能为空");
    let res = cancel(json!({"phone": "13812345678", "captcha": "123456"})).await;
    res.assert_line("json | 200 | -1 | 该手机号或邮箱未绑定此账号");
    let code = codes.mail_code(&alice.v1, "alice@mail.example", "").await;
    let body = json!({"email": "alice@mail.example", "captcha": code});
    cancel(body).await.assert_line("json | 200 | 1");

    alice.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
    let seen = bob.v1.post("/v1/user/get-user").json(&json!({"userId": alice.id.to_string()})).send().await;
    seen.assert_line("json | 200 | -1 | 该用户不存在");
    let admin = codes.t.admin().await.get("/user/list").send().await.json();
    assert!(admin["data"].as_array().unwrap().iter().all(|user| user["user_id"] != alice.id), "{admin}");
    for table in ["personal_data", "settings", "devices"] {
        let sql = format!("DELETE FROM {table} WHERE user_id = {}", alice.id);
        assert_eq!(codes.t.execute(&sql).await.unwrap(), 0, "{table}");
    }
    codes.t.clock.advance(MINUTE_MS);
    let again = codes.mail_user("alice", "alice@mail.example").await;
    assert_ne!(again.id, alice.id);
}

#[actix_web::test]
async fn a_contact_is_never_bound_to_an_account_that_is_being_cancelled() {
    for round in 0..10 {
        let codes = CodeApp::new().await;
        let alice = codes.mail_user("alice", "alice@mail.example").await;
        let sms = codes.sms_code(&alice.v1, "13812345678").await;
        let mail = codes.mail_code(&alice.v1, "alice@mail.example", "").await;
        let bind = alice.v1.post("/v1/user/bing-phone").json(&json!({"phone": "13812345678", "captcha": sms})).send();
        let body = json!({"email": "alice@mail.example", "captcha": mail});
        let cancel = alice.v1.post("/v1/user/cancel-user").json(&body).send();
        let cancelled = if round % 2 == 0 { join(bind, cancel).await.1 } else { join(cancel, bind).await.0 };
        cancelled.assert_ok();
        assert_eq!(codes.t.number("SELECT COUNT(*) AS number FROM users WHERE mobile IS NOT NULL").await, 0);
    }
}
