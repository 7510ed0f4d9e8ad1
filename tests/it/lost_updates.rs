//! Changes side by side: none is lost, and none fails for the other (docs/adr/0013-one-unit-of-work.md).

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{CodeApp, DAY_MS, TestApp, command_line};

/// Two halves of a change, made side by side again and again. Afterwards both must be there.
const ROUNDS: i64 = 10;

#[actix_web::test]
async fn changes_of_different_fields_of_a_group_a_bot_and_a_category_are_all_kept() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let create = async |kind: &str, body: Value| {
        let created = admin.post(&format!("/admin/v1/{kind}/create")).json(&body).send().await.json();
        created["data"]["id"].as_i64().unwrap()
    };
    let category = create("categories", json!({"name": "c"})).await;
    let group = create("groups", json!({"category": "c", "nickname": "g"})).await;
    let bot = create("bots", json!({"nickname": "b"})).await;
    for round in 1..=ROUNDS {
        for (kind, id, one, other) in [
            ("categories", category, "name", "sort"),
            ("groups", group, "introduction", "headcount"),
            ("bots", bot, "introduction", "headcount"),
        ] {
            let name = if kind == "categories" { "c".to_owned() } else { format!("text {round}") };
            let path = format!("/admin/v1/{kind}/update");
            let change = |field: &str, value: Value| {
                let body = json!({"id": id, field: value});
                let request = admin.post(&path).json(&body);
                async { request.send().await.assert_ok() }
            };
            join(change(one, json!(name)), change(other, json!(round))).await;
            let listed = admin.get(&format!("/admin/v1/{kind}/list")).send().await.json();
            let item = &listed["data"][0];
            assert_eq!((&item[one], &item[other]), (&json!(name), &json!(round)), "{kind}: {item}");
        }
    }
}

#[actix_web::test]
async fn the_first_advertisements_can_be_set_side_by_side() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let set = |body: Value| {
        let request = admin.post("/admin/v1/ads/set").json(&body);
        async { request.send().await.assert_ok() }
    };
    join_all([
        set(json!({"bottom_height": 7})),
        set(json!({"android_code_id": "a"})),
        set(json!({"ios_code_id": "i"})),
        set(json!({"is_show": true})),
    ])
    .await;
    let ads =
        "SELECT COUNT(*) AS number FROM ads WHERE bottom_height = 7 AND android_code_id = 'a' AND ios_code_id = 'i'";
    assert_eq!(t.number(ads).await, 1);
}

#[actix_web::test]
async fn a_number_stays_claimed_when_the_registration_that_would_take_it_is_refused() {
    let app = CodeApp::new().await;
    let bob = app.t.user("bob").await;
    bob.admin_api.put("/user/mobile?mobile=13812345678").send().await.assert_ok();
    let code = app.sms_code(&app.t.web(), "13812345678").await;
    diglot::domain::tenants::set_registration_open(&app.t.gateway, &command_line("default"), false).await.unwrap();
    app.login("13812345678", &code).await.assert_line("json | 200 | -1 | 该应用未开放注册");
    let profile = bob.admin_api.get("/user/profile").send().await.json();
    assert_eq!(profile["data"]["mobile"], "13812345678");
}

#[actix_web::test]
async fn a_login_beside_a_deletion_leaves_no_live_session() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for round in 0..8 {
        let alice = t.user(&format!("alice{round}")).await;
        let acting = admin.clone().header("user_id", &alice.id.to_string());
        let body = json!({"name": format!("alice{round}"), "password": crate::support::PASSWORD});
        let login = || t.anon().header("app_id", "default").post("/token/user").json(&body).send();
        let logins = join_all((0..4).map(|_| login()));
        let (_, deleted) = join(logins, acting.post("/user/delete").send()).await;
        deleted.assert_ok();
    }
    let live = "SELECT COUNT(*) AS number FROM sessions s JOIN users u ON u.id = s.user_id \
                WHERE u.status = 2 AND s.ended_at_ms IS NULL";
    assert_eq!(t.number(live).await, 0);
}

#[actix_web::test]
async fn refused_logins_do_not_fill_the_audit_log() {
    let t = TestApp::new().await;
    t.user("alice").await;
    let attempt = |name: String, password: &str| {
        let body = json!({"name": name, "password": password});
        t.anon().header("app_id", "default").post("/token/user").json(&body).send()
    };
    let rows = async |result: &str| {
        let of_login = t.audit_rows().await.into_iter().filter(|row| row.action == "session.login");
        of_login.filter(|row| row.result.starts_with(result)).count()
    };
    for _ in 0..60 {
        assert_eq!(attempt("alice".to_owned(), "wrong").await.code(), 402);
    }
    assert_eq!((rows("login refused").await, rows("login locked").await), (10, 1), "one row of a locked account");
    // The source is locked too; it tries one name after the other.
    for number in 0..100 {
        assert_eq!(attempt(format!("name{number}"), "wrong").await.code(), 402);
    }
    assert!(rows("login").await <= 50, "{} rows of one source", rows("login").await);
    t.clock.advance(DAY_MS);
    assert_eq!(attempt("alice".to_owned(), "wrong").await.code(), 402);
    assert_eq!(rows("login refused").await, 11, "a new window tells again");
}

#[actix_web::test]
async fn a_claim_beside_an_sms_login_gets_nobody_into_another_account() {
    let app = CodeApp::with(|config| config.reloadable.sessions_per_user = 100).await;
    let mallory = app.t.user("mallory").await;
    for round in 0..20 {
        let mobile = format!("138123456{round:02}");
        let code = app.sms_code(&app.t.web(), &mobile).await;
        let claim = |mobile: &str| {
            let request = mallory.admin_api.put(&format!("/user/mobile?mobile={mobile}"));
            async { request.send().await }
        };
        let claims = async {
            for _ in 0..3 {
                claim("13999999999").await.assert_ok();
                // Refused once the number has shown to be another's.
                let refused_or_not = claim(&mobile).await;
                assert_eq!(refused_or_not.status, 200);
            }
        };
        let (login, ()) = join(app.login(&mobile, &code), claims).await;
        if login.status == 200 && login.json()["code"] == 1 {
            let token = login.json()["data"]["token"].as_str().unwrap().to_owned();
            let info = app.t.web().get("/v1/user/info").header("token", &token).send().await.json();
            assert_ne!(info["data"]["user"]["userId"], mallory.id.to_string(), "round {round}");
        }
    }
}

#[actix_web::test]
async fn noting_activity_beside_a_kick_never_fails_the_kick() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    t.user("alice").await;
    for round in 0..15 {
        let alice = t.login("alice", "phone").await;
        t.clock.advance(6 * 60_000);
        let acting = admin.clone().header("user_id", &alice.id.to_string());
        let requests = join_all((0..3).map(|_| alice.v1.get("/v1/user/info").send()));
        let (_, kicked) = join(requests, acting.post("/user/kick").send()).await;
        assert_eq!(kicked.line(), "json | 200 | 200", "round {round}");
    }
}
