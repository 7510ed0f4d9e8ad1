//! The tables that grow with use, split into partitions as docs/scaling.md says.

use diesel::{RunQueryDsl as _, connection::SimpleConnection as _};
use diglot::{
    domain::audit_log,
    store::{Conn, StoreError},
};
use serde_json::json;

use crate::{
    audit_retention::days,
    support::{DAY_MS, TestApp, command_line, server_urls, within_a_second},
};

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn the_gateway_works_on_partitions_of_the_large_tables() {
    server_urls().expect("scripts/test names the servers");
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let adjust = async |user: i64, key: &str| {
        let body = json!({"user_id": user, "amount": 1, "typ": 8, "reason": "r", "idempotency_key": key});
        admin.post("/admin/v1/coins/adjust").json(&body).send().await.json()["data"]["after_cents"].clone()
    };
    let alice = t.user("alice").await;
    assert_eq!(adjust(alice.id, "one").await, 100);
    let audited = t.audit_rows().await.len();
    let before = triggers(&t).await;
    let script = include_str!("../../deploy/postgres/partitions.sql");
    let run = move |conn: &mut Conn| -> Result<(), StoreError> { Ok(conn.batch_execute(script)?) };
    t.gateway.db.read(run).await.unwrap();

    // What was there is still there.
    let after = triggers(&t).await;
    assert!(before.iter().all(|trigger| after.contains(trigger)), "{before:?}\n{after:?}");
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    assert_eq!(t.audit_rows().await.len(), audited);
    assert_eq!(adjust(alice.id, "one").await, 100);

    // What is new is added, found and bounded as before.
    let bob = t.user("bob").await;
    assert_eq!(adjust(alice.id, "two").await, 200);
    let records = alice.v1.post("/v1/user/gold-coin-increase-decrease-record").json(&json!({"size": 9, "page": 1}));
    assert_eq!(records.send().await.json()["data"]["total"], 2);
    for number in 0..30 {
        t.login("bob", &format!("device {number}")).await;
    }
    bob.v1.get("/v1/user/info").send().await.assert_line("protobuf | 200 | -101 | 未登录");
    let other = t.another_node().await;
    let on_other = other.anon().header("token", &alice.token);
    on_other.get("/v1/user/info").send().await.assert_ok();
    alice.v1.post("/v1/user/logout").send().await.assert_ok();
    within_a_second(async || on_other.get("/v1/user/info").send().await.code() == -101).await;
    let page = admin.get("/admin/v1/audit/list?action=session.login").send().await.json();
    assert!(page["data"].as_array().unwrap().len() >= 30, "{page}");

    // Nothing changes or deletes what only grows, but the pruning of old rows.
    for forbidden in [
        "DELETE FROM audit_log",
        "UPDATE audit_log SET result = ''",
        "DO $$ BEGIN UPDATE audit_log_rest SET result = ''; UPDATE audit_log_2026_12 SET result = ''; END $$",
        "DELETE FROM coin_ledger",
        "DO $$ BEGIN FOR part IN 0..15 LOOP EXECUTE format('DELETE FROM coin_ledger_%s', part); END LOOP; END $$",
    ] {
        assert!(t.execute(forbidden).await.is_err(), "{forbidden}");
    }
    t.clock.advance(3 * DAY_MS);
    assert!(audit_log::prune(&t.gateway, &command_line("default"), days(1)).await.unwrap() >= 30);
}

/// The triggers of the tables that are split, each with its table.
async fn triggers(t: &TestApp) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Trigger {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let sql = "SELECT tgrelid::regclass || ' ' || tgname AS name FROM pg_trigger \
               WHERE NOT tgisinternal AND tgparentid = 0 AND tgrelid IN \
               ('sessions'::regclass, 'coin_ledger'::regclass, 'audit_log'::regclass)";
    let read = move |conn: &mut Conn| Ok::<_, StoreError>(diesel::sql_query(sql).load::<Trigger>(conn)?);
    t.gateway.db.read(read).await.unwrap().into_iter().map(|trigger| trigger.name).collect()
}
