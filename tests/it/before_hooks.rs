//! Before-hooks: an app's server is asked before a registration and a login.

use serde_json::{Value, json};

use crate::{
    contract_v1::new_mobile,
    support::{Client, CodeApp, PASSWORD, Reaction, Res, TestApp, WebhookReceiver},
};

async fn app() -> TestApp {
    TestApp::with(|config| config.webhook_allows_private = true).await
}

async fn subscribe(admin: &Client, url: &str, events: &[&str], fail_open: bool) -> String {
    let body = json!({"url": url, "events": events, "fail_open": fail_open});
    let res = admin.post("/admin/v1/webhooks/create").json(&body).send().await;
    res.assert_ok();
    res.json()["data"]["secret"].as_str().unwrap().to_owned()
}

fn allow() -> Reaction {
    Reaction::Answer(200, r#"{"allow":true}"#.to_owned())
}

fn refuse(text: &str) -> Reaction {
    Reaction::Answer(200, json!({"allow": false, "text": text}).to_string())
}

async fn register(t: &TestApp, name: &str) -> Res {
    let body = json!({"username": name, "password": PASSWORD});
    t.anon().header("app_id", "default").post("/user/register/v2").json(&body).send().await
}

async fn login(t: &TestApp, name: &str) -> Res {
    let body = json!({"name": name, "password": PASSWORD, "device_guid": "phone"});
    t.anon().header("app_id", "default").post("/token/user").json(&body).send().await
}

fn data_of(receiver: &WebhookReceiver) -> Value {
    receiver.posts().last().unwrap().data()
}

#[actix_web::test]
async fn a_server_allows_or_refuses_a_registration_with_a_text() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let secret = subscribe(&admin, &receiver.url(), &["before.register"], false).await;
    receiver.plan([refuse("only by\ninvitation"), refuse(""), allow()]);
    register(&t, "alice").await.assert_line("json | 200 | 10010 | only byinvitation");
    register(&t, "alice").await.assert_line("json | 200 | 10010 | the app refused this");
    register(&t, "alice").await.assert_ok();
    let asked = receiver.posts();
    assert!(asked.len() == 3 && asked[0].is_signed_with(&secret) && asked[0].event() == "before.register");
    assert_eq!((&asked[0].data()["name"], &asked[0].data()["address"]), (&json!("alice"), &json!("203.0.113.7")));
    // An operator is not asked about.
    let body = json!({"list": [{"username": "bob", "password": PASSWORD}]});
    admin.post("/user/register/batch").json(&body).send().await.assert_ok();
    assert_eq!(receiver.posts().len(), 3);
}

#[actix_web::test]
async fn a_server_is_asked_about_a_login_after_the_right_password_only() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    let alice = t.user("alice").await;
    subscribe(&admin, &receiver.url(), &["before.login"], false).await;
    let wrong = json!({"name": "alice", "password": "wrong"});
    t.anon()
        .header("app_id", "default")
        .post("/token/user")
        .json(&wrong)
        .send()
        .await
        .assert_line("json | 200 | 402 | Operation rejected: wrong name or password");
    assert!(receiver.posts().is_empty());
    receiver.plan([refuse("maintenance"), allow(), refuse("maintenance"), allow()]);
    login(&t, "alice").await.assert_line("json | 200 | 10010 | maintenance");
    assert_eq!((&data_of(&receiver)["user_id"], &data_of(&receiver)["device_id"]), (&json!(alice.id), &json!("phone")));
    login(&t, "alice").await.assert_ok();
    let v1 = json!({"email": "alice", "password": PASSWORD});
    t.anon().post("/v1/user/email-login").json(&v1).send().await.assert_line("json | 200 | -1 | maintenance");
    // Another session of the same user is a login too.
    let path = format!("/v1/user/get-token?token={}", alice.token);
    t.anon().get(&path).send().await.assert_ok();
    assert_eq!(receiver.posts().len(), 4);
    let refusals = t.audit_rows().await.into_iter().filter(|row| row.result == "refused by a server of the app");
    assert_eq!(refusals.count(), 2);
}

#[actix_web::test]
async fn a_server_is_asked_about_a_new_number_once_for_its_registration_and_once_for_its_login() {
    let codes = CodeApp::with(|config| config.webhook_allows_private = true).await;
    let (admin, receiver) = (codes.t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["before.register", "before.login"], false).await;
    receiver.plan([allow(), allow()]);
    let mobile = new_mobile();
    let code = codes.sms_code(&codes.t.anon(), &mobile).await;
    let body = json!({"mobile": mobile, "captcha": code});
    codes.t.anon().post("/v1/user/verification-login").json(&body).send().await.assert_ok();
    let asked: Vec<_> = receiver.posts().iter().map(|post| (post.event(), post.data()["name"].clone())).collect();
    assert_eq!(asked, [("before.register".to_owned(), json!(mobile)), ("before.login".to_owned(), json!(mobile))]);
}

#[actix_web::test]
async fn without_an_answer_a_hook_fails_closed_or_open_as_it_was_made() {
    let t = app().await;
    let admin = t.admin().await;
    let receiver = WebhookReceiver::start();
    subscribe(&admin, &receiver.url(), &["before.register"], true).await;
    receiver.plan([Reaction::Hang, Reaction::Answer(500, String::new()), Reaction::Answer(200, "yes".to_owned())]);
    for name in ["a1", "a2", "a3"] {
        register(&t, name).await.assert_ok();
    }
    receiver.plan([refuse("no")]);
    assert_eq!(register(&t, "a4").await.code(), 10010);

    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["before.register"], false).await;
    receiver.plan([Reaction::Hang, Reaction::Answer(500, String::new()), Reaction::Answer(200, "yes".to_owned())]);
    for name in ["a1", "a2", "a3"] {
        register(&t, name).await.assert_line("json | 503 | 503 | the service is unavailable at the moment");
    }
    receiver.plan([allow()]);
    register(&t, "a1").await.assert_ok();
}

#[actix_web::test]
async fn a_server_that_cannot_be_asked_costs_no_code() {
    let codes = CodeApp::with(|config| config.webhook_allows_private = true).await;
    let (admin, receiver) = (codes.t.admin().await, WebhookReceiver::start());
    subscribe(&admin, &receiver.url(), &["before.login"], false).await;
    receiver.plan([Reaction::Hang, allow()]);
    let mobile = new_mobile();
    let code = codes.sms_code(&codes.t.anon(), &mobile).await;
    let body = json!({"mobile": mobile, "captcha": code});
    let login = async || codes.t.anon().post("/v1/user/verification-login").json(&body).send().await;
    assert_eq!(login().await.status.as_u16(), 503);
    login().await.assert_ok();
    assert_eq!(login().await.code(), -1);
}

#[actix_web::test]
async fn a_server_that_does_not_answer_costs_two_seconds() {
    let t = app().await;
    let (admin, receiver) = (t.admin().await, WebhookReceiver::slow(std::time::Duration::from_secs(30)));
    subscribe(&admin, &receiver.url(), &["before.register"], false).await;
    let started = std::time::Instant::now();
    assert_eq!(register(&t, "alice").await.code(), 503);
    let took = started.elapsed().as_millis();
    assert!((1900..4000).contains(&took), "{took} ms");
}
