//! VIP time, medals and bans, set by admins and visible to others.

use diglot::transport::pb;
use serde_json::{Value, json};

use crate::support::{Client, DAY_MS, START_MS, TestApp, User};

async fn seen(t: &TestApp, user: &User) -> Value {
    let res = t.anon().post("/v1/user/get-user").json(&json!({"userId": user.id})).send().await;
    res.assert_ok();
    res.json()["data"]["user"].clone()
}

async fn define(admin: &Client, body: Value) -> Value {
    let res = admin.post("/admin/v1/medals/define").json(&body).send().await;
    res.assert_ok();
    res.json()["data"]["id"].clone()
}

#[actix_web::test]
async fn vip_time_accumulates_and_expires() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let grant = |days: i64| admin.post("/admin/v1/vip/grant").json(&json!({"user_id": alice.id, "days": days})).send();
    let own = async || -> pb::OwnUser {
        alice.v1.get("/v1/user/info").send().await.proto::<pb::InfoResponse>().data.unwrap()
    };

    grant(10).await.assert_line("json | 200 | 200");
    grant(20).await.assert_ok();
    let end_secs = u64::try_from((START_MS + 30 * DAY_MS) / 1000).unwrap();
    let vip = own().await;
    assert_eq!((vip.is_vip, vip.vip_status, vip.vip_expired_time), (1, 1, end_secs));
    assert_eq!(seen(&t, &alice).await["vipExpiredTime"], end_secs);
    // The session outlives the VIP time.
    t.clock.advance(29 * DAY_MS);
    assert_eq!(own().await.is_vip, 1);
    t.clock.advance(DAY_MS);
    let vip = own().await;
    assert_eq!((vip.is_vip, vip.vip_status, vip.vip_expired_time), (0, 2, end_secs));
    grant(1).await.assert_ok();
    assert_eq!(own().await.vip_expired_time, end_secs + 24 * 3600);
    for days in [0, -1, 36_501] {
        grant(days).await.assert_line("json | 200 | 10002 | invalid request parameter: days must be from 1 to 36500");
    }
}

#[actix_web::test]
async fn medals_are_listed_in_sort_order() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let second = define(&admin, json!({"name": "Second", "sort": 20})).await;
    let first =
        define(&admin, json!({"name": "First", "desc": "d", "image_url": "https://x.example/m.png", "sort": 3})).await;
    let change = |verb: &str, medal: &Value| {
        let body = json!({"user_id": alice.id, "medal_id": medal});
        admin.post(&format!("/admin/v1/medals/{verb}")).json(&body).send()
    };

    for medal in [&second, &first, &first] {
        change("grant", medal).await.assert_line("json | 200 | 200");
    }
    let expected = json!([
        {"id": first, "name": "First", "desc": "d", "imageUrl": "https://x.example/m.png", "sort": 3},
        {"id": second, "name": "Second", "desc": "", "imageUrl": "", "sort": 20},
    ]);
    assert_eq!(seen(&t, &alice).await["medals"], expected);
    let own = alice.v1.post("/v1/user/medal").header("accept", "application/json").send().await;
    assert_eq!(own.json(), json!({"code": 1, "data": {"medals": expected}, "msg": "success"}));
    let own: pb::MedalResponse = alice.v1.post("/v1/user/medal").send().await.proto();
    assert_eq!(own.medal.iter().map(|medal| medal.sort).collect::<Vec<_>>(), [3, 20]);

    change("revoke", &first).await.assert_ok();
    change("revoke", &first).await.assert_ok();
    assert_eq!(seen(&t, &alice).await["medals"].as_array().unwrap().len(), 1);
    let again = admin.post("/admin/v1/medals/define").json(&json!({"name": "First"})).send().await;
    again.assert_line("json | 200 | 10002 | invalid request parameter: name is in use");
    let unknown = change("grant", &json!(999)).await;
    unknown.assert_line("json | 200 | 10002 | invalid request parameter: medal_id does not exist");
}

#[actix_web::test]
async fn a_ban_is_visible_until_it_ends_or_is_lifted() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let until = START_MS / 1000 + 3600;
    let ban = |reason: &str| {
        let body = json!({"user_id": alice.id, "reason": reason, "until": until});
        admin.post("/admin/v1/bans/set").json(&body).send()
    };

    ban("spam").await.assert_line("json | 200 | 200");
    ban("more spam").await.assert_ok();
    let user = seen(&t, &alice).await;
    assert_eq!((&user["banTime"], &user["banReason"]), (&json!(until), &json!("more spam")));
    assert!(user["banId"].as_i64().unwrap() > 0);
    admin.post("/admin/v1/bans/lift").json(&json!({"user_id": alice.id})).send().await.assert_ok();
    let user = seen(&t, &alice).await;
    assert_eq!((&user["banId"], &user["banTime"], &user["banReason"]), (&json!(0), &json!(0), &json!("")));
    ban("spam").await.assert_ok();
    t.clock.advance(3_600_000);
    assert_eq!(seen(&t, &alice).await["banId"], 0);
    ban(" ").await.assert_line("json | 200 | 10002 | invalid request parameter: reason is required");
}

#[actix_web::test]
async fn awards_require_an_admin_of_the_users_tenant_and_are_audited() {
    let t = TestApp::new().await;
    let (admin, other, alice) = (t.admin().await, t.admin_of("other").await, t.user("alice").await);
    let medal = define(&admin, json!({"name": "Medal"})).await;
    let foreign = define(&other, json!({"name": "Medal"})).await;
    let requests = [
        ("/admin/v1/vip/grant", json!({"user_id": alice.id, "days": 1})),
        ("/admin/v1/medals/grant", json!({"user_id": alice.id, "medal_id": medal})),
        ("/admin/v1/medals/revoke", json!({"user_id": alice.id, "medal_id": medal})),
        ("/admin/v1/bans/set", json!({"user_id": alice.id, "reason": "r", "until": 9_999_999_999_i64})),
        ("/admin/v1/bans/lift", json!({"user_id": alice.id})),
    ];

    for (path, body) in &requests {
        alice.admin_api.post(path).json(body).send().await.assert_line("json | 200 | 10010 | no permission");
        other.post(path).json(body).send().await.assert_line("json | 200 | 10000 | user does not exist");
    }
    let res =
        admin.post("/admin/v1/medals/grant").json(&json!({"user_id": alice.id, "medal_id": foreign})).send().await;
    res.assert_line("json | 200 | 10002 | invalid request parameter: medal_id does not exist");
    let refused = t.audit_rows().await.pop().unwrap();
    assert_eq!((refused.action.as_str(), refused.result.as_str()), ("medal.grant", "no such medal"));
    let listed = admin.get("/admin/v1/medals/list").send().await.json();
    let shown = json!([{"id": medal, "name": "Medal", "desc": "", "image_url": "", "sort": 0}]);
    assert_eq!(listed["data"], shown);
    let user = seen(&t, &alice).await;
    assert_eq!((&user["isVip"], &user["medals"], &user["banId"]), (&json!(0), &json!([]), &json!(0)));

    for (path, body) in &requests {
        admin.post(path).json(body).send().await.assert_ok();
    }
    let rows = t.audit_rows().await;
    let actions: Vec<&str> = rows.iter().rev().take(5).rev().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["vip.grant", "medal.grant", "medal.revoke", "ban.set", "ban.lift"]);
}
