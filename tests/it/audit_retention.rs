//! The deletion of old rows of the audit log, which its triggers let pass and nothing else.

use std::sync::{Arc, Mutex};

use diesel::RunQueryDsl as _;
use diglot::{
    config::Flags,
    domain::audit_log,
    model::Days,
    store::{Conn, StoreError},
};

use crate::support::{DAY_MS, HOUR_MS, MINUTE_MS, Shell, TestApp, command_line, default_config, within_a_second};

const COUNT: &str = "SELECT COUNT(*) AS number FROM audit_log";

pub fn days(number: i64) -> Days {
    Days::parse("days", number).unwrap()
}

/// Inserts rows of an app, one for each of these ages.
async fn insert(t: &TestApp, app: &str, ages_ms: impl IntoIterator<Item = i64>) {
    let now_ms = t.clock_ms();
    let row = |age_ms| format!("({}, '{app}', 0, 'x.y', '', '', '', 'ok')", now_ms - age_ms);
    let rows: Vec<String> = ages_ms.into_iter().map(row).collect();
    let columns = "at_ms, app_id, actor_kind, action, target, address, request_id, result";
    t.execute(&format!("INSERT INTO audit_log ({columns}) VALUES {}", rows.join(", "))).await.unwrap();
}

impl TestApp {
    fn clock_ms(&self) -> i64 {
        self.gateway.clock.now_ms()
    }
}

async fn count(t: &TestApp) -> i64 {
    t.number(&format!("{COUNT} WHERE action = 'x.y'")).await
}

#[actix_web::test]
async fn a_node_deletes_old_rows_of_all_apps_every_hour() {
    let t = TestApp::with(|config| config.audit_retention = Some(days(30))).await;
    insert(&t, "default", [29 * DAY_MS, 30 * DAY_MS - MINUTE_MS, 30 * DAY_MS - 1]).await;
    insert(&t, "gone", [DAY_MS, 30 * DAY_MS - 1]).await;
    assert_eq!(count(&t).await, 5);

    t.clock.advance(HOUR_MS);
    within_a_second(async || count(&t).await == 2).await;
    t.clock.advance(DAY_MS);
    within_a_second(async || count(&t).await == 1).await;
    // The rows of what was done since then are still there.
    assert!(t.number(COUNT).await > 1);
}

#[actix_web::test]
async fn a_node_deletes_old_rows_when_it_starts() {
    let t = TestApp::new().await;
    insert(&t, "default", (0..1201).map(|n| 40 * DAY_MS + n)).await;
    let mut config = t.gateway.config.clone();
    config.audit_retention = Some(days(40));
    let nodes = [t.node_with(config.clone()).await, t.node_with(config).await];
    within_a_second(async || count(&t).await == 1).await;
    drop(nodes);
}

#[actix_web::test]
async fn without_a_setting_rows_stay() {
    let t = TestApp::new().await;
    assert!(t.gateway.config.audit_retention.is_none());
    let flags = |value: &str| Flags::from([("DIGLOT_AUDIT_RETENTION_DAYS", value.to_owned())]);
    assert!(default_config(&flags("0")).audit_retention.is_none());
    assert_eq!(default_config(&flags("365")).audit_retention, Some(days(365)));
    insert(&t, "default", [36_500 * DAY_MS]).await;
    t.clock.advance(HOUR_MS);
    t.another_node().await.user("alice").await;
    assert_eq!(count(&t).await, 1);
}

#[actix_web::test]
async fn an_operator_prunes_the_log_of_its_app() {
    let t = TestApp::new().await;
    insert(&t, "default", (0..1203).map(|n| 10 * DAY_MS - 1 + n)).await;
    insert(&t, "other", [20 * DAY_MS]).await;
    let operator = command_line("default");
    // Several at once delete each row once.
    let prune = || audit_log::prune(&t.gateway, &operator, days(10));
    let (one, two) = futures_util::future::join(prune(), prune()).await;
    assert_eq!(one.unwrap() + two.unwrap(), 1201);
    assert_eq!(count(&t).await, 3);
    let rows = t.audit_rows().await;
    let pruned: Vec<_> = rows.iter().filter(|row| row.action == "audit.prune").collect();
    assert_eq!((pruned.len(), pruned[0].target.as_str(), pruned[0].actor_kind), (2, "older than 10 days", 3));
}

