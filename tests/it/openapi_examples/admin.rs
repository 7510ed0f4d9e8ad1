//! Examples of the admin API that its document does not have.

use serde_json::{Value, json};

use super::{Examples, record};
use crate::{
    contract_v1::new_mobile,
    support::{Client, CodeApp, MINUTE_MS, PASSWORD, TestApp, User},
};

/// Requests that the documents do not have.
fn others(user: i64) -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("POST", "/token/user", json!({"name": "alice", "password": PASSWORD})),
        ("POST", "/token/id", json!({"user_id": user, "password": PASSWORD})),
        ("POST", "/token/login", json!({"login_name": "alice", "password": PASSWORD})),
        ("POST", "/app/token", json!({"name": "alice", "password": PASSWORD})),
        ("POST", "/app/token_id", json!({"user_id": user, "password": PASSWORD})),
        ("GET", "/roster/name?username=alice", Value::Null),
        ("GET", "/roster/id?user_id=2", Value::Null),
        ("GET", "/v2/app_dns?app_id=default", Value::Null),
        ("GET", "/app_dns?app_id=default", Value::Null),
        ("GET", "/admin/v1/users/search?q=ali", Value::Null),
        ("GET", "/admin/v1/audit/list?action=account.register&page_size=1", Value::Null),
        ("POST", "/admin/v1/categories/create", json!({"name": "Games", "sort": 2})),
        ("POST", "/admin/v1/categories/update", json!({"id": 2, "sort": 1})),
        ("GET", "/admin/v1/categories/list", Value::Null),
        ("POST", "/admin/v1/categories/delete", json!({"id": 2})),
        ("POST", "/admin/v1/groups/create", json!({"nickname": "Go", "category": "精选", "headcount": 12})),
        ("POST", "/admin/v1/groups/update", json!({"id": 2, "is_banned": true})),
        ("GET", "/admin/v1/groups/list", Value::Null),
        ("POST", "/admin/v1/groups/delete", json!({"id": 2})),
        ("POST", "/admin/v1/bots/create", json!({"nickname": "Weather", "always_agree": true})),
        ("POST", "/admin/v1/bots/update", json!({"id": 2, "introduction": "Tells the weather"})),
        ("GET", "/admin/v1/bots/list", Value::Null),
        ("POST", "/admin/v1/bots/delete", json!({"id": 2})),
        ("POST", "/admin/v1/medals/define", json!({"name": "Early bird", "sort": 1})),
        ("GET", "/admin/v1/medals/list", Value::Null),
        ("POST", "/admin/v1/medals/grant", json!({"user_id": user, "medal_id": 2})),
        ("POST", "/admin/v1/medals/revoke", json!({"user_id": user, "medal_id": 2})),
        ("POST", "/admin/v1/vip/grant", json!({"user_id": user, "days": 30})),
        ("POST", "/admin/v1/bans/set", json!({"user_id": user, "reason": "spam", "until": 1_800_000_000})),
        ("POST", "/admin/v1/bans/lift", json!({"user_id": user})),
        (
            "POST",
            "/admin/v1/coins/adjust",
            json!({"user_id": user, "amount": 1.5, "typ": 2, "reason": "welcome", "idempotency_key": "welcome-2"}),
        ),
        ("GET", "/admin/v1/coins/list?user_id=2", Value::Null),
        ("GET", "/admin/v1/users/get?user_id=2", Value::Null),
        ("POST", "/admin/v1/push/targets", json!({"users": [user], "tags": {"none": ["muted"]}})),
        ("POST", "/admin/v1/push/feedback", json!({"device_tokens": ["dead-token"], "registration_ids": ["dead-id"]})),
        ("POST", "/admin/v1/ads/set", json!({"is_show": true, "bottom_height": 50})),
        ("GET", "/admin/v1/ads/get", Value::Null),
        ("GET", "/admin/v1/app/get", Value::Null),
        ("POST", "/admin/v1/app/set", json!({"registration_open": true, "push_sign_required": false})),
        ("POST", "/admin/v1/app/rotate-secret", Value::Null),
        ("POST", "/admin/v1/tokens/create", json!({"name": "reports", "days": 90})),
        ("GET", "/admin/v1/tokens/list", Value::Null),
        ("POST", "/admin/v1/tokens/revoke", json!({"name": "reports"})),
        (
            "POST",
            "/admin/v1/webhooks/create",
            json!({"url": "https://hooks.example/diglot", "events": ["user.created"]}),
        ),
        ("GET", "/admin/v1/webhooks/list", Value::Null),
        ("GET", "/admin/v1/webhooks/deliveries?id=1", Value::Null),
        ("POST", "/admin/v1/webhooks/resend", json!({"id": 1})),
        ("POST", "/admin/v1/webhooks/rotate", json!({"id": 1})),
        ("POST", "/admin/v1/webhooks/delete", json!({"id": 1})),
        ("POST", "/user/change_password_admin", json!({"password": PASSWORD})),
    ]
}

