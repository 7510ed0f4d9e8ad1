//! Captchas (behaviour.md §4, security.md 18).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use diglot::{
    domain::{Error, Origin, Visitor, access, verification},
    transport::pb,
};
use serde_json::json;

use crate::support::{MINUTE_MS, TestApp, app_id, keep_log, logged};

async fn visitor(t: &TestApp, app: &str) -> Visitor {
    let origin =
        Origin { address: "203.0.113.9".parse().unwrap(), request_id: "1".to_owned(), user_agent: String::new() };
    access::visitor(&t.app, app_id(app), origin).await.unwrap()
}

#[actix_web::test]
async fn a_captcha_is_a_picture_with_an_id() {
    let t = TestApp::new().await;

    let res = t.anon().post("/v1/user/captcha").send().await;
    res.assert_line("json | 200 | 1");
    let json = res.json();
    let data = json["data"].as_object().unwrap();
    assert_eq!(data.len(), 2);
    let png = STANDARD.decode(data["b64s"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    // No metadata: the chunks that a picture needs, and nothing else.
    let mut chunks = Vec::new();
    let mut rest = &png[8..];
    while rest.len() > 8 {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        chunks.push(String::from_utf8_lossy(&rest[4..8]).into_owned());
        rest = &rest[12 + length..];
    }
    assert!(chunks.iter().all(|chunk| ["IHDR", "PLTE", "IDAT", "IEND"].contains(&chunk.as_str())), "{chunks:?}");
    assert_eq!(data["id"].as_str().unwrap().len(), 22);

    let res = t.anon().post("/v1/user/captcha").header("accept", "application/x-protobuf").send().await;
    let proto: pb::CaptchaResponse = res.proto();
    assert!(proto.b64s.len() > 1000 && proto.id != data["id"].as_str().unwrap());
}

#[actix_web::test]
async fn a_source_gets_so_many_captchas_a_minute() {
    let t = TestApp::with(|config| config.captchas_per_minute = 2).await;
    let ask = |from: &str| t.anon().from(from).post("/v1/user/captcha").json(&json!({})).send();

    for _ in 0..2 {
        ask("198.51.100.1").await.assert_ok();
    }
    ask("198.51.100.1").await.assert_line("json | 429 | -1 | 请求过于频繁，请 60 秒后再试");
    ask("198.51.100.2").await.assert_ok();
    t.clock.advance(MINUTE_MS);
    ask("198.51.100.1").await.assert_ok();
}

#[actix_web::test]
async fn a_right_answer_counts_once_in_its_app_in_time_and_in_any_case() {
    keep_log();
    let t = TestApp::with(|config| config.is_dev = true).await;
    t.admin_of("other").await.get("/user/list").send().await.assert_ok();
    let (here, there) = (visitor(&t, "default").await, visitor(&t, "other").await);
    let make = async || {
        let id = verification::make_captcha(&t.app, &here).await.unwrap().id;
        let line = logged(&id).pop().unwrap();
        (id, line.rsplit(' ').next().unwrap().to_owned())
    };

    let (id, answer) = make().await;
    verification::answer_captcha(&t.app, &here, &id, &answer).await.unwrap();
    verification::answer_captcha(&t.app, &here, &id, &answer).await.unwrap_err();
    let (id, answer) = make().await;
    let typed = format!(" {} ", answer.to_uppercase().replace('I', "l").replace('0', "O"));
    verification::answer_captcha(&t.app, &here, &id, &typed).await.unwrap();
    let (id, answer) = make().await;
    verification::answer_captcha(&t.app, &there, &id, &answer).await.unwrap_err();
    let (id, answer) = make().await;
    t.clock.advance(5 * MINUTE_MS);
    verification::answer_captcha(&t.app, &here, &id, &answer).await.unwrap_err();
}

#[actix_web::test]
async fn the_answer_is_logged_in_development_mode_only() {
    keep_log();
    let t = TestApp::new().await;
    let id = verification::make_captcha(&t.app, &visitor(&t, "default").await).await.unwrap().id;
    assert_eq!(logged(&id), [""; 0]);
}

#[actix_web::test]
async fn a_wrong_answer_uses_a_captcha_up() {
    let t = TestApp::new().await;
    let visitor = visitor(&t, "default").await;

    let challenge = verification::make_captcha(&t.app, &visitor).await.unwrap();
    for (id, answer) in
        [("", ""), ("unknown", ""), ("null", "null"), (challenge.id.as_str(), ""), (challenge.id.as_str(), "wrong")]
    {
        let outcome = verification::answer_captcha(&t.app, &visitor, id, answer).await;
        assert!(matches!(outcome, Err(Error::CaptchaWrong)), "{id} {answer}");
    }
    assert_eq!(t.app.state.take_captcha(&challenge.id, 0).await.unwrap(), None);
}

#[actix_web::test]
async fn without_the_shared_state_there_is_no_captcha() {
    let t = TestApp::with(|config| config.redis_url = Some("redis://127.0.0.1:1".to_owned())).await;

    let res = t.anon().post("/v1/user/captcha").send().await;
    res.assert_line("json | 503 | -1 | 服务暂时不可用，请稍后再试");
}
