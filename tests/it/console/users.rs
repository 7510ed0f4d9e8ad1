//! The pages of accounts.

use serde_json::json;

use super::{discovery::HOSTILE, signed_in};
use crate::support::{Look, MINUTE_MS};

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn an_account_is_created_found_and_shown() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    browser.follow("Users").await;
    browser.shows("No users found.").await;
    browser.follow("New user").await;
    browser.fill("Login name", "!").await;
    browser.press("Create").await;
    browser.find("//*[@role='alert']").await;
    browser.forget_log().await;
    browser.fill("Login name", "diana").await;
    browser.press("Create").await;
    browser.shows("The password, shown only now").await;
    let password = browser.find("//p[@class='secret']").await.text().await.unwrap();
    let login = json!({"name": "diana", "password": password});
    running.t.anon().header("app_id", "default").post("/token/user").json(&login).send().await.assert_ok();

    browser.follow("Users").await;
    browser.fill("Search", "DIA").await;
    browser.press("Find").await;
    browser.find("//td[.='diana']").await;
    browser.fill("Search", "nobody").await;
    browser.press("Find").await;
    browser.shows("No users found.").await;
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn names_from_users_are_shown_as_text() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let cjk: String = "龍".repeat(64);
    for (user, name) in [("mallory", HOSTILE), ("trent", "abc\u{5d0}\u{5d1}\u{5d2}"), ("victor", &cjk)] {
        let user = running.t.user(user).await;
        let admin = running.t.admin().await.header("user_id", &user.id.to_string());
        admin.put("/user/nickname").json(&json!({"nick_name": name})).send().await.assert_ok();
        browser.open_page(&format!("/console/users/{}", user.id)).await;
        browser.shows(name).await;
        let width = browser.run("return document.documentElement.scrollWidth <= window.innerWidth").await;
        assert_eq!(width, true, "{name} makes the page too wide");
    }
    browser.open_page("/console/users").await;
    browser.shows(HOSTILE).await;
    browser.shows(&cjk).await;
    assert_eq!(browser.run("return document.title").await, "Users · diglot");
    assert_eq!(browser.run("return document.querySelectorAll('img').length").await, 0);
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn everything_of_an_account_is_managed_on_its_page() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let alice = running.t.user("alice").await;
    let medal = json!({"name": "Gold"});
    running.t.admin().await.post("/admin/v1/medals/define").json(&medal).send().await.assert_ok();
    browser.open_page(&format!("/console/users/{}", alice.id)).await;
    browser.shows("alice's phone").await;

    browser.find("//summary[.='Adjust coins']").await.click().await.unwrap();
    browser.fill("Amount", "12.5").await;
    browser.find("//section[h2='Coins']//label[span='Reason']/input").await.send_keys("welcome").await.unwrap();
    browser.press("Adjust coins").await;
    browser.shows("Saved.").await;
    browser.find("//p[@class='big'][.='12.50']").await;

    browser.fill("Days to add", "30").await;
    browser.press("Grant VIP").await;
    browser.shows("Saved.").await;
    browser.find("//section[h2='VIP']//time").await;

    browser.press("Grant").await;
    browser.find("//section[h2='Medals']//button[.='Withdraw']").await.click().await.unwrap();
    browser.find("//section[h2='Medals']//button[.='Grant']").await;

    browser.find("//section[h2='Ban']//label[span='Reason']/input").await.send_keys("spam").await.unwrap();
    browser.run("document.querySelector('[name=until]').value = '2030-01-02T03:04'").await;
    browser.press("Set ban").await;
    browser.shows("spam").await;
    browser.press("Lift ban").await;
    browser.find("//button[.='Set ban']").await;

    browser.press("End session").await;
    browser.shows("no session").await;
    assert_eq!(alice.v1.get("/v1/user/info").send().await.code(), -101);
    for action in ["coins.adjust", "vip.grant", "medal.grant", "ban.set", "session.kick"] {
        browser.find(&format!("//section[h2='Audit trail']//td[.='{action}']")).await;
    }
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn what_ends_something_asks_first() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let alice = running.t.user("alice").await;
    let page = format!("/console/users/{}", alice.id);
    browser.open_page(&page).await;
    browser.follow("Disable").await;
    browser.shows("Sessions: 1").await;
    browser.follow("Cancel").await;
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    browser.follow("Disable").await;
    browser.press("Disable").await;
    browser.find("//span[.='disabled']").await;
    assert_eq!(alice.v1.get("/v1/user/info").send().await.code(), -101);
    browser.press("Enable").await;
    browser.find("//span[.='active']").await;

    browser.follow("Reset password").await;
    browser.press("Reset password").await;
    let password = browser.find("//p[@class='secret']").await.text().await.unwrap();
    let login = json!({"name": "alice", "password": password});
    running.t.anon().header("app_id", "default").post("/token/user").json(&login).send().await.assert_ok();

    browser.open_page(&page).await;
    browser.follow("Delete").await;
    browser.shows("This can't be undone.").await;
    browser.press("Delete").await;
    browser.shows("Deleted.").await;
    browser.shows("No users found.").await;
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn who_is_online_is_kept_up_to_date() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    running.t.user("alice").await;
    browser.open_page("/console/users").await;
    browser.find("//span[@data-presence][.='online']").await;
    running.t.clock.advance(2 * MINUTE_MS);
    // What the page does every ten seconds.
    let refresh = "return import('/console/assets/presence.js').then(script => \
                   script.refresh([...document.querySelectorAll('[data-presence]')]))";
    browser.run(refresh).await;
    browser.find("//span[@data-presence][.='offline']").await;
    browser.assert_clean().await;
}
