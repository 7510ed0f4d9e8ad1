//! Edits of an account beside what ends the permission for them, on PostgreSQL, where an edit is one statement
//! (docs/adr/0013-one-unit-of-work.md).

use std::time::{Duration, Instant};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use futures_util::future::join;
use serde_json::json;
use tokio::time::sleep;

use super::{Gateway, count};
use crate::support::{Res, User};

/// Every statement that finds an account takes as long as `pace` says when it finds it, before it locks the row.
const SLOW_ACCOUNTS: &str = "
    CREATE TABLE pace (seconds DOUBLE PRECISION NOT NULL);
    INSERT INTO pace VALUES (0);
    CREATE FUNCTION keep_pace() RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep((SELECT seconds FROM pace)); RETURN TRUE; END $$;
    ALTER TABLE users RENAME TO stored_users;
    CREATE VIEW users AS SELECT * FROM stored_users WHERE keep_pace();";

struct Fixture {
    gateway: Gateway,
    direct: PgConnection,
    /// Sees the statements of the others also while `direct` is in a transaction.
    watching: PgConnection,
}

impl Fixture {
    async fn new() -> Self {
        let gateway = Gateway::new().await;
        let url = format!("postgres://postgres@{}/postgres", gateway.database.address);
        let connect = || PgConnection::establish(&url).unwrap();
        let (direct, watching) = (connect(), connect());
        Self { gateway, direct, watching }
    }

    fn execute(&mut self, sql: &str) {
        self.direct.batch_execute(sql).unwrap();
    }

    fn set_pace(&mut self, seconds: f64) {
        self.execute(&format!("UPDATE pace SET seconds = {seconds}"));
    }

    /// Waits until as many statements are active as `is_meant` says, of those that `condition` selects.
    async fn wait_for_statements(&mut self, condition: &str, is_meant: fn(i64) -> bool) {
        let statements = format!("pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND {condition}");
        let started = Instant::now();
        while !is_meant(count(&mut self.watching, &statements)) {
            assert!(started.elapsed() < Duration::from_secs(10), "{statements}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn nicknames(&mut self, name: &str) -> i64 {
        count(&mut self.watching, &format!("users WHERE nickname = '{name}'"))
    }
}

async fn rename(user: &User, name: &str) -> Res {
    user.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": name})).send().await
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_session_that_ends_while_its_edit_looks_for_the_account_edits_nothing() {
    let mut fixture = Fixture::new().await;
    let alice = fixture.gateway.t.user("alice").await;
    fixture.execute(SLOW_ACCOUNTS);
    rename(&alice, "before").await.assert_ok();
    // Short enough that the edit is still made by one statement.
    fixture.set_pace(0.3);
    let kick = async {
        fixture.wait_for_statements("query LIKE 'WITH %' AND wait_event = 'PgSleep'", |count| count > 0).await;
        // As a kick does, whose account stays the same.
        fixture.execute(
            "BEGIN; SELECT 1 FROM stored_users WHERE username = 'alice' FOR NO KEY UPDATE; \
             UPDATE sessions SET ended_at_ms = 1; COMMIT",
        );
        fixture.set_pace(0.0);
    };
    let (late, ()) = join(rename(&alice, "late"), kick).await;
    assert_eq!(late.line(), "json | 200 | -101 | 未登录");
    assert_eq!(fixture.nicknames("late"), 0);
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn an_edit_that_waits_for_the_deletion_of_the_account_does_not_revive_it() {
    let mut fixture = Fixture::new().await;
    let alice = fixture.gateway.t.user("alice").await;
    let acting = fixture.gateway.t.admin().await.header("user_id", &alice.id.to_string());
    fixture.execute("BEGIN; UPDATE users SET status = 2, nickname = '' WHERE username = 'alice'");
    let delete = async {
        fixture.wait_for_statements("wait_event_type = 'Lock'", |count| count == 2).await;
        fixture.execute("COMMIT");
    };
    let edits = join(rename(&alice, "late"), acting.put("/user/nickname?nick_name=late").send());
    let ((own, admins), ()) = join(edits, delete).await;
    assert_eq!(own.line(), "json | 200 | -101 | 未登录");
    assert_eq!(admins.line(), "json | 200 | 10000 | user does not exist");
    assert_eq!(fixture.nicknames("late"), 0);
    let rows = fixture.gateway.t.audit_rows().await;
    let refusals: Vec<_> = rows.iter().filter(|row| row.action == "profile.rename").map(|row| &*row.result).collect();
    assert_eq!(refusals, ["no such user"]);
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn an_edit_that_is_answered_with_503_is_not_made_afterwards() {
    let mut fixture = Fixture::new().await;
    let alice = fixture.gateway.t.user("alice").await;
    fixture.execute(SLOW_ACCOUNTS);
    fixture.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2.2); RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE UPDATE OF nickname ON stored_users FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    // This evicts the session, which the next request then reads from the database.
    rename(&alice, "before").await.assert_ok();
    fixture.set_pace(2.2);
    let authentication = async {
        fixture.wait_for_statements("wait_event = 'PgSleep'", |count| count > 0).await;
        fixture.set_pace(0.0);
    };
    let (late, ()) = join(rename(&alice, "late"), authentication).await;
    assert_eq!(late.status, 503);
    fixture.wait_for_statements("wait_event = 'PgSleep'", |count| count == 0).await;
    assert_eq!(fixture.nicknames("late"), 0);
}