/// Records what the documents do not have.
pub async fn record_others(examples: &mut Examples, codes: &CodeApp, alice: &User) {
    let admin = codes.t.admin().await;
    let acting = admin.clone().header("user_id", &alice.id.to_string());
    let bound = json!({"device_sn": 2, "device_token": "device-token", "notifier_name": "apns"});
    acting.post("/user/token/bind").json(&bound).send().await.assert_ok();
    for (method, path, sent) in others(alice.id) {
        let client = if path == "/user/change_password_admin" { &acting } else { &admin };
        record(examples, client, method, path, sent).await;
    }
}

/// Records what the SDKs of the admin API do before and after a login (docs/app-api.md). `node` takes uploads.
pub async fn record_app(examples: &mut Examples, codes: &CodeApp, node: &TestApp) {
    let anon = codes.t.anon().header("app_id", "default");
    let guest = json!({"username": "guest", "password": PASSWORD});
    record(examples, &anon, "POST", "/user/register/anonymous", guest).await;
    record(examples, &anon, "GET", "/app/config", Value::Null).await;
    record(examples, &anon, "GET", "/app/user/name_check?username=zoe", Value::Null).await;

    let (zoe, [first, second]) = (codes.t.user("zoe").await.admin_api, [new_mobile(), new_mobile()]);
    let proof = log_in(examples, codes, &first).await;
    let bound = json!({"mobile": first, "sign": proof["sign"]});
    record(examples, &zoe, "POST", "/app/user/mobile_bind_with_sign", bound).await;
    log_in(examples, codes, &first).await;
    let password = json!({"password": PASSWORD});
    record(examples, &zoe, "POST", "/app/user/mobile_prechange_by_password", password.clone()).await;
    let current = json!({"mobile": first, "captcha": own_code(examples, codes, &zoe, &first).await});
    let begun = record(examples, &zoe, "POST", "/app/user/mobile_prechange_by_mobile", current).await;
    let code = own_code(examples, codes, &zoe, &second).await;
    let changed = json!({"mobile": second, "captcha": code, "sign": begun["sign"]});
    record(examples, &zoe, "POST", "/app/user/mobile_change", changed).await;

    record(examples, &zoe, "POST", "/app/pwd_change/verify_by_password", password).await;
    let current = json!({"mobile": second, "captcha": own_code(examples, codes, &zoe, &second).await});
    let begun = record(examples, &zoe, "POST", "/app/pwd_change/verify_by_mobile", current).await;
    let changed = json!({"new_password": PASSWORD, "new_password_check": PASSWORD, "sign": begun["sign"]});
    record(examples, &zoe, "POST", "/app/pwd_change", changed).await;

    let (yan, third) = (codes.t.user("yan").await.admin_api, new_mobile());
    let bound = json!({"mobile": third, "captcha": own_code(examples, codes, &yan, &third).await});
    record(examples, &yan, "POST", "/app/user/mobile_bind", bound).await;
    let on_node = node.login("yan", "tablet").await.admin_api;
    record(examples, &on_node, "GET", "/file/upload/avatar/user", Value::Null).await;
    for (user, method) in [(yan, "POST"), (zoe, "DELETE")] {
        record(examples, &user, method, "/user/delete", json!({"password": PASSWORD})).await;
    }
}

/// Gets what a code by SMS gives someone without a token.
async fn log_in(examples: &mut Examples, codes: &CodeApp, mobile: &str) -> Value {
    let anon = codes.t.anon().header("app_id", "default");
    let image = record(examples, &anon, "POST", "/app/captcha/image", json!({})).await;
    let (image, mobile) = (image.as_str().unwrap(), mobile.replace('+', "%2B"));
    codes.t.set_answer(image, "xyz").await;
    codes.t.clock.advance(MINUTE_MS);
    let path = format!("/app/captcha/sms_web?captcha=xyz&image_id={image}&mobile={mobile}");
    record(examples, &anon, "GET", &path, Value::Null).await;
    let path = format!("/app/user/info_pwd?captcha={}&mobile={mobile}", codes.sms.next().code());
    record(examples, &anon, "GET", &path, Value::Null).await
}

/// Gets a code by SMS as a user.
async fn own_code(examples: &mut Examples, codes: &CodeApp, user: &Client, mobile: &str) -> String {
    codes.t.clock.advance(MINUTE_MS);
    let path = format!("/app/captcha/sms?mobile={}", mobile.replace('+', "%2B"));
    record(examples, user, "GET", &path, Value::Null).await;
    codes.sms.next().code()
}
