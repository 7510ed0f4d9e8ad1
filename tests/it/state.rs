//! One test suite for all implementations of state: in-process always; Redis, and a Redis Cluster of the tests' own, if the
//! environment names a Redis.

use std::sync::Arc;

use diglot::{
    clock::Now,
    state::{Admission, CodeRules, CodeSending, LoginEnd, LoginSubject, MemoryState, OnMatch, RedisState, State},
};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Backend, Cluster, DAY_MS, PASSWORD, START_MS, TestApp};

/// The available implementations of state.
pub struct States {
    pub all: Vec<Arc<dyn State>>,
    // Deletes the test's keys in Redis at the end.
    _backend: Backend,
    _cluster: Option<Arc<Cluster>>,
}

pub fn states() -> States {
    let backend = Backend::new();
    let config = backend.config();
    let mut all: Vec<Arc<dyn State>> = vec![Arc::new(MemoryState::default())];
    let mut cluster = None;
    if let Some(redis_url) = &config.redis_url {
        let new = |url| RedisState::new(url, &config.redis_prefix, 2, "node").unwrap();
        all.push(Arc::new(new(redis_url.clone())));
        let shared = Cluster::shared();
        all.push(Arc::new(new(shared.url().parse().unwrap())));
        cluster = Some(shared);
    }
    States { all, _backend: backend, _cluster: cluster }
}

/// A time by both clocks, which have different starts.
pub const fn at(ms: i64) -> Now {
    Now { wall_ms: START_MS + ms, steady_ms: ms }
}

async fn count(state: &dyn State, subject: &str, ms: i64) -> (u32, i64) {
    let uses = state.count_use(subject, 1000, at(ms)).await.unwrap();
    (uses.count, ms + uses.left_ms)
}

#[actix_web::test]
async fn uses_are_counted_in_a_window_that_starts_with_the_first() {
    let states = states();
    for state in &states.all {
        assert_eq!(count(&**state, "a", 0).await, (1, 1000), "{}", state.describe());
        assert_eq!(count(&**state, "a", 400).await, (2, 1000));
        assert_eq!(count(&**state, "b", 500).await, (1, 1500));
        assert_eq!(count(&**state, "a", 999).await, (3, 1000));
        assert_eq!(count(&**state, "a", 1000).await, (1, 2000));
    }
}

#[actix_web::test]
async fn concurrent_uses_are_all_counted() {
    let states = states();
    for state in &states.all {
        let counts = join_all((0..100).map(|_| count(&**state, "crowd", 0))).await;
        let mut counts: Vec<u32> = counts.into_iter().map(|(count, _)| count).collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=100).collect::<Vec<_>>(), "{}", state.describe());
    }
}

/// An account with a limit of two attempts and its source with three.
fn subjects(account: &str, source: &str) -> [LoginSubject; 2] {
    [
        LoginSubject { name: account.to_owned(), limit: 2, is_forgiven: true },
        LoginSubject { name: source.to_owned(), limit: 3, is_forgiven: false },
    ]
}

async fn fail(state: &dyn State, subjects: &[LoginSubject; 2], ms: i64) {
    assert_eq!(state.begin_login(subjects, at(ms)).await.unwrap(), Admission::Admitted, "{}", state.describe());
    state.end_login(subjects, LoginEnd::Wrong, at(ms)).await.unwrap();
}

#[actix_web::test]
async fn failed_logins_lock_until_the_first_of_them_expires() {
    let states = states();
    for state in &states.all {
        let (a, end) = (subjects("a", "s"), LoginSubject::WINDOW_MS);
        fail(&**state, &a, 0).await;
        fail(&**state, &a, 1000).await;
        let locked = |ms: i64| Admission::Locked { wait_ms: end - ms };
        assert_eq!(state.begin_login(&a, at(2000)).await.unwrap(), locked(2000), "{}", state.describe());
        // A refused login is not counted: the source has one attempt left.
        fail(&**state, &subjects("b", "s"), 3000).await;
        assert_eq!(state.begin_login(&subjects("c", "s"), at(4000)).await.unwrap(), locked(4000));
        assert_eq!(state.begin_login(&a, at(end - 1)).await.unwrap(), locked(end - 1));
        assert_eq!(state.begin_login(&a, at(end)).await.unwrap(), Admission::Admitted);
    }
}

#[actix_web::test]
async fn logins_in_progress_count_until_they_end() {
    let states = states();
    for state in &states.all {
        let a = subjects("a2", "s2");
        for _ in 0..2 {
            assert_eq!(state.begin_login(&a, at(0)).await.unwrap(), Admission::Admitted, "{}", state.describe());
        }
        assert_eq!(state.begin_login(&a, at(0)).await.unwrap(), Admission::QueueFull);
        state.end_login(&a, LoginEnd::Right, at(0)).await.unwrap();
        state.end_login(&a, LoginEnd::Cancelled, at(0)).await.unwrap();
        fail(&**state, &a, 0).await;
        assert_eq!(state.begin_login(&a, at(0)).await.unwrap(), Admission::Admitted);
        assert_eq!(state.begin_login(&a, at(0)).await.unwrap(), Admission::QueueFull);
        // A login that never ended, since its node crashed, expires.
        let later = at(LoginSubject::PENDING_MS);
        assert_eq!(state.begin_login(&a, later).await.unwrap(), Admission::Admitted);
        state.end_login(&a, LoginEnd::Cancelled, later).await.unwrap();
    }
}

