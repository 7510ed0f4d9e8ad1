//! The delivery of codes: the signed webhook and e-mail (docs/delivery.md).

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::support::{CodeApp, Node, START_MS, SmsReceiver, TestApp, agent, keep_log, logged, post, server_urls};

const MOBILE: &str = "13812345678";
const PATIENCE: Duration = Duration::from_secs(20);

#[actix_web::test]
async fn the_webhook_gets_a_signed_post() {
    let codes = CodeApp::new().await;
    codes.request_sms(&codes.t.anon().header("x-request-id", "ask-1"), MOBILE).await.assert_ok();
    let post = codes.sms.next();
    let code = post.code();
    let expected = json!({
        "app_id": "default",
        "mobile": MOBILE,
        "purpose": "login",
        "code": code,
        "text": format!("您的登录验证码：{code}。5 分钟内有效，请勿告诉他人。"),
        "request_id": "ask-1",
    });
    assert_eq!(post.json(), expected);
    assert_eq!(post.headers["content-type"], "application/json");
    assert_eq!(post.headers["x-diglot-timestamp"], (START_MS / 1000).to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(b"webhook secret").unwrap();
    mac.update(format!("{}.{}", post.headers["x-diglot-timestamp"], post.body).as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(post.headers["x-diglot-signature"], signature);

    // The signature of Standard Webhooks, whose libraries take the base64 of the key.
    assert!(post.is_signed_with(&format!("whsec_{}", BASE64_STANDARD.encode("webhook secret"))));

    let alice = codes.t.user("alice").await.v1.header("accept-language", "en");
    codes.request_sms(&alice, "+4930123456").await.assert_ok();
    let json = codes.sms.next().json();
    assert_eq!((&json["purpose"], &json["mobile"]), (&json!("account"), &json!("+4930123456")));
    assert!(json["text"].as_str().unwrap().starts_with("Your code to change your account: "), "{json}");
}

#[actix_web::test]
async fn the_secret_of_the_webhook_may_be_one_of_standard_webhooks_and_its_id_stays() {
    let secret = format!("whsec_{}", BASE64_STANDARD.encode([7; 24]));
    let given = secret.clone();
    let codes = CodeApp::answering(&[503], &[], |config| config.sms_webhook_secret = Some(given)).await;
    codes.request_sms(&codes.t.anon(), MOBILE).await.assert_ok();
    let (first, second) = (codes.sms.next(), codes.sms.next());
    assert!(first.is_signed_with(&secret) && second.is_signed_with(&secret));
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
}

#[actix_web::test]
async fn a_failing_webhook_is_retried_until_it_succeeds() {
    let codes = CodeApp::answering(&[503, 429, 204], &[], |_| {}).await;
    codes.request_sms(&codes.t.anon(), MOBILE).await.assert_ok();
    let [first, second] = [codes.sms.next(), codes.sms.next()];
    let answered = Instant::now();
    let posts = [first, second, codes.sms.next()];
    assert!(answered.elapsed() > Duration::from_millis(1500), "it asked to wait for 2 seconds");
    assert!(posts.iter().all(|post| post.body == posts[0].body));
    codes.t.gateway.delivery.finish(PATIENCE).await;
    assert!(codes.sms.try_next().is_none());
    codes.login(MOBILE, &posts[0].code()).await.assert_ok();
}

#[actix_web::test]
async fn a_webhook_that_refuses_is_not_retried() {
    keep_log();
    let codes = CodeApp::answering(&[302, 400], &[], |_| {}).await;
    for (mobile, status) in [(MOBILE, 302), ("13987654321", 400)] {
        let client = codes.t.anon().header("x-request-id", &format!("refused-{status}"));
        codes.request_sms(&client, mobile).await.assert_ok();
        let code = codes.sms.next().code();
        codes.t.gateway.delivery.finish(PATIENCE).await;
        assert!(codes.sms.try_next().is_none());
        let lines = logged(&format!("refused-{status}"));
        let line = lines.iter().find(|line| line.contains("webhook")).unwrap();
        assert!(line.contains(&format!("the webhook answered {status}")) && !line.contains(&code), "{line}");
    }
}

#[actix_web::test]
async fn a_hanging_webhook_times_out_and_blocks_no_request() {
    let codes = CodeApp::answering(&[0], &[], |config| config.delivery_timeout = Duration::from_millis(500)).await;
    let started = Instant::now();
    codes.request_sms(&codes.t.anon(), MOBILE).await.assert_ok();
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    codes.sms.next();
    let second = codes.sms.next();
    codes.login(MOBILE, &second.code()).await.assert_ok();
}

#[actix_web::test]
async fn a_code_is_mailed_as_text_and_html_in_the_callers_language() {
    let codes = CodeApp::new().await;
    codes.request_mail(&codes.t.anon().header("accept-language", "en"), "Bob@Mail.example", "").await.assert_ok();
    let mail = codes.mail.next();
    assert!(mail.from.contains("<codes@chat.example>") && mail.to.contains("<bob@mail.example>"), "{mail:?}");
    assert_eq!(mail.header("From"), "Chat <codes@chat.example>");
    assert_eq!(mail.header("Subject"), "Your login code");
    assert!(mail.header("Content-Type").starts_with("multipart/alternative"));
    let code = mail.code();
    assert!(mail.data.contains(&format!("Your login code: {code}. It is valid for 5 minutes.")), "{}", mail.data);
    assert!(mail.data.contains("Content-Type: text/plain") && mail.data.contains("Content-Type: text/html"));
    assert!(mail.data.contains("<html lang") && mail.data.contains(&format!("<strong>{code}</strong>")));

    codes.t.clock.advance(60_000);
    codes.request_mail(&codes.t.anon(), "bob@mail.example", "").await.assert_ok();
    let mail = codes.mail.next();
    // 登录验证码, encoded according to RFC 2047.
    assert_eq!(mail.header("Subject"), "=?utf-8?b?55m75b2V6aqM6K+B56CB?=");
}

#[actix_web::test]
async fn a_deferred_mail_is_retried_with_the_same_id_and_a_refused_one_is_not() {
    let replies = &["451 4.3.0 later", "421 4.3.2 going down", "250 2.0.0 taken", "550 5.1.1 nobody"];
    let codes = CodeApp::answering(&[], replies, |_| {}).await;
    codes.request_mail(&codes.t.anon(), "bob@mail.example", "").await.assert_ok();
    let mails = [codes.mail.next(), codes.mail.next(), codes.mail.next()];
    assert!(mails.iter().all(|mail| mail.header("Message-ID") == mails[0].header("Message-ID")));
    codes.t.gateway.delivery.finish(PATIENCE).await;
    codes.request_mail(&codes.t.anon(), "nobody@mail.example", "").await.assert_ok();
    codes.mail.next();
    codes.t.gateway.delivery.finish(PATIENCE).await;
    assert!(codes.mail.try_next().is_none());
}

#[actix_web::test]
async fn a_hanging_provider_does_not_block_the_other() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let codes = CodeApp::with(|config| {
        // The listener never accepts, so nothing answers there.
        config.smtp_url = Some(format!("smtp://{address}").parse().unwrap());
        config.delivery_timeout = Duration::from_secs(2);
    })
    .await;
    for number in 0..40 {
        codes.request_mail(&codes.t.anon(), &format!("m{number}@mail.example"), "").await.assert_ok();
    }
    let started = Instant::now();
    codes.request_sms(&codes.t.anon(), MOBILE).await.assert_ok();
    codes.sms.next();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_node_stops_within_its_time_while_codes_and_requests_are_under_way() {
    assert!(server_urls().is_some());
    let (t, silent) = (TestApp::new().await, SmsReceiver::start(&[0]));
    t.clock.set_to_now();
    let mut environment = t.environment();
    environment.insert("DIGLOT_SMS_WEBHOOK_URL", silent.url());
    environment.insert("DIGLOT_SMS_WEBHOOK_SECRET", "webhook secret".to_owned());
    environment.insert("DIGLOT_DRAIN_SECS", "0".to_owned());
    environment.insert("DIGLOT_SHUTDOWN_SECS", "3".to_owned());
    let node = Node::start(&environment);
    let (id, answer) = t.captcha().await;
    let body = json!({"mobile": MOBILE, "platform": "web", "id": id, "code": answer});
    let sent = post(&agent(), &node.url("/v1/verification/get-verification-code"), &[], &body).unwrap().1;
    assert_eq!(sent["code"], 1, "{sent}");
    silent.next();
    // A request whose body never ends.
    let mut stream = TcpStream::connect(&node.address).unwrap();
    let head = "POST /v1/user/email-login HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");

    let told = Instant::now();
    node.stop();
    let took = told.elapsed();
    assert!((Duration::from_millis(2500)..Duration::from_secs(5)).contains(&took), "{took:?}");
}
