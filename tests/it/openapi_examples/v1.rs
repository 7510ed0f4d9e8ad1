//! Examples of `/v1` that its document does not have.

use diglot::domain::signing_keys;
use serde_json::{Value, json};

use super::{Examples, record};
use crate::{
    contract_v1::new_mobile,
    support::{CodeApp, MINUTE_MS, TestApp, command_line},
};

/// Records what a user does, and lastly the end of an account. `node` takes uploads.
pub async fn record_others(examples: &mut Examples, codes: &CodeApp, node: &TestApp) {
    signing_keys::rotate(&node.gateway, &command_line("default"), 0).await.unwrap();
    let web = codes.t.login("alice", "web").await;
    let alice = node.login("alice", "phone").await;
    let token = format!("/v1/user/get-token?token={}", alice.token);
    for (method, path, sent) in [
        ("GET", "/v1/misc/configure-distribution", Value::Null),
        ("GET", "/v1/misc/qiniu-token", Value::Null),
        ("GET", "/v1/misc/qiniu-token2", Value::Null),
        ("POST", "/v1/coin/task/my-task-info", json!({})),
        ("GET", "/v1/user/gold-coin-increase-decrease-record?size=10&page=1", Value::Null),
        ("POST", "/v1/user/invite/change-user-invite-code", json!({"code": "alice2026"})),
        ("POST", "/v1/user/invite/invite-progress", json!({})),
        ("POST", "/v1/user/access-token", json!({})),
        ("GET", &token, Value::Null),
        ("GET", "/v1/user/homepage?userId=1", Value::Null),
        (
            "POST",
            "/v1/user/save-user-remarks",
            json!({"friendId": "1", "name": "Bob from work", "phone": "", "others": ""}),
        ),
        ("POST", "/v1/user/module-ignore", json!({"deviceId": "phone", "ignore": "[1,4]"})),
        ("GET", "/v1/user/clients", Value::Null),
        ("POST", "/v1/user/device-offline", json!({"deviceId": "web"})),
    ] {
        record(examples, &alice.v1, method, path, sent).await;
    }
    assert_eq!(web.v1.get("/v1/user/info").send().await.code(), -101);
    record_codes(examples, codes).await;
}

/// Records requests for codes, and what a code permits.
async fn record_codes(examples: &mut Examples, codes: &CodeApp) {
    let (mobile, anon) = (new_mobile(), codes.t.anon());
    let (id, code) = codes.t.captcha().await;
    let sent = json!({"mobile": mobile, "id": id, "code": code, "platform": "web"});
    record(examples, &anon, "POST", "/v1/verification/get-verification-code", sent).await;
    codes.sms.next();
    let (id, code) = codes.t.captcha().await;
    let sent = json!({"email": "carol@mail.example", "id": id, "code": code, "typ": ""});
    record(examples, &anon, "POST", "/v1/verification/get-email-verification-code", sent).await;
    codes.mail.next();

    codes.t.clock.advance(MINUTE_MS);
    let carol = codes.mail_user("carol", "carol@mail.example").await.v1;
    let code = codes.mail_code(&carol, "carol@mail.example", "").await;
    let sent = json!({"email": "carol@mail.example", "captcha": code});
    record(examples, &carol, "POST", "/v1/user/cancel-user", sent).await;
}
