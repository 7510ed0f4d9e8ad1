//! `PgBouncer` in transaction mode between the gateway and PostgreSQL, in the version of the distribution: nothing that is
//! set or prepared in a session is there in the next transaction.

use std::time::{Duration, Instant};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::{
    cache::{wait_until_trusted, wait_until_untrusted},
    support::{Backend, OwnServer, Shell, TestApp, User},
};

const PATIENCE: Duration = Duration::from_secs(5);

struct Fixture {
    t: TestApp,
    alice: User,
    database: OwnServer,
    bouncer: OwnServer,
    _redis: OwnServer,
}

impl Fixture {
    async fn new() -> Self {
        let (database, redis) = (OwnServer::postgres(), OwnServer::redis());
        let bouncer = OwnServer::pgbouncer(database.address);
        // All tables are made through it, too.
        let url = format!("postgres://postgres@{}/postgres?pgbouncer=true", bouncer.address);
        let t = TestApp::on(Backend::on(url, format!("redis://{}", redis.address)), |_| {}).await;
        let alice = t.user("alice").await;
        disturb(&bouncer);
        Self { t, alice, database, bouncer, _redis: redis }
    }

    async fn rename(&self, name: &str) -> u16 {
        let body = json!({"nickname": name});
        self.alice.v1.post("/v1/user/edit-nickname").json(&body).send().await.status.as_u16()
    }
}

/// Leaves settings behind in all sessions of the pool that would break the gateway.
fn disturb(bouncer: &OwnServer) {
    let connect = || PgConnection::establish(&format!("postgres://postgres@{}/postgres", bouncer.address)).unwrap();
    let mut clients: Vec<_> = (0..4).map(|_| connect()).collect();
    for client in &mut clients {
        let set = "SET lock_timeout = 1; SET default_transaction_isolation = 'serializable'; SET statement_timeout = 0";
        client.batch_execute(&format!("BEGIN; {set}")).unwrap();
    }
    for client in &mut clients {
        client.batch_execute("COMMIT").unwrap();
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn requests_are_answered_through_pgbouncer() {
    let fixture = Fixture::new().await;
    let other = fixture.t.another_node().await;
    for round in 0..5 {
        let reads = join_all((0..40).map(|_| fixture.alice.v1.post("/v1/user/get-user-data").send()));
        let writes = join_all((0..20).map(|number| {
            let body = json!({"nickname": format!("{round}-{number}")});
            fixture.alice.v1.post("/v1/user/edit-nickname").json(&body).send()
        }));
        let (reads, writes) = join(reads, writes).await;
        reads.iter().chain(&writes).for_each(crate::support::Res::assert_ok);
    }
    let bob = fixture.t.user("bob").await;
    let list = fixture.t.admin().await.get("/user/list?page_size=50").send().await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2, "{list}");
    // The change feed of another node sees what is written.
    let again = fixture.t.login("bob", "other").await;
    again.admin_api.post("/user/kick?device_sn=1").send().await.assert_ok();
    let client = other.anon();
    crate::support::within_a_second(async || {
        client.get("/v1/user/info").header("token", &bob.token).send().await.line().contains("-101")
    })
    .await;
    let shell = Shell::with(fixture.t.environment());
    let doctor = String::from_utf8(shell.output(&["doctor"]).stdout).unwrap();
    let is_good = |line: &str| line.starts_with("ok ") && line.ends_with("the database takes writes");
    assert!(doctor.lines().any(is_good), "{doctor}");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn time_limits_hold_through_pgbouncer_and_a_restart_is_survived() {
    let mut fixture = Fixture::new().await;
    let direct = format!("postgres://postgres@{}/postgres", fixture.database.address);
    let mut locker = PgConnection::establish(&direct).unwrap();
    locker.batch_execute("BEGIN; SELECT 1 FROM users WHERE username = 'alice' FOR UPDATE").unwrap();
    let started = Instant::now();
    let refused = fixture.rename("locked").await;
    let waited = started.elapsed();
    // It waits for the lock for longer than the millisecond that another client has set, and not for ever.
    assert_eq!(refused, 503);
    assert!(waited > Duration::from_millis(900) && waited < PATIENCE, "{waited:?}");
    locker.batch_execute("COMMIT").unwrap();
    assert_eq!(fixture.rename("free").await, 200);
    drop(locker);

    wait_until_trusted(&fixture.t).await;
    fixture.database.kill();
    wait_until_untrusted(&fixture.t).await;
    assert_eq!(fixture.rename("lost").await, 503);
    fixture.database.start_again();
    let started = Instant::now();
    while fixture.rename("back").await != 200 {
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
    // `PgBouncer` itself is restarted.
    fixture.bouncer.kill();
    assert_eq!(fixture.rename("lost").await, 503);
    fixture.bouncer.start_again();
    let started = Instant::now();
    while fixture.rename("back").await != 200 {
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
}
