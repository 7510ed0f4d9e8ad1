//! The import of accounts from a file in the browser, and their export.

use std::fs;

use serde_json::json;

use super::signed_in;
use crate::support::{HOUR_MS, Look};

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn a_file_is_imported_in_parts_and_its_refused_lines_are_listed() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    // Three parts; the line break within quotes is no end of a record.
    let mut text = "username,nickname,description\r\n".to_owned();
    for number in 1..=249 {
        text.push_str(&format!("user{number:03},\"Nick, {number}\",\"one\ntwo\"\r\n"));
    }
    text.push_str("user001,twice,\r\n");
    fs::write(&file, text).unwrap();

    browser.follow("Users").await;
    browser.follow("Import").await;
    let input = browser.find("//input[@type='file']").await;
    input.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.tick("Only say what would happen").await;
    browser.press("Import").await;
    browser.shows("Records: 250.").await;
    let admin = running.t.admin().await;
    assert_eq!(admin.get("/user/list").send().await.json()["data"], json!([]));

    browser.tick("Only say what would happen").await;
    browser.press("Import").await;
    browser.shows("Records: 250. Created: 249. Refused: 1.").await;
    browser.find("//table[@id='refused']//td[.='250']").await;
    browser.find("//table[@id='refused']//td[.='user001']").await;

    browser.follow("Users").await;
    browser.fill("Search", "user2").await;
    browser.press("Find").await;
    browser.shows("Nick, 249").await;
    let script = "return fetch(document.querySelector('a[href*=csv]').href).then(res => res.text())";
    let csv = browser.run(script).await;
    assert_eq!(csv.as_str().unwrap().lines().filter(|line| line.contains("user")).count(), 250, "{csv}");
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn an_import_says_that_the_session_is_over() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    fs::write(&file, "username\nalice\n").unwrap();
    browser.open_page("/console/users/import").await;
    browser.find("//input[@type='file']").await.send_keys(file.to_str().unwrap()).await.unwrap();
    running.t.clock.advance(HOUR_MS);
    browser.press("Import").await;
    browser.shows("The import ended after record 0: the session is over; sign in again").await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn a_file_of_other_columns_is_refused_before_anything_is_kept() {
    let (_running, browser) = signed_in(Look::ENGLISH).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    fs::write(&file, "username,passwordhash\nalice,x\n").unwrap();
    browser.open_page("/console/users/import").await;
    browser.find("//input[@type='file']").await.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.press("Import").await;
    browser.shows("passwordhash").await;
    browser.fill("Columns to skip, separated by commas", "passwordhash").await;
    browser.press("Import").await;
    browser.shows("Records: 1. Created: 1. Refused: 0.").await;
    browser.assert_clean().await;
}
