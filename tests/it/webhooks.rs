//! Webhooks: which events there are, what they say, and how webhooks are managed.

use serde_json::{Value, json};

use crate::support::{
    Client, CodeApp, DAY_MS, PASSWORD, Post, Reaction, Shell, TestApp, WebhookReceiver, command_line, within_a_second,
};

const ALL: [&str; 12] = [
    "user.created",
    "user.updated",
    "user.deleted",
    "user.disabled",
    "user.enabled",
    "session.created",
    "session.ended",
    "presence.online",
    "presence.offline",
    "coins.changed",
    "password.changed",
    "contact.changed",
];

/// A gateway that may post to loopback.
async fn app() -> TestApp {
    TestApp::with(|config| config.webhook_allows_private = true).await
}

/// A webhook of the default app: its id and its secret.
async fn subscribe(admin: &Client, url: &str, events: &[&str]) -> (i64, String) {
    let data = post(admin, "create", json!({"url": url, "events": events})).await;
    (data["id"].as_i64().unwrap(), data["secret"].as_str().unwrap().to_owned())
}

async fn post(admin: &Client, operation: &str, body: Value) -> Value {
    let res = admin.post(&format!("/admin/v1/webhooks/{operation}")).json(&body).send().await;
    res.assert_ok();
    res.json()["data"].clone()
}

/// What the post says, without what is the same in all.
fn said(post: &Post) -> (String, Value) {
    let mut data = post.data();
    assert_eq!(data.as_object_mut().unwrap().remove("app"), Some(json!("default")));
    (post.event(), data)
}

#[actix_web::test]
async fn a_post_is_signed_as_standard_webhooks_says_and_has_the_time_of_the_event() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let (_, secret) = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    let alice = t.user("alice").await;
    let post = receiver.wait_for(1).await.remove(0);
    assert!(secret.starts_with("whsec_") && post.is_signed_with(&secret));
    assert_eq!(post.header("content-type"), "application/json");
    assert_eq!(post.header("webhook-timestamp"), (t.gateway.clock.now_ms() / 1000).to_string());
    assert!(post.header("webhook-id").starts_with("evt_"));
    assert_eq!(said(&post), ("user.created".to_owned(), json!({"user_id": alice.id, "username": "alice"})));
    let timestamp = post.json()["timestamp"].as_str().unwrap().to_owned();
    assert!(timestamp.len() == 24 && timestamp.ends_with('Z') && timestamp.starts_with("20"), "{timestamp}");
}

#[actix_web::test]
async fn every_change_of_an_account_is_an_event() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &ALL).await;
    let alice = t.user("alice").await;
    let user_id = alice.id;
    alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})).send().await.assert_ok();
    // The same name again changes nothing.
    alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})).send().await.assert_ok();
    let acting = admin.clone().header("user_id", &user_id.to_string());
    let key = json!({"user_id": user_id, "amount": 2.5, "typ": 2, "reason": "gift", "idempotency_key": "a"});
    admin.post("/admin/v1/coins/adjust").json(&key).send().await.assert_ok();
    acting.put("/user/mobile?mobile=13800000001").send().await.assert_ok();
    let password = json!({"old_password": PASSWORD, "password": "another horse"});
    alice.v1.post("/v1/user/logout").send().await.assert_ok();
    acting
        .post("/user/change_password_admin")
        .json(&json!({"password": password["password"]}))
        .send()
        .await
        .assert_ok();
    admin.put("/user/disable").json(&json!({"list": [user_id]})).send().await.assert_ok();
    admin.put("/user/enable").json(&json!({"list": [user_id]})).send().await.assert_ok();
    acting.post("/user/delete").json(&json!({})).send().await.assert_ok();
    let expected = [
        ("user.created", json!({"user_id": user_id, "username": "alice"})),
        ("session.created", json!({"user_id": user_id, "session_id": 1, "device_sn": 1})),
        ("presence.online", json!({"user_id": user_id})),
        ("user.updated", json!({"user_id": user_id, "changed": ["nick_name"]})),
        (
            "coins.changed",
            json!({"user_id": user_id, "typ": 2, "change_cents": 250, "balance_cents": 250, "reason": "gift"}),
        ),
        ("contact.changed", json!({"user_id": user_id, "kind": "mobile", "is_bound": true})),
        ("session.ended", json!({"user_id": user_id, "session_id": 1, "device_sn": 1, "reason": "logout"})),
        ("presence.offline", json!({"user_id": user_id})),
        ("password.changed", json!({"user_id": user_id})),
        ("user.disabled", json!({"user_id": user_id})),
        ("user.enabled", json!({"user_id": user_id})),
        ("user.deleted", json!({"user_id": user_id})),
    ];
    let posts = receiver.wait_for(expected.len()).await;
    let got: Vec<_> = posts.iter().map(said).collect();
    assert_eq!(got, expected.map(|(event, data)| (event.to_owned(), data)));
}

