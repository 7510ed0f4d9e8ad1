//! PostgreSQL restarted, frozen and silent (security.md 45): 503 within 5 s while it is unavailable, recovery within 3
//! s after.

use std::time::{Duration, Instant};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use serde_json::json;

use super::{Gateway, count};
use crate::cache::{wait_until_trusted, wait_until_untrusted};
use crate::support::{OwnServer, Proxy, User};

/// How long a request may take while the database is unavailable.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the gateway may take to recover.
const RECOVERY: Duration = Duration::from_secs(3);

struct Fixture {
    gateway: Gateway,
    alice: User,
    proxy: Proxy,
}

impl Fixture {
    async fn new() -> Self {
        let database = OwnServer::postgres();
        let proxy = Proxy::start(database.address);
        let gateway = Gateway::through(database, proxy.address()).await;
        let alice = gateway.t.user("alice").await;
        Self { gateway, alice, proxy }
    }

    /// The statuses of a read and a write, each of which must answer in time.
    async fn statuses(&self) -> [u16; 2] {
        let read = || self.alice.v1.post("/v1/user/get-user-data");
        let write = || self.alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"}));
        let mut statuses = [0; 2];
        for (request, status) in [read(), write()].into_iter().zip(&mut statuses) {
            let started = Instant::now();
            *status = request.send().await.status.as_u16();
            assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        }
        statuses
    }

    /// Sends many requests at once. Each must answer in time, with 200 or 503.
    async fn burst(&self) {
        let started = Instant::now();
        let answers = (0..40).map(|_| self.alice.v1.post("/v1/user/get-user-data").send());
        for answer in futures_util::future::join_all(answers).await {
            assert!([200, 503].contains(&answer.status.as_u16()), "{}", answer.line());
        }
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }

