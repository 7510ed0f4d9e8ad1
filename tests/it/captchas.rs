//! Captchas (behaviour.md §4, security.md 18).

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use diglot::transport::pb;
use serde_json::{Value, json};

use crate::support::{Client, MINUTE_MS, Res, TestApp, keep_log, logged};

#[actix_web::test]
async fn a_captcha_is_an_image_with_an_id() {
    let t = TestApp::new().await;

    let res = t.anon().post("/v1/user/captcha").send().await;
    res.assert_line("json | 200 | 1");
    let json = res.json();
    let data = json["data"].as_object().unwrap();
    assert_eq!(data.len(), 2);
    let png = STANDARD.decode(data["b64s"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap()).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    // No metadata: only the chunks that an image requires.
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
async fn captchas_are_rate_limited_per_source() {
    let t = TestApp::with(|config| config.reloadable.captchas_per_minute = 2).await;
    let ask = |from: &str| t.anon().from(from).post("/v1/user/captcha").json(&json!({})).send();

    for _ in 0..2 {
        ask("198.51.100.1").await.assert_ok();
    }
    ask("198.51.100.1").await.assert_line("json | 429 | -1 | 请求过于频繁，请 60 秒后再试");
    ask("198.51.100.2").await.assert_ok();
    t.clock.advance(MINUTE_MS);
    ask("198.51.100.1").await.assert_ok();
}

/// Submits an answer, by requesting a code for an unused number.
async fn answer(client: &Client, id: Value, typed: Value) -> Res {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mobile = format!("+4930{:06}", NEXT.fetch_add(1, Ordering::Relaxed));
    let body = json!({"mobile": mobile, "code": typed, "id": id});
    client.post("/v1/verification/get-verification-code").json(&body).send().await
}

async fn make(client: &Client) -> String {
    let res = client.post("/v1/user/captcha").send().await;
    res.json()["data"]["id"].as_str().unwrap().to_owned()
}

const WRONG: &str = "json | 200 | -1 | 图形验证码错误或已过期";

#[actix_web::test]
async fn an_answer_is_valid_once_within_its_tenant_and_lifetime_in_any_case() {
    keep_log();
    let t = TestApp::with(|config| config.is_dev = true).await;
    t.admin_of("other").await.get("/user/list").send().await.assert_ok();
    let (here, there) = (t.anon(), t.anon().header("app_id", "other"));
    let read = async || {
        let id = make(&here).await;
        let line = logged(&id).pop().unwrap();
        (json!(id), line.rsplit(' ').next().unwrap().to_owned())
    };

    let (id, shown) = read().await;
    answer(&here, id.clone(), json!(shown)).await.assert_ok();
    answer(&here, id, json!(shown)).await.assert_line(WRONG);
    let (id, shown) = read().await;
    let typed = format!(" {} ", shown.to_uppercase().replace('I', "l").replace('0', "O"));
    answer(&here, id, json!(typed)).await.assert_ok();
    let (id, shown) = read().await;
    answer(&there, id, json!(shown)).await.assert_line(WRONG);
    let (id, shown) = read().await;
    t.clock.advance(5 * MINUTE_MS);
    answer(&here, id, json!(shown)).await.assert_line(WRONG);
    let (id, shown) = read().await;
    answer(&here, id.clone(), json!("wrong")).await.assert_line(WRONG);
    answer(&here, id, json!(shown)).await.assert_line(WRONG);
}

#[actix_web::test]
async fn the_answer_is_logged_in_development_mode_only() {
    keep_log();
    let t = TestApp::new().await;
    let id = make(&t.anon()).await;
    assert_eq!(logged(&id), [""; 0]);
}

#[actix_web::test]
async fn a_missing_answer_or_captcha_is_refused() {
    let t = TestApp::new().await;
    let id = json!(make(&t.anon()).await);
    for (id, typed) in [
        (json!(""), json!("")),
        (json!("unknown"), json!("")),
        (json!("null"), json!("null")),
        (Value::Null, Value::Null),
        (id, Value::Null),
    ] {
        answer(&t.anon(), id, typed).await.assert_line(WRONG);
    }
}

#[actix_web::test]
async fn captchas_are_unavailable_without_the_shared_state() {
    let t = TestApp::with(|config| config.redis_url = Some("redis://127.0.0.1:1".parse().unwrap())).await;

    let res = t.anon().post("/v1/user/captcha").send().await;
    res.assert_line("json | 503 | -1 | 服务暂时不可用，请稍后再试");
}