#[actix_web::test]
async fn a_rehashed_password_is_no_change_of_it_and_an_import_is_a_registration() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["user.created", "password.changed"]).await;
    // A plain bcrypt hash of `PASSWORD`, which a login replaces.
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let line = json!({"username": "alice", "password_hash": hash}).to_string();
    let res = admin.post("/admin/v1/users/import?format=jsonl").body(line).send().await;
    assert_eq!(res.status.as_u16(), 200, "{res:?}");
    let before = stored_hash(&t).await;
    t.login("alice", "phone").await;
    assert_ne!(stored_hash(&t).await, before);
    let alice = t.login("alice", "phone").await;
    let acting = admin.clone().header("user_id", &alice.id.to_string());
    acting.post("/user/change_password_admin").json(&json!({"password": "another horse"})).send().await.assert_ok();
    let events: Vec<_> = receiver.wait_for(2).await.iter().map(Post::event).collect();
    assert_eq!(events, ["user.created", "password.changed"]);
}

async fn stored_hash(t: &TestApp) -> Option<String> {
    let find = |conn: &mut diglot::store::Conn| {
        let name = diglot::model::LoginName::Username("alice".to_owned());
        diglot::store::users::find_credentials(conn, &crate::support::app_id("default"), &name)
    };
    t.gateway.db.read(find).await.unwrap().unwrap().password_hash
}

#[actix_web::test]
async fn a_number_counts_as_bound_once_its_owner_has_confirmed_it() {
    let codes = CodeApp::with(|config| config.webhook_allows_private = true).await;
    let (admin, receiver) = (codes.t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["contact.changed", "user.updated"]).await;
    let alice = codes.t.user("alice").await;
    let mobile = "13800000001";
    alice.admin_api.put(&format!("/user/mobile?mobile={mobile}")).send().await.assert_ok();
    alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})).send().await.assert_ok();
    let code = codes.sms_code(&alice.v1, mobile).await;
    let body = json!({"phone": mobile, "captcha": code});
    alice.v1.post("/v1/user/bing-phone").json(&body).send().await.assert_ok();
    let posts = receiver.wait_for(2).await;
    assert_eq!((posts[0].event().as_str(), posts[1].event().as_str()), ("user.updated", "contact.changed"));
    assert_eq!(posts[1].data()["is_bound"], true);
}

#[actix_web::test]
async fn the_query_of_a_url_is_not_in_the_audit_log() {
    let t = app().await;
    let admin = t.admin().await;
    subscribe(&admin, "https://hooks.chat.example/in?key=geheim", &["user.created"]).await;
    let row = t.audit_rows().await.pop().unwrap();
    assert_eq!((row.action.as_str(), row.target.as_str()), ("webhook.create", "https://hooks.chat.example/in"));
}

