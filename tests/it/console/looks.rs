//! What all pages have in common: both languages and themes, narrow screens, the keyboard, and assistive technology.

use std::{fs, path::Path};

use serde_json::json;

use super::signed_in;
use crate::support::{Browser, Look, Running};

const PAGES: [&str; 15] = [
    "/console/",
    "/console/users",
    "/console/users/new",
    "/console/users/import",
    "/console/users/1",
    "/console/users/1/confirm/delete",
    "/console/discovery",
    "/console/discovery/groups",
    "/console/discovery/bots",
    "/console/discovery/ads",
    "/console/medals",
    "/console/apps",
    "/console/audit",
    "/console/settings",
    "/console/playground?operation=POST+%2Fv1%2Fuser%2Fedit-nickname",
];

/// Fills the app with something to look at.
async fn fill(running: &Running) {
    let t = &running.t;
    let admin = t.admin().await;
    let post = async |path: &str, body| admin.post(path).json(&body).send().await.assert_ok();
    let alice = t.user("alice").await;
    for name in ["bob", "carol", "戴安娜"] {
        t.login("alice", &format!("{name}'s tablet")).await;
    }
    for name in ["bob", "carol", "dave"] {
        t.user(name).await;
    }
    alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "爱丽丝 Alice"})).send().await.assert_ok();
    let coins = |amount, key| json!({"user_id": alice.id, "amount": amount, "typ": 2, "reason": "Welcome", "idempotency_key": key});
    post("/admin/v1/coins/adjust", coins(100.0, "a")).await;
    post("/admin/v1/coins/adjust", coins(-12.5, "b")).await;
    post("/admin/v1/vip/grant", json!({"user_id": alice.id, "days": 30})).await;
    for (name, sort) in [("Gold", 1), ("Silver", 2), ("金牌", 3)] {
        post("/admin/v1/medals/define", json!({"name": name, "desc": "For helpful members", "sort": sort})).await;
    }
    post("/admin/v1/medals/grant", json!({"user_id": alice.id, "medal_id": 1})).await;
    post("/admin/v1/categories/create", json!({"name": "Games", "sort": 1})).await;
    let group = json!({"nickname": "Chess club", "category": "Games", "introduction": "Openings and endgames", "headcount": 64});
    post("/admin/v1/groups/create", group).await;
    post("/admin/v1/bots/create", json!({"nickname": "Helper", "introduction": "Answers questions"})).await;
}

async fn screenshots(look: Look) {
    let (running, browser) = signed_in(look).await;
    fill(&running).await;
    for page in PAGES {
        browser.open_page(page).await;
        browser.find("//h1").await;
        let name: String = page.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let Look { language, theme, width } = look;
        browser.screenshot(&format!("{}-{language}-{theme}-{width}", name.trim_matches('-'))).await;
    }
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn pages_look_right_in_english_and_light() {
    screenshots(Look::ENGLISH).await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn pages_look_right_in_english_and_dark() {
    screenshots(Look { theme: "dark", ..Look::ENGLISH }).await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn pages_look_right_in_chinese_and_light() {
    screenshots(Look { language: "zh-CN", ..Look::ENGLISH }).await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn pages_look_right_in_chinese_and_dark() {
    screenshots(Look { language: "zh-CN", theme: "dark", width: 1280 }).await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn no_page_is_wider_than_a_narrow_screen() {
    let (running, browser) = signed_in(Look { width: 500, ..Look::ENGLISH }).await;
    fill(&running).await;
    for page in PAGES {
        browser.open_page(page).await;
        browser.find("//h1").await;
        let width = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]").await;
        assert!(width[0].as_u64() <= width[1].as_u64(), "{page}: {width}");
    }
    browser.open_page("/console/users/1").await;
    browser.screenshot("console-users-1-en-light-500").await;
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn the_language_is_the_browsers_until_it_is_chosen() {
    let (_running, browser) = signed_in(Look { language: "zh-CN", ..Look::ENGLISH }).await;
    browser.find("//h1[.='概览']").await;
    assert_eq!(browser.run("return document.documentElement.lang").await, "zh");
    browser.follow("English").await;
    browser.find("//h1[.='Overview']").await;
    browser.follow("Medals").await;
    browser.find("//h1[.='Medals']").await;
    browser.follow("中文").await;
    browser.find("//h1[.='勋章']").await;
    browser.assert_clean().await;
}

/// Moves the focus with the tab key until it is on an element with that text or label.
async fn tab_to(browser: &Browser, name: &str) {
    const TAB: &str = "\u{e004}";
    for _ in 0..60 {
        browser.keys(TAB).await;
        let script = "const e = document.activeElement; \
                      return (e.labels && e.labels.length ? e.labels[0].innerText : e.innerText || '').trim()";
        if browser.run(script).await == name {
            return;
        }
    }
    panic!("the tab key does not reach {name}: {}", browser.text().await);
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn a_medal_is_defined_with_the_keyboard_only() {
    const ENTER: &str = "\u{e007}";
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let browser = Browser::open(format!("http://{}", running.ops), Look::ENGLISH).await;
    browser.open_page("/console/sign-in").await;
    tab_to(&browser, "App").await;
    browser.keys("default").await;
    tab_to(&browser, "Admin token").await;
    browser.keys(&format!("{token}{ENTER}")).await;
    browser.find("//h1[.='Overview']").await;
    // The first stop skips the navigation.
    browser.keys("\u{e004}").await;
    assert_eq!(browser.run("return document.activeElement.className").await, "skip");
    tab_to(&browser, "Medals").await;
    browser.keys(ENTER).await;
    browser.find("//h1[.='Medals']").await;
    tab_to(&browser, "Name").await;
    browser.keys("Gold").await;
    tab_to(&browser, "Create").await;
    browser.keys(ENTER).await;
    browser.shows("Created.").await;
    browser.find("//td[.='Gold']").await;
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium and axe-core: run scripts/test"]
async fn axe_finds_nothing_serious() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/node/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(file).expect("axe-core: scripts/test installs it");
    for theme in ["light", "dark"] {
        let (running, browser) = signed_in(Look { theme, ..Look::ENGLISH }).await;
        fill(&running).await;
        for page in PAGES {
            browser.open_page(page).await;
            browser.find("//h1").await;
            browser.run(&axe).await;
            let script = "return axe.run().then(found => found.violations \
                          .filter(one => ['serious', 'critical'].includes(one.impact)) \
                          .map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' | ')))";
            let serious = browser.run(script).await;
            assert_eq!(serious, json!([]), "{page} in {theme}");
        }
    }
}
