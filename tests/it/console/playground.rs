//! The playground.

use super::signed_in;
use crate::support::Look;

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn an_operation_is_sent_in_both_encodings() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let alice = running.t.user("alice").await;
    browser.follow("Playground").await;
    browser.fill("Operation", "POST /v1/user/edit-nickname").await;
    browser.press("Choose").await;
    browser.fill("token", &alice.token).await;
    browser.fill("nickname", "戴安娜").await;
    browser.press("Send in both encodings").await;
    browser.shows("Both answers say the same.").await;
    // Field 3, length-delimited, nine bytes.
    browser.shows("1a 09 e6 88 b4 e5 ae 89 e5 a8 9c").await;
    browser.shows("length-delimited").await;
    browser.shows("printf '\\032\\011").await;
    browser.screenshot("playground-answers").await;
    let info = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await;
    assert_eq!(info.json()["data"]["user"]["nickname"], "戴安娜", "{}", info.json());
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn answers_that_differ_are_told() {
    let (_running, browser) = signed_in(Look::ENGLISH).await;
    browser.follow("Playground").await;
    browser.fill("Operation", "POST /v1/user/captcha").await;
    browser.press("Choose").await;
    browser.press("Send in both encodings").await;
    browser.shows("The answers differ:").await;
    browser.assert_clean().await;
}