#[actix_web::test]
async fn a_refused_change_is_no_event() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["coins.changed", "user.created"]).await;
    let alice = t.user("alice").await;
    let spend = json!({"user_id": alice.id, "amount": -1, "typ": 2, "reason": "x", "idempotency_key": "a"});
    assert_ne!(admin.post("/admin/v1/coins/adjust").json(&spend).send().await.code(), 200);
    t.user("bob").await;
    let events: Vec<_> = receiver.wait_for(2).await.iter().map(Post::event).collect();
    assert_eq!(events, ["user.created", "user.created"]);
}

#[actix_web::test]
async fn the_reason_of_the_end_of_a_session_is_told() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["session.ended"]).await;
    t.user("alice").await;
    // The same device again.
    let again = t.login("alice", "alice's phone").await;
    again.admin_api.post("/user/kick").send().await.assert_ok();
    let last = t.login("alice", "tablet").await;
    admin.put("/user/disable").json(&json!({"list": [last.id]})).send().await.assert_ok();
    let reasons: Vec<_> = receiver.wait_for(3).await.iter().map(|post| post.data()["reason"].clone()).collect();
    assert_eq!(reasons, ["replaced", "kicked", "disabled"]);
}

#[actix_web::test]
async fn presence_is_told_once_and_ends_when_no_device_is_in_use() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["presence.online", "presence.offline"]).await;
    let phone = t.user("alice").await;
    let tablet = t.login("alice", "tablet").await;
    phone.v1.post("/v1/user/logout").send().await.assert_ok();
    tablet.v1.get("/v1/user/info").send().await.assert_ok();
    assert_eq!(receiver.wait_for(1).await.iter().map(Post::event).collect::<Vec<_>>(), ["presence.online"]);
    t.clock.advance(t.gateway.config.presence_ttl_ms + 1);
    let events: Vec<_> = receiver.wait_for(2).await.iter().map(Post::event).collect();
    assert_eq!(events, ["presence.online", "presence.offline"]);
    tablet.v1.get("/v1/user/info").send().await.assert_ok();
    tablet.v1.post("/v1/user/logout").send().await.assert_ok();
    let events: Vec<_> = receiver.wait_for(4).await.iter().map(Post::event).collect();
    assert_eq!(events[2..], ["presence.online", "presence.offline"]);
}

#[actix_web::test]
async fn an_app_hears_of_its_own_accounts_and_only_what_it_subscribed_to() {
    let t = app().await;
    let [own, others] = [WebhookReceiver::start(), WebhookReceiver::start()];
    subscribe(&t.admin().await, &own.url(), &["session.created"]).await;
    subscribe(&t.admin_of("other").await, &others.url(), &["user.created"]).await;
    t.user("alice").await;
    t.user_of("other", "bob").await;
    let (own, others) = (own.wait_for(1).await, others.wait_for(1).await);
    assert_eq!((own[0].event().as_str(), own.len()), ("session.created", 1));
    assert_eq!((&others[0].data()["app"], &others[0].data()["username"]), (&json!("other"), &json!("bob")));
}

#[actix_web::test]
async fn a_rotated_secret_signs_beside_the_old_one_for_a_day() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let (id, old) = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    let new = post(&admin, "rotate", json!({"id": id})).await["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, old);
    let list = admin.get("/admin/v1/webhooks/list").send().await.json();
    assert_eq!(list["data"][0]["previous_secret_until"], (t.gateway.clock.now_ms() + DAY_MS) / 1000);
    t.user("alice").await;
    let both = receiver.wait_for(1).await.remove(0);
    assert!(both.is_signed_with(&old) && both.is_signed_with(&new));
    t.clock.advance(DAY_MS);
    t.user("bob").await;
    let one = receiver.wait_for(2).await.remove(1);
    assert!(!one.is_signed_with(&old) && one.is_signed_with(&new));
}

