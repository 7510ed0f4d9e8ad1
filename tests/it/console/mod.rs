//! The console, mostly in a real browser.

mod apps;
mod audit;
mod discovery;
mod import;
mod looks;
mod playground;
mod session;
mod users;

use crate::support::{Browser, Look, Running};

/// A gateway, and a browser in which an operator of the default app is signed in.
async fn signed_in(look: Look) -> (Running, Browser) {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let browser = Browser::open(format!("http://{}", running.ops), look).await;
    browser.open_page("/").await;
    browser.sign_in("default", &token).await;
    browser.find("//nav").await;
    (running, browser)
}
