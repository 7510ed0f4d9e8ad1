//! The page of the audit log.

use serde_json::json;

use super::signed_in;
use crate::support::Look;

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn the_audit_log_is_filtered_and_exported() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let (alice, bob) = (running.t.user("alice").await, running.t.user("bob").await);
    let admin = running.t.admin().await;
    admin.put("/user/disable").json(&json!({"list": [bob.id]})).send().await.assert_ok();
    browser.follow("Audit").await;
    browser.find("//td[.='account.disable']").await;
    browser.fill("User", &alice.id.to_string()).await;
    browser.press("Filter").await;
    browser.find(&format!("//td[.='{}']", alice.id)).await;
    assert!(!browser.text().await.contains("account.disable"));
    browser.fill("User", "").await;
    browser.fill("Action", "account.").await;
    browser.press("Filter").await;
    browser.find("//td[.='account.disable']").await;
    assert!(!browser.text().await.contains("session.login"));
    let script = "return fetch(document.querySelector('a[href*=csv]').href).then(res => res.text())";
    let csv = browser.run(script).await;
    assert!(csv.as_str().unwrap().contains("account.disable"), "{csv}");
    browser.assert_clean().await;
    browser.fill("Action", "nonsense").await;
    browser.press("Filter").await;
    browser.find("//*[@role='alert']").await;
    browser.forget_log().await;
}