#[actix_web::test]
async fn a_test_post_shows_what_the_receiver_answers() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let (id, secret) = subscribe(&admin, &receiver.url(), &["user.created"]).await;
    assert_eq!(post(&admin, "test", json!({"id": id})).await, json!({"success": true, "status": 200}));
    let sent = receiver.wait_for(1).await.remove(0);
    assert!(sent.is_signed_with(&secret));
    assert_eq!(said(&sent), ("webhook.test".to_owned(), json!({})));
    receiver.plan([Reaction::Answer(500, String::new()), Reaction::Redirect("http://127.0.0.1:1/".to_owned())]);
    assert_eq!(post(&admin, "test", json!({"id": id})).await, json!({"success": false, "status": 500}));
    assert_eq!(post(&admin, "test", json!({"id": id})).await, json!({"success": false, "status": 307}));
    receiver.plan([Reaction::Hang]);
    let hung_up = post(&admin, "test", json!({"id": id})).await;
    assert!(hung_up["success"] == false && hung_up["problem"].is_string(), "{hung_up}");
}

#[actix_web::test]
async fn private_addresses_are_refused_also_after_their_names_are_resolved() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let create = async |url: &str| {
        let body = json!({"url": url, "events": ["user.created"]});
        admin.post("/admin/v1/webhooks/create").json(&body).send().await
    };
    for url in [
        "http://hooks.chat.example/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://169.254.169.254/latest",
        "https://user:secret@hooks.chat.example/",
        "https://hooks.chat.example/#x",
        "ftp://hooks.chat.example/",
        "hooks.chat.example",
        "",
    ] {
        assert_eq!(create(url).await.code(), 10002, "{url}");
    }
    // A name is resolved when something is posted.
    let created = create("https://localhost:1/").await.json();
    let tested = post(&admin, "test", json!({"id": created["data"]["id"]})).await;
    assert!(tested["problem"].as_str().unwrap().contains("its address is not public"), "{tested}");
}

#[actix_web::test]
async fn what_is_wrong_with_a_webhook_is_told() {
    let t = app().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let url = "https://hooks.chat.example/";
    for body in [
        json!({}),
        json!({"url": url}),
        json!({"url": url, "events": []}),
        json!({"url": url, "events": ["user.renamed"]}),
        json!({"url": url, "events": ["user.created", "before.login"]}),
        json!({"url": format!("{url}{}", "x".repeat(2100)), "events": ["user.created"]}),
        json!({"url": url, "events": "user.created"}),
    ] {
        let res = admin.post("/admin/v1/webhooks/create").json(&body).send().await;
        assert_eq!(res.code(), 10002, "{body}");
    }
    let (id, _) = subscribe(&admin, url, &["user.created"]).await;
    for operation in ["test", "rotate", "delete", "resend"] {
        let path = format!("/admin/v1/webhooks/{operation}");
        for (client, id) in [(&other, id), (&admin, id + 1)] {
            let res = client.post(&path).json(&json!({"id": id})).send().await;
            res.assert_line("json | 200 | 10002 | invalid request parameter: the webhook does not exist");
        }
    }
    let deliveries = format!("/admin/v1/webhooks/deliveries?id={id}");
    assert_eq!(other.get(&deliveries).send().await.code(), 10002);
    assert_eq!(admin.get(&format!("{deliveries}&state=lost")).send().await.code(), 10002);
    let alice = t.user("alice").await;
    assert_eq!(alice.admin_api.get("/admin/v1/webhooks/list").send().await.code(), 10010);
    for _ in 1..20 {
        subscribe(&admin, url, &["user.created"]).await;
    }
    let one_more = json!({"url": url, "events": ["user.created"]});
    assert_eq!(admin.post("/admin/v1/webhooks/create").json(&one_more).send().await.code(), 10002);
}