#[actix_web::test]
async fn nothing_else_changes_the_log() {
    let t = TestApp::new().await;
    insert(&t, "default", [DAY_MS, 0]).await;
    let before = t.number(COUNT).await;
    let mut changes = vec!["DELETE FROM audit_log", "DELETE FROM audit_log WHERE at_ms = 0 OR id = 1"];
    changes.extend(["UPDATE audit_log SET result = 'x'", "UPDATE audit_log SET user_id = 1 WHERE id = 1"]);
    if !t.gateway.config.database_url.is_embedded() {
        changes.push("TRUNCATE audit_log");
    }
    let announce = format!("INSERT INTO audit_pruning (id, before_ms) VALUES (1, {})", t.clock_ms());
    for sql in &changes {
        let refused = t.execute(sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
        // Nor does it while old rows may be deleted.
        let (announce, sql) = (announce.clone(), (*sql).to_owned());
        let write = move |conn: &mut Conn| -> Result<(), StoreError> {
            diesel::sql_query(announce).execute(conn)?;
            diesel::sql_query(sql).execute(conn)?;
            diesel::sql_query("DELETE FROM audit_pruning").execute(conn)?;
            Ok(())
        };
        let refused = t.gateway.db.write(write).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    // A permission to delete can't outlast its transaction.
    assert!(t.execute(&announce).await.is_err());
    assert!(t.execute("INSERT INTO audit_pruning (id, before_ms, gone) VALUES (1, 9, 1)").await.is_err());
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM audit_pruning").await, 0);
    assert_eq!(t.number(COUNT).await, before);
}

#[actix_web::test]
async fn a_deletion_elsewhere_fails_also_while_rows_are_pruned() {
    let t = TestApp::new().await;
    let other = t.another_node().await;
    insert(&t, "default", [DAY_MS]).await;
    let announce = format!("INSERT INTO audit_pruning (id, before_ms) VALUES (1, {})", t.clock_ms());
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let (go, may_go) = std::sync::mpsc::channel();
    let may_go = Arc::new(Mutex::new(may_go));
    let pruning = t.gateway.db.write(move |conn| {
        diesel::sql_query(announce).execute(conn)?;
        started.blocking_send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        diesel::sql_query("DELETE FROM audit_pruning").execute(conn)?;
        Ok::<_, StoreError>(())
    });
    let elsewhere = async {
        has_started.recv().await.unwrap();
        // SQLite has one writer, for which the deletion would wait.
        if t.gateway.config.database_url.is_embedded() {
            go.send(()).unwrap();
        }
        let refused = other.execute("DELETE FROM audit_log WHERE action = 'x.y'").await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
        go.send(()).ok();
    };
    let (pruned, ()) = futures_util::future::join(pruning, elsewhere).await;
    pruned.unwrap();
    assert_eq!(count(&t).await, 1);
}

#[actix_web::test]
async fn the_shell_prunes_too() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    assert_eq!(shell.run(&["audit", "prune", "--app", "shop", "--days", "1"]), "0\n");
    let problem = shell.fail(&["audit", "prune", "--app", "shop", "--days", "0"]);
    assert_eq!(problem, "diglot: days must be from 1 to 36500");
    assert_eq!(shell.fail(&["audit", "prune", "--app", "no", "--days", "1"]), "diglot: no such app");
    let newest = &shell.json(&["audit", "list", "--app", "shop"])["items"][0];
    let shown = ["action", "target", "result"].map(|name| newest[name].as_str().unwrap());
    assert_eq!(shown, ["audit.prune", "older than 1 days", "ok"]);
}
