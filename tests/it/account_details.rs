//! What operators see of one account: everything but what proves the identity of its owner.

use serde_json::{Value, json};

use crate::support::{Client, DAY_MS, START_MS, Shell, TestApp, User};

async fn details(admin: &Client, user: i64) -> Value {
    admin.get(&format!("/admin/v1/users/get?user_id={user}")).send().await.json()["data"].clone()
}

/// A user with something in every part of the details.
async fn rich_user(t: &TestApp, admin: &Client) -> User {
    let alice = t.user("alice").await;
    let acting = admin.clone().header("user_id", &alice.id.to_string());
    let profile = json!({"nick_name": "Al", "description": "d", "private_info": "p", "public_info": "q"});
    acting.post("/user/profile").json(&profile).send().await.assert_ok();
    acting.post("/user/avatar").json(&json!({"avatar": "https://x.example/a.png"})).send().await.assert_ok();
    let settings = json!({"user_id": alice.id, "auth_mode": 2, "auth_question": "q?", "auth_answer": "geheim"});
    acting.post("/user/settings").json(&settings).send().await.assert_ok();
    let change = json!({"user_id": alice.id, "amount": 2.5, "typ": 2, "reason": "gift", "idempotency_key": "a"});
    admin.post("/admin/v1/coins/adjust").json(&change).send().await.assert_ok();
    admin.post("/admin/v1/vip/grant").json(&json!({"user_id": alice.id, "days": 30})).send().await.assert_ok();
    let medal = admin.post("/admin/v1/medals/define").json(&json!({"name": "Helper"})).send().await.json();
    let grant = json!({"user_id": alice.id, "medal_id": medal["data"]["id"]});
    admin.post("/admin/v1/medals/grant").json(&grant).send().await.assert_ok();
    let ban = json!({"user_id": alice.id, "reason": "spam", "until": START_MS / 1000 + 3600});
    admin.post("/admin/v1/bans/set").json(&ban).send().await.assert_ok();
    alice
}

#[actix_web::test]
async fn an_operator_sees_all_of_an_account_in_one_answer() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let alice = rich_user(&t, &admin).await;
    let shown = details(&admin, alice.id).await;

    for (name, expected) in [
        ("user_id", json!(alice.id)),
        ("status", json!(0)),
        ("username", json!("alice")),
        ("nick_name", json!("Al")),
        ("avatar", json!("https://x.example/a.png")),
        ("mobile_confirmed", json!(false)),
        ("has_password", json!(true)),
        ("private_info", json!("p")),
        ("registered_at_ms", json!(START_MS)),
        ("online", json!(true)),
        ("coin_cents", json!(250)),
        ("vip", json!(1)),
        ("vip_expires_at_ms", json!(START_MS + 30 * DAY_MS)),
        ("ban", json!({"reason": "spam", "ends_at_ms": (START_MS / 1000 + 3600) * 1000})),
    ] {
        assert_eq!(shown[name], expected, "{name}: {shown}");
    }
    assert_eq!((&shown["medals"][0]["name"], &shown["personal"]["gender"]), (&json!("Helper"), &json!(0)));
    assert_eq!((&shown["settings"]["auth_mode"], &shown["settings"]["auth_answer"]), (&json!(2), &Value::Null));
    let session = json!({"created_at_ms": START_MS, "last_used_at_ms": START_MS,
        "expires_at_ms": START_MS + t.gateway.config.session_max_age_ms});
    let device = json!({"device_sn": 1, "device_id": "alice's phone", "platform": 0, "platform_name": "",
        "user_agent": "", "last_login_at_ms": START_MS, "online": true, "session": session});
    assert_eq!(shown["devices"], json!([device]));
}

