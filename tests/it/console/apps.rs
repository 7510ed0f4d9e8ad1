//! The page of the app and its tokens.

use serde_json::json;

use super::signed_in;
use crate::support::Look;

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn tokens_are_created_shown_once_and_revoked() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    browser.follow("Apps").await;
    browser.fill("Name", "nightly").await;
    browser.fill("Valid for days", "7").await;
    browser.press("Create").await;
    browser.shows("It is shown only now").await;
    let token = browser.find("//p[@class='secret']").await.text().await.unwrap();
    let script = running.t.anon().header("app_id", "default").header("access-token", &token);
    script.get("/user/list").send().await.assert_ok();
    browser.follow("Back").await;
    assert!(!browser.text().await.contains(&token));
    browser.find("//tr[td='nightly']//summary").await.click().await.unwrap();
    browser.find("//tr[td='nightly']//button").await.click().await.unwrap();
    browser.find("//tr[td='nightly']//span[.='revoked']").await;
    assert_eq!(script.get("/user/list").send().await.code(), 402);
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn registration_is_closed_and_the_own_token_revoked() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    browser.follow("Apps").await;
    browser.tick("Anyone may register").await;
    browser.press("Save").await;
    browser.shows("Saved.").await;
    let body = json!({"username": "eve", "password": "correct horse"});
    let refused = running.t.anon().header("app_id", "default").post("/user/register/v2").json(&body).send().await;
    assert_ne!(refused.json()["code"], 200);
    browser.find("//tr[td[contains(., 'this session')]]//summary").await.click().await.unwrap();
    browser.find("//tr[td[contains(., 'this session')]]//button").await.click().await.unwrap();
    browser.find("//label[span='Admin token']").await;
    browser.assert_clean().await;
}
