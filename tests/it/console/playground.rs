//! The playground.

use super::{
    session::{cookie, csrf, get, request, session_of},
    signed_in,
};
use crate::support::{Look, Running};

/// What answers differently each time: with a new captcha, that the session has ended, or with the entry of the
/// export before in the audit log.
const DIFFERENT: [(&str, bool); 4] = [
    ("POST /v1/user/captcha", false),
    ("POST /v1/user/captcha", true),
    ("POST /v1/user/logout", true),
    ("GET /v1/user/export", true),
];

/// Where the answers on the page differ.
fn differences(page: &str) -> Vec<&str> {
    assert!(page.contains("class=\"same\"") || page.contains("class=\"differs\""), "{page}");
    page.split("<tr><td><code>").skip(1).map(|row| row.split('<').next().unwrap()).collect()
}

#[actix_web::test]
async fn every_operation_is_answered_alike_in_both_encodings() {
    let running = Running::start().await;
    running.t.user("alice").await;
    let mut session = session_of(&running, "default", &running.t.admin_token().await).await;
    let page = get(&running, "/console/playground", &session).await;
    if page.contains("set-cookie") {
        session = cookie(&page);
    }
    let operations: Vec<&str> =
        page.split("<option value=\"").skip(1).map(|option| option.split('"').next().unwrap()).collect();
    assert!(operations.len() > 30, "{operations:?}");
    for operation in operations {
        let token = running.t.login("alice", operation).await.token;
        for (token, is_user) in [("", false), (token.as_str(), true)] {
            let name = operation.replace(' ', "+").replace('/', "%2F");
            let form = format!("csrf={}&operation={name}&app_id=default&token={token}", csrf(&page));
            let answer = request(&running, "POST", "/console/playground", &session, &form).await;
            // The text of a refusal names a field as it is named in the encoding.
            let is_alike = differences(&answer).iter().all(|place| *place == "msg");
            let expected = !DIFFERENT.contains(&(operation, is_user));
            assert_eq!(is_alike, expected, "{operation}, as a user {is_user}: {answer}");
        }
    }
}

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
