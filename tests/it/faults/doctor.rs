//! What `diglot doctor` finds of servers that work, but not as the gateway needs them.

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use diglot::{config::Flags, domain::readiness, model::Node};

use crate::support::{Backend, Cluster, Findings, OwnServer, Shell, TestApp, server_urls};

fn doctor(environment: Flags) -> Findings {
    Findings::of(&mut Shell::with(environment).command(&["doctor"]))
}

/// The environment of a node whose database takes `body` for the time.
async fn with_clock(body: &str) -> (TestApp, Flags) {
    assert!(server_urls().is_some());
    let t = TestApp::new().await;
    let function = format!(
        "CREATE FUNCTION clock_timestamp() RETURNS TIMESTAMPTZ VOLATILE LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() {body}'"
    );
    t.execute(&function).await.unwrap();
    let mut environment = t.environment();
    let url = environment["DATABASE_URL"].replace("&application_name", "%2Cpg_catalog&application_name");
    environment.insert("DATABASE_URL", url);
    (t, environment)
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn servers_that_are_as_they_should_be_are_no_problem() {
    let (_t, environment) = with_clock("").await;
    let found = doctor(environment);
    found.is("database clock", "ok", "within a second");
    found.is("Redis clock", "ok", "within a second");
    found.is("Redis memory", "ok", "");
    found.is("connections", "ok", "a node opens up to 9 of the ");
    found.is("privileges", "ok", "all that the gateway needs");
    found.is("state", "ok", "Redis");
    assert!(!found.has("PgBouncer") && !found.has("database hosts"), "{found:?}");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_database_whose_clock_differs_is_found() {
    let (_t, environment) = with_clock("+ INTERVAL ''5 s''").await;
    doctor(environment).is("database clock", "fail", " s ahead of the clock of this machine");
    let (_t, environment) = with_clock("- INTERVAL ''5 s''").await;
    doctor(environment).is("database clock", "fail", " s behind the clock of this machine");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_database_that_is_far_away_is_found() {
    let (_t, environment) = with_clock("FROM pg_sleep(0.02)").await;
    let found = doctor(environment);
    found.is("database latency", "note", "of which a login takes 6");
    found.is("database clock", "ok", "within a second");
}

#[actix_web::test]
async fn a_redis_whose_clock_differs_is_found() {
    let t = TestApp::new().await;
    t.clock.set_to_now();
    let Some(asked) = readiness::ask_state(&t.gateway).await.unwrap() else {
        assert!(t.gateway.config.redis_url.is_none());
        return;
    };
    assert!(asked.ahead_ms.abs() < 1000, "{asked:?}");
    t.clock.advance(5000);
    let asked = readiness::ask_state(&t.gateway).await.unwrap().unwrap();
    assert!((-5000..-4000).contains(&asked.ahead_ms), "{asked:?}");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn a_database_for_many_nodes_with_the_state_of_one_is_found() {
    let backend = Backend::new();
    let mut environment = backend.environment();
    environment.remove("REDIS_URL").unwrap();
    doctor(environment).is("state", "note", "in process, which is for one node only; with several, set REDIS_URL");
}

#[test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
fn a_redis_that_drops_what_it_should_keep_is_found() {
    let doctor_at = |redis_url: String| {
        let shell = Shell::with(Flags::from([("REDIS_URL", redis_url)]));
        shell.run(&["migrate"]);
        Findings::of(&mut shell.command(&["doctor"]))
    };
    let doctor = |settings: &[&str]| {
        let redis = OwnServer::redis_with(settings);
        doctor_at(format!("redis://{}", redis.address))
    };
    let bounded = ["--maxmemory", "100mb", "--maxmemory-policy"];
    let found = doctor(&[&bounded[..], &["allkeys-lru"]].concat());
    found.is("Redis memory", "note", "maxmemory-policy is allkeys-lru");
    doctor(&[&bounded[..], &["noeviction"]].concat()).is("Redis memory", "ok", "");
    // Without a bound nothing is dropped.
    doctor(&["--maxmemory-policy", "allkeys-lru"]).is("Redis memory", "ok", "");
    // Who may not ask is not told; that is no reason for a failure.
    let locked = doctor(&["--user", "default", "on", "nopass", "~*", "&*", "+@all", "-info"]);
    locked.is("Redis memory", "ok", "");
    locked.is("state", "ok", "Redis");
    let silent = doctor(&["--user", "default", "on", "nopass", "~*", "&*", "+@all", "-time"]);
    silent.is("Redis clock", "note", "not known: ");
    silent.is("state", "ok", "Redis");
    doctor_at(Cluster::start(0).url()).is("Redis clock", "ok", "within a second");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn connections_and_privileges_that_are_not_enough_are_found() {
    let gateway = super::Gateway::new().await;
    let address = gateway.database.address;
    let execute = |sql: &str| {
        let url = format!("postgres://postgres@{address}/postgres");
        PgConnection::establish(&url).unwrap().batch_execute(sql).unwrap();
    };
    let doctor = |connections: &str| {
        let mut environment = gateway.t.environment();
        environment.insert("DATABASE_URL", format!("postgres://gateway@{address}/postgres"));
        environment.insert("DIGLOT_DATABASE_CONNECTIONS", connections.to_owned());
        doctor(environment)
    };
    execute(
        "CREATE ROLE gateway LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO gateway;
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO gateway",
    );
    let enough = doctor("60");
    enough.is("connections", "ok", "a node opens up to 61 of the 97");
    enough.is("privileges", "ok", "all that the gateway needs");
    doctor("97").is("connections", "fail", "the database accepts 97, and 1 node(s) open up to 98");

    execute("REVOKE DELETE ON bans FROM gateway; REVOKE ALL ON users_id_seq FROM gateway");
    doctor("8").is("privileges", "fail", "missing on bans, users_id_seq; GRANT");

    for id in ["a", "b"] {
        let node = Node { id: id.to_owned(), host: id.to_owned(), version: String::new(), started_at_ms: 0 };
        gateway.t.clock.set_to_now();
        let now = diglot::clock::Clock::now(&*gateway.t.clock);
        gateway.t.gateway.state.note_node(&node, 60_000, now).await.unwrap();
    }
    doctor("60").is("connections", "fail", "the database accepts 97, and 2 node(s) open up to 122");
    execute("ALTER ROLE gateway CONNECTION LIMIT 17");
    doctor("8").is("connections", "fail", "the database accepts 17, and 2 node(s) open up to 18");
}

#[test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
fn a_pgbouncer_that_the_url_does_not_name_is_found() {
    let (database, redis) = (OwnServer::postgres(), OwnServer::redis());
    let bouncer = OwnServer::pgbouncer(database.address);
    let url = format!("postgres://postgres@{}/postgres", bouncer.address);
    let backend = Backend::on(format!("{url}?pgbouncer=true"), format!("redis://{}", redis.address));
    let mut environment = backend.environment();
    assert!(!doctor(environment.clone()).has("PgBouncer"));
    environment.insert("DATABASE_URL", url);
    doctor(environment).is("PgBouncer", "fail", "append pgbouncer=true");
}
