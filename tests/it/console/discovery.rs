//! The pages of the discovery page and of medals.

use super::signed_in;
use crate::support::Look;

/// A name that would run a script, turn the text around or break the layout, if it were not shown as text.
pub const HOSTILE: &str = "<img src=x onerror=document.title='owned'>";

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn the_discovery_page_is_managed() {
    let (_running, browser) = signed_in(Look::ENGLISH).await;
    browser.follow("Discovery").await;
    browser.fill("Name", HOSTILE).await;
    browser.fill("Sort order", "3").await;
    browser.press("Create").await;
    browser.shows("Created.").await;
    browser.shows(HOSTILE).await;
    assert_eq!(browser.run("return document.title").await, "Discovery · diglot");

    browser.find("//summary[.='Edit']").await.click().await.unwrap();
    browser.fill("Name", "Games").await;
    browser.press("Save").await;
    browser.shows("Saved.").await;
    browser.shows("Games").await;

    browser.follow("Groups").await;
    browser.fill("Name", "Chess").await;
    browser.fill("Category", "Nowhere").await;
    browser.press("Create").await;
    browser.find("//*[@role='alert']").await;
    browser.fill("Category", "Games").await;
    browser.press("Create").await;
    browser.shows("Created.").await;
    browser.shows("Chess").await;

    browser.follow("Categories").await;
    browser.find("//summary[.='Delete']").await.click().await.unwrap();
    browser.press("Delete").await;
    browser.find("//*[@role='alert']").await;
    browser.shows("Games").await;

    browser.follow("Bots").await;
    browser.fill("Name", "Helper").await;
    browser.tick("Always agrees").await;
    browser.press("Create").await;
    browser.shows("Helper").await;
    // As for a bot that is created without saying so, users may add it.
    browser.find("//tr[td='Helper']/td[5][.='yes']").await;
    browser.find("//summary[.='Delete']").await.click().await.unwrap();
    browser.press("Delete").await;
    browser.shows("Deleted.").await;
    browser.shows("There is nothing here yet.").await;

    browser.follow("Ads").await;
    browser.fill("Bottom height", "48").await;
    browser.press("Save").await;
    browser.shows("Saved.").await;
    browser.forget_log().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn medals_are_defined() {
    let (_running, browser) = signed_in(Look::ENGLISH).await;
    browser.follow("Medals").await;
    browser.shows("There are no medals yet.").await;
    browser.fill("Name", "Gold").await;
    browser.fill("Sort order", "1").await;
    browser.press("Create").await;
    browser.shows("Created.").await;
    browser.shows("Gold").await;
    browser.assert_clean().await;
    browser.fill("Name", "Gold").await;
    browser.press("Create").await;
    browser.find("//*[@role='alert']").await;
    browser.forget_log().await;
}
