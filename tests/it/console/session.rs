//! Signing in and out, the cookie, and what pages refuse.

use diglot::{
    config::{Config, Flags, Values},
    domain::{Operator, tenants},
};

use super::signed_in;
use crate::support::{Browser, HOUR_MS, Look, MINUTE_MS, Running, command_line, raw};

/// A request to the ops listener, with the cookie `session`; the answer's head and body.
pub(super) async fn request(running: &Running, method: &str, path: &str, session: &str, form: &str) -> String {
    let length = form.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: {session}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
    );
    raw(running.ops, request.as_bytes()).await
}

pub(super) async fn get(running: &Running, path: &str, session: &str) -> String {
    request(running, "GET", path, session, "").await
}

/// The cookie that an answer sets.
pub(super) fn cookie(answer: &str) -> String {
    let line = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect(answer);
    line.split(';').next().unwrap().to_owned()
}

/// The cookie after an answer to a request with `session`.
fn cookie_after(session: &str, answer: &str) -> String {
    if answer.contains("set-cookie") { cookie(answer) } else { session.to_owned() }
}

/// The token in the forms of a page.
pub(super) fn csrf(page: &str) -> String {
    page.split("name=\"csrf\" value=\"").nth(1).expect(page).split('"').next().unwrap().to_owned()
}

/// Signs in without a browser; the cookie.
pub(super) async fn session_of(running: &Running, app: &str, token: &str) -> String {
    let page = get(running, "/console/sign-in", "").await;
    let form = format!("csrf={}&app={app}&token={token}", csrf(&page));
    let answer = request(running, "POST", "/console/sign-in", &cookie(&page), &form).await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    cookie(&answer)
}

fn is_sign_in(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 303") && answer.contains("location: /console/sign-in")
}

#[actix_web::test]
async fn the_cookie_is_for_the_console_only_and_holds_no_token() {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let page = get(&running, "/console/sign-in", "").await;
    let form = format!("csrf={}&app=default&token={token}", csrf(&page));
    let answer = request(&running, "POST", "/console/sign-in", &cookie(&page), &form).await;
    let line = answer.lines().find(|line| line.starts_with("set-cookie")).unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("Secure"), "the listener has no TLS: {line}");
    assert!(!answer.contains(&token[4..]), "{answer}");
    let behind_tls = raw(
        running.ops,
        b"GET /console/sign-in HTTP/1.1\r\nhost: x\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n",
    );
    let behind_tls = behind_tls.await;
    assert!(behind_tls.lines().any(|line| line.starts_with("set-cookie") && line.contains("; Secure")), "{behind_tls}");
}

#[actix_web::test]
async fn a_changed_cookie_is_none() {
    let running = Running::start().await;
    let session = session_of(&running, "default", &running.t.admin_token().await).await;
    assert!(get(&running, "/console/users", &session).await.starts_with("HTTP/1.1 200"));
    let mut changed = session.clone();
    let last = if changed.pop() == Some('D') { 'E' } else { 'D' };
    changed.push(last);
    assert!(is_sign_in(&get(&running, "/console/users", &changed).await));
    assert!(is_sign_in(&get(&running, "/console/users", "").await));
}

#[actix_web::test]
async fn a_session_ends_when_it_is_idle_and_after_twelve_hours() {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let mut session = session_of(&running, "default", &token).await;
    running.t.clock.advance(30 * MINUTE_MS);
    assert!(is_sign_in(&get(&running, "/console/users", &session).await));

    session = session_of(&running, "default", &token).await;
    for _ in 0..12 * HOUR_MS / (29 * MINUTE_MS) {
        running.t.clock.advance(29 * MINUTE_MS);
        let answer = get(&running, "/console/users", &session).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        session = cookie(&answer);
    }
    running.t.clock.advance(29 * MINUTE_MS);
    assert!(is_sign_in(&get(&running, "/console/users", &session).await));
}

