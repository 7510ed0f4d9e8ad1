//! One behaviour suite over both kinds of state: in process always, Redis when the environment names one.

use std::sync::Arc;

use diglot::state::{MemoryState, RedisState, State};
use futures_util::future::join_all;

use crate::support::{START_MS, server_urls};

fn states() -> Vec<Arc<dyn State>> {
    let mut states: Vec<Arc<dyn State>> = vec![Arc::new(MemoryState::default())];
    if let Some((_, redis_url)) = server_urls() {
        let prefix = format!("it_state_{}_{:?}", std::process::id(), std::thread::current().id());
        states.push(Arc::new(RedisState::new(&redis_url, &prefix, 2).unwrap()));
    }
    states
}

async fn count(state: &dyn State, subject: &str, now_ms: i64) -> (u32, i64) {
    let attempts = state.count_attempt(subject, 1000, now_ms).await.unwrap();
    (attempts.count, attempts.until_ms - START_MS)
}

#[actix_web::test]
async fn attempts_are_counted_from_the_first_one_for_the_length_of_the_window() {
    for state in states() {
        assert_eq!(count(&*state, "a", START_MS).await, (1, 1000), "{}", state.describe());
        assert_eq!(count(&*state, "a", START_MS + 400).await, (2, 1000));
        assert_eq!(count(&*state, "b", START_MS + 500).await, (1, 1500));
        assert_eq!(count(&*state, "a", START_MS + 999).await, (3, 1000));
        assert_eq!(count(&*state, "a", START_MS + 1000).await, (1, 2000));
        state.forget_attempts("a").await.unwrap();
        state.forget_attempts("b").await.unwrap();
    }
}

#[actix_web::test]
async fn attempts_can_be_taken_back_and_forgotten() {
    for state in states() {
        state.take_back_attempt("none").await.unwrap();
        assert_eq!(count(&*state, "none", START_MS).await, (1, 1000), "{}", state.describe());
        assert_eq!(count(&*state, "none", START_MS).await, (2, 1000));
        state.take_back_attempt("none").await.unwrap();
        assert_eq!(count(&*state, "none", START_MS).await, (2, 1000));
        state.forget_attempts("none").await.unwrap();
        assert_eq!(count(&*state, "none", START_MS + 1).await, (1, 1001));
        state.forget_attempts("none").await.unwrap();
    }
}

#[actix_web::test]
async fn attempts_side_by_side_are_all_counted() {
    for state in states() {
        let counts = join_all((0..100).map(|_| count(&*state, "crowd", START_MS))).await;
        let mut counts: Vec<u32> = counts.into_iter().map(|(count, _)| count).collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=100).collect::<Vec<_>>(), "{}", state.describe());
        state.forget_attempts("crowd").await.unwrap();
    }
}

#[actix_web::test]
async fn without_redis_limits_are_stricter_and_neither_open_nor_shut() {
    use serde_json::json;

    use crate::support::TestApp;

    let t = TestApp::with(|config| config.redis_url = Some("redis://127.0.0.1:1".to_owned())).await;
    t.user("alice").await.v1.get("/v1/user/info").send().await.assert_ok();
    let login = |password: &str| {
        let body = json!({"name": "alice", "password": password});
        t.anon().header("app_id", "default").post("/token/user").json(&body).send()
    };

    for _ in 0..5 {
        assert!(login("wrong").await.line().ends_with("wrong name or password"));
    }
    assert!(login(crate::support::PASSWORD).await.line().contains("too many failed logins"));
}