#[actix_web::test]
async fn no_secret_of_an_account_is_shown() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let alice = rich_user(&t, &admin).await;
    let token = "0123456789abcdef0123456789abcdef-wxyz";
    let bind = json!({"device_sn": 1, "device_token": token, "notifier_name": "n"});
    alice.admin_api.post("/user/token/bind").json(&bind).send().await.assert_ok();
    alice
        .admin_api
        .post("/user/settings")
        .json(&json!({"user_id": alice.id, "push_token": token}))
        .send()
        .await
        .assert_ok();

    let shown = details(&admin, alice.id).await;
    assert_eq!(shown["settings"]["push_token"], json!("…wxyz"));
    let bound = json!([{"device_sn": 1, "device_token": "…wxyz", "notifier_name": "n"}]);
    assert_eq!(shown["push"]["tokens"], bound);
    let text = shown.to_string();
    for secret in [token, alice.token.as_str(), "geheim", "hmac-sha256", "$2"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[actix_web::test]
async fn ended_sessions_are_not_shown_and_their_devices_stay() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let alice = t.user("alice").await;
    t.clock.advance(1000);
    t.login("alice", "tablet").await;
    alice.admin_api.post("/user/kick?device_sn=1").send().await.assert_ok();
    let shown = details(&admin, alice.id).await;
    let devices = shown["devices"].as_array().unwrap();
    assert_eq!(devices.iter().map(|device| device["device_sn"].clone()).collect::<Vec<_>>(), [json!(2), json!(1)]);
    assert!(devices[0]["session"].is_object() && devices[1].get("session").is_none());
}

#[actix_web::test]
async fn accounts_of_other_apps_and_deleted_ones_do_not_exist() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let alice = t.user("alice").await;
    let paths = ["/admin/v1/users/get", "/admin/v1/coins/list"];
    for path in paths.map(|path| format!("{path}?user_id={}", alice.id)) {
        admin.get(&path).send().await.assert_ok();
        assert_eq!(admin.get(&format!("{path}99999")).send().await.code(), 10000);
        assert_eq!(other.get(&path).send().await.code(), 10000);
        assert_eq!(alice.admin_api.get(&path).send().await.code(), 10010);
    }
    admin.clone().header("user_id", &alice.id.to_string()).post("/user/delete").send().await.assert_ok();
    for path in paths.map(|path| format!("{path}?user_id={}", alice.id)) {
        assert_eq!(admin.get(&path).send().await.code(), 10000);
    }
}

#[actix_web::test]
async fn an_operator_reads_the_ledger_of_an_account() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for number in 1..=3 {
        let change = json!({"user_id": alice.id, "amount": number, "typ": 2, "reason": "gift", "remark": "r",
            "idempotency_key": number.to_string()});
        admin.post("/admin/v1/coins/adjust").json(&change).send().await.assert_ok();
    }
    let page = async |number: i64| {
        let path = format!("/admin/v1/coins/list?user_id={}&page_num={number}&page_size=2", alice.id);
        admin.get(&path).send().await.json()["data"].clone()
    };
    let first = page(1).await;
    assert_eq!((&first["total"], first["records"].as_array().unwrap().len()), (&json!(3), 2));
    let newest = first["records"][0].clone();
    let expected = json!({"id": newest["id"], "typ": 2, "before_cents": 300, "change_cents": 300, "after_cents": 600,
        "reason": "gift", "remark": "r", "created_at_ms": START_MS});
    assert_eq!(newest, expected);
    assert_eq!(page(2).await["records"][0]["after_cents"], json!(100));
}

#[test]
fn the_command_line_shows_an_account_and_its_ledger() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    std::fs::write(shell.path().join("users.csv"), "username,description\nalice,hello\n").unwrap();
    shell.run(&["user", "import", "--app", "shop", "users.csv"]);
    let change =
        ["coins", "adjust", "--app", "shop", "--user", "1", "--amount", "2.50", "--typ", "2", "--reason", "gift"];
    shell.run(&[&change[..], &["--idempotency-key", "a"]].concat());
    let shown = shell.run(&["user", "show", "--app", "shop", "1"]);
    assert!(shown.contains("\nusername          alice\n") && shown.contains("\ncoins             2.50\n"), "{shown}");
    let ledger = shell.table(&["coins", "list", "--app", "shop", "--user", "1"]);
    assert_eq!(ledger[0], ["TIME", "TYP", "CHANGE", "BALANCE", "REASON"]);
    assert_eq!(ledger[1][1..], ["2", "2.50", "2.50", "gift"]);
    assert_eq!(shell.fail(&["coins", "list", "--app", "shop", "--user", "2"]), "diglot: no such user");
}