#[actix_web::test]
async fn a_session_ends_with_its_token() {
    let running = Running::start().await;
    let operator: Operator = command_line("default");
    let token = tenants::create_admin_token(&running.t.gateway, &operator, "ops", None).await.unwrap();
    let session = session_of(&running, "default", token.reveal()).await;
    assert!(get(&running, "/console/medals", &session).await.starts_with("HTTP/1.1 200"));
    tenants::revoke_admin_token(&running.t.gateway, &operator, "ops".to_owned()).await.unwrap();
    assert!(is_sign_in(&get(&running, "/console/medals", &session).await));
    let posted = request(&running, "POST", "/console/medals", &session, "name=x").await;
    assert!(is_sign_in(&posted), "{posted}");
}

#[actix_web::test]
async fn a_session_that_was_signed_out_is_over_even_if_its_cookie_was_kept() {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let (session, other) =
        (session_of(&running, "default", &token).await, session_of(&running, "default", &token).await);
    let page = get(&running, "/console/medals", &session).await;
    let session = cookie_after(&session, &page);
    let answer = request(&running, "POST", "/console/sign-out", &session, &format!("csrf={}", csrf(&page))).await;
    assert!(is_sign_in(&answer), "{answer}");
    assert!(is_sign_in(&get(&running, "/console/medals", &session).await));
    assert!(get(&running, "/console/medals", &other).await.starts_with("HTTP/1.1 200"));
}

#[actix_web::test]
async fn what_a_page_asks_for_by_itself_is_no_use_of_the_session() {
    let running = Running::start().await;
    let session = session_of(&running, "default", &running.t.admin_token().await).await;
    for _ in 0..15 {
        running.t.clock.advance(2 * MINUTE_MS - 1);
        let answer = get(&running, "/console/users/presence?ids=1", &session).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(!answer.contains("set-cookie"), "{answer}");
    }
    running.t.clock.advance(2 * MINUTE_MS);
    assert!(is_sign_in(&get(&running, "/console/users/presence?ids=1", &session).await));
}

#[actix_web::test]
async fn the_cookie_is_sent_again_only_when_it_changes() {
    let running = Running::start().await;
    let session = session_of(&running, "default", &running.t.admin_token().await).await;
    let first = get(&running, "/console/users", &session).await;
    let second = get(&running, "/console/users", &cookie_after(&session, &first)).await;
    assert!(second.starts_with("HTTP/1.1 200") && !second.contains("set-cookie"), "{second}");
}

/// A request as a browser sends it for a page of another site: without the cookie (`SameSite=Strict`).
async fn from_elsewhere(running: &Running, method: &str, path: &str, mode: &str) -> String {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nsec-fetch-site: cross-site\r\n\
         sec-fetch-mode: {mode}\r\ncontent-length: 0\r\n\r\n"
    );
    raw(running.ops, request.as_bytes()).await
}

#[actix_web::test]
async fn requests_of_other_sites_do_not_end_the_session() {
    let running = Running::start().await;
    let link = from_elsewhere(&running, "GET", "/console/users?q=a%22&b=c", "navigate").await;
    assert!(link.starts_with("HTTP/1.1 200"), "{link}");
    // The page opens itself again, this time with the cookie.
    assert!(link.contains("http-equiv=\"refresh\" content=\"0; url=/console/users?q=a%22&amp;b=c\""), "{link}");
    let form = from_elsewhere(&running, "POST", "/console/sign-in", "navigate").await;
    let picture = from_elsewhere(&running, "GET", "/console/assets/icon.svg", "no-cors").await;
    for refused in [&form, &picture] {
        assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    }
    for answer in [link, form, picture] {
        assert!(!answer.contains("set-cookie"), "{answer}");
        assert!(answer.contains("content-security-policy"), "{answer}");
    }
}

#[actix_web::test]
async fn only_a_language_of_the_console_is_chosen() {
    let running = Running::start().await;
    for code in ["fr", &"x".repeat(5000)] {
        let answer = get(&running, &format!("/console/language/{code}"), "").await;
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("<h1>"), "{answer}");
    }
    let answer = get(&running, "/console/language/zh?back=%2Fconsole%2Fsign-in", "").await;
    assert!(is_sign_in(&answer), "{answer}");
    assert!(get(&running, "/console/sign-in", &cookie(&answer)).await.contains("lang=\"zh\""));
}