#[actix_web::test]
async fn a_successful_login_resets_the_account_but_not_the_source() {
    let states = states();
    for state in &states.all {
        let a = subjects("a3", "s3");
        for _ in 0..2 {
            fail(&**state, &a, 0).await;
            state.begin_login(&a, at(0)).await.unwrap();
            state.end_login(&a, LoginEnd::Right, at(0)).await.unwrap();
        }
        fail(&**state, &subjects("b3", "s3"), 0).await;
        let locked = Admission::Locked { wait_ms: LoginSubject::WINDOW_MS };
        assert_eq!(state.begin_login(&a, at(0)).await.unwrap(), locked, "{}", state.describe());
    }
}

#[actix_web::test]
async fn concurrent_logins_do_not_exceed_the_limit() {
    let states = states();
    for state in &states.all {
        let a = subjects("a4", "s4");
        let admissions = join_all((0..50).map(|_| state.begin_login(&a, at(0)))).await;
        let admitted = admissions.into_iter().filter(|one| matches!(one, Ok(Admission::Admitted))).count();
        assert_eq!(admitted, 2, "{}", state.describe());
    }
}

#[actix_web::test]
async fn a_captcha_is_valid_once_and_until_it_expires() {
    let states = states();
    for state in &states.all {
        let (mac, lifetime) = ([7; 32], 1000);
        for id in ["a", "late"] {
            state.put_one_time(id, mac, lifetime, at(0)).await.unwrap();
        }
        assert_eq!(state.take_one_time("unknown", at(0)).await.unwrap(), None, "{}", state.describe());
        assert_eq!(state.take_one_time("a", at(lifetime - 1)).await.unwrap(), Some(mac));
        assert_eq!(state.take_one_time("a", at(lifetime - 1)).await.unwrap(), None);
        assert_eq!(state.take_one_time("late", at(lifetime)).await.unwrap(), None);
        state.put_one_time("crowd", mac, lifetime, at(0)).await.unwrap();
        let taken = join_all((0..20).map(|_| state.take_one_time("crowd", at(0)))).await;
        assert_eq!(taken.into_iter().filter(|one| one.as_ref().unwrap().is_some()).count(), 1);
    }
}

#[actix_web::test]
async fn a_session_that_ended_is_noted_for_its_lifetime() {
    let states = states();
    for state in &states.all {
        state.note_ended("a", 1000, at(0)).await.unwrap();
        let is_ended = async |session, ms| state.is_ended(session, at(ms)).await.unwrap();
        assert!(is_ended("a", 999).await && !is_ended("a", 1000).await && !is_ended("b", 0).await);
    }
}

#[actix_web::test]
async fn without_redis_limits_are_stricter_but_requests_are_still_served() {
    let t = TestApp::with(|config| config.redis_url = Some("redis://127.0.0.1:1".parse().unwrap())).await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let login = |password: &str| {
        let body = json!({"name": "alice", "password": password});
        t.anon().header("app_id", "default").post("/token/user").json(&body).send()
    };

    for _ in 0..5 {
        assert!(login("wrong").await.line().ends_with("wrong name or password"));
    }
    assert!(login(PASSWORD).await.line().contains("too many failed logins"));
}

#[actix_web::test]
async fn a_clock_that_ran_ahead_leaves_no_lock_and_no_limit_behind() {
    let t = TestApp::with(|config| config.reloadable.captchas_per_minute = 1).await;
    let client = t.anon();
    t.user("alice").await;
    let ahead_ms = 200 * DAY_MS;
    let login = |password: &str| {
        let body = json!({"name": "alice", "password": password});
        client.clone().header("app_id", "default").post("/token/user").json(&body).send()
    };
    let captcha = || client.post("/v1/user/captcha").json(&json!({})).send();

    t.clock.step(ahead_ms);
    for _ in 0..10 {
        assert_eq!(login("wrong").await.code(), 402);
    }
    assert!(login(PASSWORD).await.line().contains("too many failed logins"));
    captcha().await.assert_ok();
    assert_eq!(captcha().await.status, 429);

    t.clock.step(-ahead_ms);
    t.clock.advance(LoginSubject::WINDOW_MS);
    login(PASSWORD).await.assert_ok();
    captcha().await.assert_ok();
    assert_eq!(captcha().await.status, 429);
}

#[actix_web::test]
async fn a_code_sent_under_a_clock_that_ran_ahead_blocks_no_later_one_and_is_not_valid_for_longer() {
    let states = states();
    for state in &states.all {
        let ahead = Now { wall_ms: START_MS + 200 * DAY_MS, steady_ms: 0 };
        let (right, wrong, take) = ([1; 32], [2; 32], OnMatch::Consume);
        for contact in ["a", "b"] {
            assert_eq!(state.put_code(contact, right, ahead).await.unwrap(), CodeSending::Allowed);
        }
        for _ in 0..CodeRules::TRIES {
            assert!(!state.try_code("a", &[wrong], take, ahead).await.unwrap());
        }
        let blocked = state.put_code("a", right, ahead).await.unwrap();
        assert!(matches!(blocked, CodeSending::TooSoon { .. }), "{}", state.describe());

        let later = at(CodeRules::LIFETIME_MS);
        assert!(!state.try_code("b", &[right], take, later).await.unwrap(), "{}", state.describe());
        assert_eq!(state.put_code("a", right, later).await.unwrap(), CodeSending::Allowed, "{}", state.describe());
        assert!(state.try_code("a", &[right], take, later).await.unwrap());
    }
}
