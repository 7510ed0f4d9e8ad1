//! Reads of accounts that come at the same time.

use futures_util::future::join_all;

use crate::{cache::wait_until_trusted, metrics::value, support::TestApp};

#[actix_web::test]
async fn reads_of_accounts_at_the_same_time_share_queries_and_each_gets_its_own() {
    let t = TestApp::new().await;
    wait_until_trusted(&t).await;
    let accounts = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
         INSERT INTO users (app_id, nickname, name_id, avatar_url, avatar_id, coin_cents, vip_expires_at_ms, status,
                            last_device_sn, registered_at_ms)
         SELECT 'default', 'account ' || i, 1, '', 0, 0, 0, CASE i WHEN 60 THEN 2 ELSE 0 END, 0, 0 FROM n";
    t.execute(accounts).await.unwrap();
    let page = async |id: usize| {
        let answer = t.anon().get(&format!("/v1/user/homepage?userId={id}")).send().await.json();
        answer["data"]["user"]["nickname"].as_str().unwrap_or_default().to_owned()
    };
    page(1).await;
    let jobs = async || value(&t, r#"diglot_database_wait_seconds_count{pool="requests"}"#).await;
    let before = jobs().await;
    let pages = join_all((1..=61).map(page)).await;
    let expected: Vec<String> =
        (1..=61).map(|id| if id < 60 { format!("account {id}") } else { String::new() }).collect();
    assert_eq!(pages, expected);
    let jobs = jobs().await - before;
    assert!(jobs < 20.0, "{jobs}");
}