#[actix_web::test]
async fn a_wrong_method_has_a_page_too() {
    let running = Running::start().await;
    for (method, path, allowed) in [("POST", "/console/users", "GET"), ("GET", "/console/sign-out", "POST")] {
        let answer = request(&running, method, path, "", "").await;
        assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("<h1>"), "{answer}");
        assert!(answer.contains(&format!("allow: {allowed}\r\n")), "{answer}");
    }
}

#[actix_web::test]
async fn a_form_names_what_it_does() {
    let running = Running::start().await;
    let session = session_of(&running, "default", &running.t.admin_token().await).await;
    let page = get(&running, "/console/apps", &session).await;
    for path in ["/console/apps", "/console/discovery"] {
        let form = format!("csrf={}&do=nonsense&name=x", csrf(&page));
        let answer = request(&running, "POST", path, &cookie_after(&session, &page), &form).await;
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    }
}

#[actix_web::test]
async fn a_field_that_is_too_long_for_a_url_is_refused() {
    let running = Running::start().await;
    let session = session_of(&running, "default", &running.t.admin_token().await).await;
    let page = get(&running, "/console/playground", &session).await;
    let form = format!(
        "csrf={}&operation=GET+/v1/user/homepage&app_id=default&field.userId={}",
        csrf(&page),
        "x".repeat(70_000)
    );
    let answer = request(&running, "POST", "/console/playground", &cookie_after(&session, &page), &form).await;
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("role=\"alert\""), "{answer}");
}

#[actix_web::test]
async fn a_refused_form_does_not_fill_in_others() {
    let running = Running::start().await;
    let user = running.t.user("alice").await;
    let session = session_of(&running, "default", &running.t.admin_token().await).await;
    let path = format!("/console/users/{}", user.id);
    let page = get(&running, &path, &session).await;
    let form = format!("csrf={}&do=coins&amount=1.234&typ=2&reason=welcome", csrf(&page));
    let answer = request(&running, "POST", &path, &cookie_after(&session, &page), &form).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert_eq!(answer.matches("value=\"welcome\"").count(), 1, "{answer}");
}

#[actix_web::test]
async fn another_language_keeps_the_query() {
    let running = Running::start().await;
    let page = get(&running, "/console/sign-in?next=%2Fconsole%2Fusers%3Fq%3Da", "").await;
    let link = "/console/language/zh?back=%2Fconsole%2Fsign%2Din%3Fnext%3D%252Fconsole%252Fusers%253Fq%253Da";
    assert!(page.contains(link), "{page}");
    let opened = get(&running, link, "").await;
    assert!(opened.contains("location: /console/sign-in?next=%2Fconsole%2Fusers%3Fq%3Da\r\n"), "{opened}");
}