#[actix_web::test]
async fn management_is_audited() {
    let t = app().await;
    let admin = t.admin().await;
    let (id, _) = subscribe(&admin, "https://hooks.chat.example/", &["user.created"]).await;
    post(&admin, "rotate", json!({"id": id})).await;
    post(&admin, "resend", json!({"id": id})).await;
    post(&admin, "delete", json!({"id": id})).await;
    let list = admin.get("/admin/v1/webhooks/list").send().await.json();
    assert_eq!(list["data"], json!([]));
    let actions: Vec<_> = t.audit_rows().await.into_iter().map(|row| row.action).collect();
    let own: Vec<_> = actions.iter().filter(|action| action.starts_with("webhook.")).collect();
    assert_eq!(own, ["webhook.create", "webhook.rotate", "webhook.resend", "webhook.delete"]);
}

#[actix_web::test]
async fn a_webhook_that_another_process_makes_or_deletes_counts_within_a_second() {
    let t = app().await;
    let other_node = t.another_node().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let tenant = async || {
        let operator = command_line("default");
        diglot::domain::tenants::get(&other_node.gateway, &operator).await.unwrap().subscriptions.hears_of_presence
    };
    assert!(!tenant().await);
    let alice = t.user("alice").await;
    let (id, _) = subscribe(&admin, &receiver.url(), &["presence.online"]).await;
    within_a_second(async || {
        t.clock.advance(t.gateway.config.presence_ttl_ms);
        other_node.anon().header("token", &alice.token).get("/v1/user/info").send().await.assert_ok();
        !receiver.posts().is_empty()
    })
    .await;
    post(&admin, "delete", json!({"id": id})).await;
    assert!(!tenant().await);
}

#[test]
fn webhooks_are_managed_from_the_shell() {
    let shell = Shell::with([("DIGLOT_WEBHOOK_ALLOW_PRIVATE", "true".to_owned())].into());
    let receiver = WebhookReceiver::start();
    shell.run(&["app", "create", "shop"]);
    let url = receiver.url();
    let create = ["webhook", "create", "--app", "shop", "--url", &url, "--events", "user.created,user.deleted"];
    let printed = shell.run(&create);
    let secret = printed.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(printed.starts_with("made webhook 1\nits secret, shown this once: whsec_"), "{printed}");
    let row = shell.table(&["webhook", "list", "--app", "shop"])[1].clone();
    assert_eq!(row[..4], ["1", url.as_str(), "user.created,user.deleted", "closed"]);
    assert_eq!(shell.run(&["webhook", "test", "--app", "shop", "--id", "1"]), "accepted\n");
    assert!(receiver.posts()[0].is_signed_with(&secret));
    receiver.plan([Reaction::Answer(404, String::new())]);
    let refused = shell.fail(&["webhook", "test", "--app", "shop", "--id", "1"]);
    assert_eq!(refused, "diglot: the receiver answered HTTP 404");
    shell.run(&["user", "create", "--app", "shop", "alice"]);
    let deliveries = shell.json(&["webhook", "deliveries", "--app", "shop", "--id", "1"]);
    assert_eq!(
        (&deliveries["items"][0]["event"], &deliveries["items"][0]["state"]),
        (&json!("user.created"), &json!("pending"))
    );
    let table = shell.table(&["webhook", "deliveries", "--app", "shop", "--id", "1", "--state", "parked"]);
    assert_eq!(table.len(), 1);
    assert_eq!(shell.run(&["webhook", "resend", "--app", "shop", "--id", "1"]), "0\n");
    assert!(shell.run(&["webhook", "rotate", "--app", "shop", "--id", "1"]).starts_with("whsec_"));
    shell.run(&["webhook", "delete", "--app", "shop", "--id", "1"]);
    assert_eq!(shell.fail(&["webhook", "rotate", "--app", "shop", "--id", "1"]), "diglot: no such webhook");
    let wrong = shell.fail(&["webhook", "create", "--app", "shop", "--url", "x", "--events", "user.created"]);
    assert_eq!(wrong, "diglot: url is malformed");
}
