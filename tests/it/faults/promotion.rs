//! PostgreSQL with several hosts: the primary dies and its standby is promoted while requests run. And the parameters of
//! libpq in the URL.

use std::{
    cell::Cell,
    collections::BTreeSet,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, connection::SimpleConnection as _};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::support::{Backend, OwnServer, PASSWORD, TestApp};

/// How long a request may take while the database is unavailable.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take from the death of the primary until a write succeeds: half a second on a quiet machine.
const RECOVERY: Duration = Duration::from_secs(10);

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

fn direct(server: &OwnServer) -> PgConnection {
    PgConnection::establish(&format!("postgres://postgres@{}/postgres", server.address)).unwrap()
}

fn texts(server: &OwnServer, sql: &str) -> Vec<String> {
    let rows: Vec<Text> = diesel::sql_query(sql).load(&mut direct(server)).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An account whose registration was acknowledged.
struct Registered {
    name: String,
    asked: Instant,
    acknowledged: Instant,
}

/// Registers accounts one after the other until `is_over`, and counts those that are `acknowledged`.
async fn register(
    t: &TestApp,
    writer: usize,
    acknowledged: &Cell<usize>,
    is_over: impl Fn(Instant) -> bool,
) -> Vec<Registered> {
    let mut registered = Vec::new();
    for number in 0.. {
        let (name, asked) = (format!("user{writer}x{number}"), Instant::now());
        let body = json!({"username": name, "password": PASSWORD});
        let answer = t.anon().header("app_id", "default").post("/user/register/v2").json(&body).send().await;
        assert!(asked.elapsed() < PATIENCE, "{:?}", asked.elapsed());
        match answer.status.as_u16() {
            200 => {
                answer.assert_ok();
                acknowledged.set(acknowledged.get() + 1);
                registered.push(Registered { name, asked, acknowledged: Instant::now() });
            }
            503 => {}
            other => panic!("{other}: {}", answer.line()),
        }
        if is_over(Instant::now()) {
            return registered;
        }
    }
    unreachable!("it ends with the last answer");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_promoted_standby_is_written_to_at_once_and_no_acknowledged_write_is_lost() {
    let mut primary = OwnServer::postgres();
    let standby = OwnServer::standby_of(&primary);
    let synchronous = "ALTER SYSTEM SET synchronous_standby_names = '*'";
    direct(&primary).batch_execute(synchronous).unwrap();
    direct(&primary).batch_execute("SELECT pg_reload_conf()").unwrap();
    until("the standby does not follow", || {
        texts(&primary, "SELECT sync_state AS text FROM pg_stat_replication") == ["sync"]
    })
    .await;
    let redis = OwnServer::redis();
    let url = format!(
        "postgres://postgres@{},{}/postgres?target_session_attrs=read-write&application_name=diglot",
        primary.address, standby.address
    );
    let backend = Backend::on(url, format!("redis://{}", redis.address));
    let t = TestApp::on(backend, |config| config.reloadable.registrations_per_hour = 1_000_000).await;

    let (sender, died) = tokio::sync::watch::channel(None::<Instant>);
    // Until two seconds after a write must have succeeded.
    let is_over = |now: Instant| died.borrow().is_some_and(|died| now > died + RECOVERY + Duration::from_secs(2));
    let acknowledged = Cell::new(0);
    let writers = join_all((0..4).map(|writer| register(&t, writer, &acknowledged, is_over)));
    let fault = async {
        until("too few accounts are registered", || acknowledged.get() > 20).await;
        primary.kill();
        let died = Instant::now();
        direct(&standby).batch_execute("SELECT pg_promote(false)").unwrap();
        sender.send(Some(died)).unwrap();
        died
    };
    let (registered, died) = join(writers, fault).await;
    let registered: Vec<Registered> = registered.into_iter().flatten().collect();
    let after = registered.iter().filter(|one| one.asked > died).map(|one| one.acknowledged - died);
    let first = after.min().expect("no write succeeds");
    assert!(first < RECOVERY, "{first:?}");

    let stored: BTreeSet<String> = texts(&standby, "SELECT username AS text FROM users").into_iter().collect();
    let lost: Vec<_> = registered.iter().map(|one| &one.name).filter(|name| !stored.contains(*name)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn parameters_of_libpq_in_the_url_take_effect() {
    let (server, redis) = (OwnServer::postgres(), OwnServer::redis());
    direct(&server).batch_execute("CREATE SCHEMA \"of its own\"").unwrap();
    let url = format!(
        "postgres://postgres@{}/postgres?application_name=a%20name&connect_timeout=7&sslmode=disable\
         &options=-csearch_path%3D%22of%5C%20its%5C%20own%22%20-cwork_mem%3D1MB&target_session_attrs=primary",
        server.address
    );
    let t = TestApp::on(Backend::on(url.clone(), format!("redis://{}", redis.address)), |_| {}).await;
    t.user("alice").await;
    assert_eq!(t.texts("SELECT username AS text FROM \"of its own\".users").await, ["alice"]);
    for (setting, value) in [("application_name", "a name"), ("work_mem", "1MB"), ("statement_timeout", "2500ms")] {
        assert_eq!(t.texts(&format!("SELECT current_setting('{setting}') AS text")).await, [value], "{setting}");
    }

    let unknown = url.replace("connect_timeout", "connect_timout").parse().unwrap();
    let problem = diglot::store::Db::new(unknown, 1).pending_migrations().unwrap_err().to_string();
    assert!(problem.contains("connect_timout"), "{problem}");
    let standby = url.replace("target_session_attrs=primary", "target_session_attrs=standby").parse().unwrap();
    let problem = diglot::store::Db::new(standby, 1).pending_migrations().unwrap_err().to_string();
    assert!(problem.contains("standby"), "{problem}");
}