#[actix_web::test]
async fn a_form_of_another_session_changes_nothing() {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let session = session_of(&running, "default", &token).await;
    let page = get(&running, "/console/medals", &session).await;
    let foreign = get(&running, "/console/sign-in", "").await;
    for form in ["name=Gold".to_owned(), format!("name=Gold&csrf={}", csrf(&foreign)), "name=Gold&csrf=".to_owned()] {
        let answer = request(&running, "POST", "/console/medals", &session, &form).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    assert!(!get(&running, "/console/medals", &session).await.contains("Gold"));
    // The token is new after signing in, and belongs to this session.
    let session = cookie_after(&session, &page);
    let answer =
        request(&running, "POST", "/console/medals", &session, &format!("name=Gold&csrf={}", csrf(&page))).await;
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
}

#[actix_web::test]
async fn a_wrong_token_does_not_sign_in() {
    let running = Running::start().await;
    let user = running.t.user("alice").await;
    let other = running.t.admin_token_of("other").await;
    let page = get(&running, "/console/sign-in", "").await;
    for token in [user.token.as_str(), &other, "adm-nonsense", ""] {
        let form = format!("csrf={}&app=default&token={token}", csrf(&page));
        let answer = request(&running, "POST", "/console/sign-in", &cookie(&page), &form).await;
        assert!(answer.contains("role=\"alert\"") && !answer.contains("<nav"), "{answer}");
    }
}

#[actix_web::test]
async fn after_signing_in_only_pages_of_the_console_are_opened() {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    for (next, opened) in [
        ("/console/users?q=a", "/console/users?q=a"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/", "/console/"),
        ("/console/\\evil.example", "/console/"),
    ] {
        let page = get(&running, "/console/sign-in", "").await;
        let form = format!("csrf={}&app=default&token={token}&next={next}", csrf(&page)).replace('?', "%3F");
        let answer = request(&running, "POST", "/console/sign-in", &cookie(&page), &form).await;
        assert!(answer.contains(&format!("location: {opened}\r\n")), "{next}: {answer}");
    }
}

#[test]
fn a_console_is_on_loopback_unless_the_setting_says_otherwise() {
    let has_console = |address: &str, setting: &str| {
        let all = [("DATABASE_URL", "sqlite:x.db"), ("DIGLOT_OPS_LISTEN", address), ("DIGLOT_CONSOLE", setting)];
        let flags: Flags = all.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Config::check(&Values::gather(&flags, std::iter::empty(), None).unwrap(), false).unwrap().has_console
    };
    for (address, setting, expected) in [
        ("127.0.0.1:9090", "", true),
        ("[::1]:9090", "", true),
        ("0.0.0.0:9090", "", false),
        ("10.1.2.3:9090", "", false),
        ("0.0.0.0:9090", "true", true),
        ("127.0.0.1:9090", "false", false),
        ("", "", false),
    ] {
        assert_eq!(has_console(address, setting), expected, "{address} {setting}");
    }
}

#[actix_web::test]
async fn without_the_console_none_of_its_pages_exists() {
    let running = Running::with(|config| config.has_console = false).await;
    for path in ["/", "/console/", "/console/sign-in", "/console/assets/style.css"] {
        assert!(get(&running, path, "").await.starts_with("HTTP/1.1 404"), "{path}");
    }
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn an_operator_signs_in_and_out() {
    let (_running, browser) = signed_in(Look::ENGLISH).await;
    for link in ["Overview", "Users", "Discovery", "Medals", "Apps", "Audit", "Playground"] {
        browser.follow(link).await;
        browser.find(&format!("//h1[.='{link}']")).await;
    }
    browser.assert_clean().await;
    browser.press("Sign out").await;
    browser.fill("App", "default").await;
    browser.fill("Admin token", "adm-nonsense").await;
    browser.press("Sign in").await;
    browser.find("//*[@role='alert']").await;
    browser.forget_log().await;
    browser.open_page("/console/users").await;
    browser.find("//label[span='Admin token']").await;
    assert_eq!(browser.path().await, "/console/sign-in");
    browser.assert_clean().await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn a_link_from_another_site_opens_the_page_in_the_same_session() {
    let (running, browser) = signed_in(Look::ENGLISH).await;
    // Another site: a site is a host, here under another name.
    let (ops, port) = (running.ops, running.ops.port());
    browser.open_url(&format!("http://localhost:{port}/version")).await;
    browser.run(&format!("location.href = 'http://{ops}/console/users?q=nobody'")).await;
    browser.shows("No users found.").await;
    browser.open_url(&format!("http://localhost:{port}/version")).await;
    let token = running.t.admin_token_of("other").await;
    browser.run(&format!("location.href = 'http://{ops}/console/sign-in#app=other&token={token}'")).await;
    browser.find("//label[span='Admin token']").await;
    browser.open_page("/console/").await;
    browser.find("//header//strong[.='default']").await;
}

#[actix_web::test]
#[ignore = "needs Chromium: run scripts/test"]
async fn the_link_of_the_development_mode_signs_in() {
    let running = Running::start().await;
    let token = running.t.admin_token().await;
    let browser = Browser::open(format!("http://{}", running.ops), Look::ENGLISH).await;
    browser.open_page(&format!("/console/sign-in#app=default&token={token}")).await;
    browser.find("//nav").await;
    assert_eq!(browser.path().await, "/console/");
    browser.assert_clean().await;
}