    /// Waits until requests succeed again, which must be within [`RECOVERY`], and checks that they continue to.
    async fn recovers(&self) {
        let started = Instant::now();
        while self.statuses().await != [200, 200] {
            assert!(started.elapsed() < RECOVERY, "not recovered after {:?}", started.elapsed());
        }
        for _ in 0..20 {
            assert_eq!(self.statuses().await, [200, 200]);
        }
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_killed_database_is_used_again_after_its_restart() {
    let mut fixture = Fixture::new().await;
    fixture.burst().await;
    fixture.gateway.database.kill();
    assert_eq!(fixture.statuses().await, [503, 503]);
    fixture.burst().await;
    fixture.gateway.database.start_again();
    fixture.recovers().await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_database_restarted_between_requests_fails_no_request() {
    let mut fixture = Fixture::new().await;
    fixture.burst().await;
    wait_until_trusted(&fixture.gateway.t).await;
    fixture.gateway.database.kill();
    wait_until_untrusted(&fixture.gateway.t).await;
    fixture.gateway.database.start_again();
    wait_until_trusted(&fixture.gateway.t).await;
    let answers = (0..40).map(|_| fixture.alice.v1.post("/v1/user/get-user-data").send());
    for answer in futures_util::future::join_all(answers).await {
        answer.assert_ok();
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_frozen_database_delays_no_request_for_long() {
    let fixture = Fixture::new().await;
    fixture.burst().await;
    fixture.gateway.database.freeze();
    fixture.burst().await;
    assert_eq!(fixture.statuses().await, [503, 503]);
    fixture.gateway.database.thaw();
    fixture.recovers().await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn silent_connections_are_replaced() {
    let fixture = Fixture::new().await;
    fixture.burst().await;
    for _ in 0..2 {
        fixture.proxy.go_silent();
        fixture.burst().await;
        assert_eq!(fixture.statuses().await, [503, 503]);
        fixture.proxy.pass_again();
        fixture.recovers().await;
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn cut_connections_are_replaced() {
    let fixture = Fixture::new().await;
    fixture.burst().await;
    fixture.proxy.cut();
    fixture.burst().await;
    fixture.recovers().await;
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_node_that_could_not_poll_for_long_clears_its_cache() {
    let fixture = Fixture::new().await;
    let node = &fixture.gateway.t;
    wait_until_trusted(node).await;
    let info = async || fixture.alice.v1.get("/v1/user/info").send().await.line();
    assert_eq!(info().await, "protobuf | 200 | 1");
    let silent_since = Instant::now();
    fixture.proxy.go_silent();
    // The entries of these changes are deleted from the feed before the node polls again.
    let url = format!("postgres://postgres@{}/postgres", fixture.gateway.database.address);
    let mut direct = PgConnection::establish(&url).unwrap();
    direct.batch_execute("UPDATE sessions SET ended_at_ms = 1; DELETE FROM changes").unwrap();
    while silent_since.elapsed() < Duration::from_millis(3500) {
        tokio::task::yield_now().await;
    }
    fixture.proxy.pass_again();
    wait_until_trusted(node).await;
    assert_eq!(info().await, "protobuf | 200 | -101 | 未登录");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_slow_database_is_not_mistaken_for_a_silent_one() {
    let fixture = Fixture::new().await;
    let direct = format!("postgres://postgres@{}/postgres", fixture.gateway.database.address);
    // Each of many statements is slow, and so is the transaction as a whole.
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN PERFORM pg_sleep(1.2); RETURN NEW; END $$; \
        CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON personal_data FOR EACH ROW EXECUTE FUNCTION slow(); \
        CREATE TRIGGER slow BEFORE INSERT ON changes FOR EACH ROW EXECUTE FUNCTION slow()";
    PgConnection::establish(&direct).unwrap().batch_execute(slow).unwrap();
    let connections = |within: &str| {
        let mut conn = PgConnection::establish(&direct).unwrap();
        count(&mut conn, &format!("pg_stat_activity WHERE backend_type = 'client backend' {within}"))
    };
    let save = || fixture.alice.v1.post("/v1/user/save-user-data").json(&json!({"gender": 1})).send();
    let burst = futures_util::future::join_all((0..4).map(|_| save()));
    let read_meanwhile = async {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(4) {
            fixture.alice.v1.post("/v1/user/get-user-data").send().await.assert_ok();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    futures_util::future::join(burst, read_meanwhile).await;
    // One pool, the monitoring connection, and the connection of this query.
    assert!(connections("") <= 8 + 1 + 1, "{}", connections(""));
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_locked_row_fails_those_who_want_it_and_nobody_else() {
    let fixture = Fixture::new().await;
    let bob = fixture.gateway.t.user("bob").await;
    let direct = format!("postgres://postgres@{}/postgres", fixture.gateway.database.address);
    let mut locker = PgConnection::establish(&direct).unwrap();
    locker.batch_execute("BEGIN; SELECT 1 FROM users WHERE username = 'alice' FOR UPDATE").unwrap();
    let rename = |user: &User| user.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "x"})).send();
    let wanting = futures_util::future::join_all((0..20).map(|_| rename(&fixture.alice)));
    let others = async {
        for _ in 0..20 {
            let started = Instant::now();
            rename(&bob).await.assert_ok();
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        }
    };
    let started = Instant::now();
    let (refused, ()) = futures_util::future::join(wanting, others).await;
    assert!(refused.iter().all(|answer| answer.status == 503));
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    locker.batch_execute("COMMIT").unwrap();
    rename(&fixture.alice).await.assert_ok();
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_write_that_the_database_undoes_is_tried_again_up_to_three_times() {
    let fixture = Fixture::new().await;
    let direct = format!("postgres://postgres@{}/postgres", fixture.gateway.database.address);
    let refuse = "CREATE SEQUENCE tries; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF nextval('tries') <= TG_ARGV[1]::INT THEN RAISE EXCEPTION 'no' USING ERRCODE = TG_ARGV[0]; END IF; \
        RETURN NEW; END $$";
    let mut conn = PgConnection::establish(&direct).unwrap();
    conn.batch_execute(refuse).unwrap();
    let rename = |name: String| fixture.alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": name})).send();

    for (cause, code) in [
        ("a serialization failure", "40001"),
        ("a deadlock", "40P01"),
        ("lock_timeout", "55P03"),
        ("pg_cancel_backend", "57014"),
    ] {
        for (refusals, expected) in [(3, 200), (4, 503)] {
            conn.batch_execute(&format!(
                "ALTER SEQUENCE tries RESTART; DROP TRIGGER IF EXISTS refuse ON users; CREATE TRIGGER refuse BEFORE \
                 UPDATE OF nickname ON users FOR EACH ROW EXECUTE FUNCTION refuse('{code}', '{refusals}')"
            ))
            .unwrap();
            assert_eq!(rename(format!("{code} {refusals}")).await.status, expected, "{refusals} times {cause}");
        }
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_role_with_another_default_isolation_changes_nothing() {
    let fixture = Fixture::new().await;
    let direct = format!("postgres://postgres@{}/postgres", fixture.gateway.database.address);
    let set = "ALTER ROLE postgres SET default_transaction_isolation = 'serializable'";
    PgConnection::establish(&direct).unwrap().batch_execute(set).unwrap();
    fixture.proxy.cut();
    fixture.recovers().await;
    let edits = (0..40).map(|number| {
        let body = json!({"nickname": format!("x{number}")});
        fixture.alice.v1.post("/v1/user/edit-nickname").json(&body).send()
    });
    for edit in futures_util::future::join_all(edits).await {
        edit.assert_ok();
    }
}

/// The fewest round trips of several tries: the watcher of the change feed has its own between them.
async fn round_trips(fixture: &Fixture, mut request: impl AsyncFnMut()) -> usize {
    let mut fewest = usize::MAX;
    // The first ones prepare the statements.
    for _ in 0..30 {
        let before = fixture.proxy.requests();
        request().await;
        fewest = fewest.min(fixture.proxy.requests() - before);
    }
    fewest
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn operations_need_few_round_trips() {
    let fixture = Fixture::new().await;
    let login = round_trips(&fixture, async || drop(fixture.gateway.t.login("alice", "phone").await)).await;
    let mut names = (0..).map(|number| format!("Al{number}"));
    let own_edit = round_trips(&fixture, async || {
        let body = json!({"nickname": names.next()});
        fixture.alice.v1.post("/v1/user/edit-nickname").json(&body).send().await.assert_ok();
    });
    let own_edit = own_edit.await;
    let admin = fixture.gateway.t.admin().await.header("user_id", &fixture.alice.id.to_string());
    let edit = round_trips(&fixture, async || {
        let path = format!("/user/nickname?nick_name={}", names.next().unwrap());
        admin.put(&path).send().await.assert_ok();
    });
    let edit = edit.await;
    let cached = round_trips(&fixture, async || fixture.alice.v1.get("/v1/user/info").send().await.assert_ok()).await;
    // One of an edit is for the session or the account, which the edit before has evicted.
    assert_eq!((login, own_edit, edit, cached), (6, 2, 2, 0));
}
