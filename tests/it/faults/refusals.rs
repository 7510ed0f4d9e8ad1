//! Servers that answer but refuse (security.md 50, 52): seen by the checks, 503 while it lasts, well within seconds after.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use diglot::domain::readiness;
use serde_json::json;

use super::Gateway;
use crate::support::{Node, Shell, TestApp, agent, signal};

const RECOVERY: Duration = Duration::from_secs(3);

impl Gateway {
    fn database_url(&self, user: &str, name: &str) -> String {
        format!("postgres://{user}@{}/{name}", self.database.address)
    }

    fn execute(&self, sql: &str) {
        PgConnection::establish(&self.database_url("postgres", "postgres")).unwrap().batch_execute(sql).unwrap();
    }

    /// A shell whose commands use that database.
    fn shell(&self, database_url: &str) -> Shell {
        let mut environment = self.t.environment();
        environment.insert("DATABASE_URL", database_url.to_owned());
        Shell::with(environment)
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_database_that_becomes_read_only_is_read_and_recovers() {
    let gateway = Gateway::new().await;
    let alice = gateway.t.user("alice").await;
    let statuses = async || {
        let read = alice.v1.post("/v1/user/get-user-data").send().await.status.as_u16();
        let write = alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": "Al"})).send().await;
        (read, write.status.as_u16())
    };
    let set = |value: &str| {
        gateway.execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}"));
        gateway.execute("SELECT pg_reload_conf()");
    };
    assert_eq!(statuses().await, (200, 200));
    set("on");
    let started = Instant::now();
    while statuses().await != (200, 503) {
        assert!(started.elapsed() < RECOVERY);
    }
    assert!(readiness::check_database(&gateway.t.gateway).await.is_err());
    set("off");
    let started = Instant::now();
    while statuses().await != (200, 200) {
        assert!(started.elapsed() < RECOVERY);
    }
    readiness::check_database(&gateway.t.gateway).await.unwrap();
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn connections_that_died_while_idle_fail_nobody() {
    let gateway = Gateway::new().await;
    let alice = gateway.t.user("alice").await;
    gateway.execute("ALTER SYSTEM SET idle_session_timeout = '300ms'");
    gateway.execute("SELECT pg_reload_conf()");
    for _ in 0..3 {
        let idle_since = Instant::now();
        while idle_since.elapsed() < Duration::from_millis(1500) {
            tokio::task::yield_now().await;
        }
        let reads = (0..8).map(|_| alice.v1.post("/v1/user/get-user-data").send());
        for read in futures_util::future::join_all(reads).await {
            read.assert_ok();
        }
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_role_that_owns_nothing_is_enough_to_serve() {
    let gateway = Gateway::new().await;
    gateway.execute(
        "CREATE ROLE least LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO least; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO least; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    let shell = gateway.shell(&gateway.database_url("least", "postgres"));
    assert_eq!(shell.table(&["app", "list"])[1][0], "default");
    let mut environment = gateway.t.environment();
    environment.insert("DATABASE_URL", gateway.database_url("least", "postgres"));
    let node = Node::start(&environment);
    assert!(agent().get(node.url("/v1/user/homepage?userId=1")).call().is_ok());
    node.stop();
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_database_of_another_encoding_or_a_newer_schema_is_refused() {
    let gateway = Gateway::new().await;
    gateway.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    let shell = gateway.shell(&gateway.database_url("postgres", "latin"));
    for command in [["migrate"].as_slice(), &["serve"], &["app", "list"]] {
        let problem = shell.fail(command);
        assert!(problem.contains("its encoding is LATIN1"), "{problem}");
    }
    gateway.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')");
    let shell = gateway.shell(&gateway.database_url("postgres", "postgres"));
    for command in [["migrate"].as_slice(), &["serve"], &["app", "list"]] {
        let problem = shell.fail(command);
        assert!(problem.contains("newer than this binary (migration 99991231000000)"), "{problem}");
    }
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis of its own: run scripts/test"]
async fn a_redis_that_refuses_is_seen_by_the_checks() {
    let gateway = Gateway::new().await;
    let redis = |line: &str| {
        let client = redis::Client::open(format!("redis://{}", gateway.redis.address)).unwrap();
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command.exec(&mut client.get_connection().unwrap()).unwrap();
    };
    let problem = async || readiness::check_state(&gateway.t.gateway).await.err().map(|error| error.to_string());
    assert_eq!(problem().await, None);
    for (broken, words, mended) in [
        ("CONFIG SET maxmemory 1", "OOM", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "this is a replica", "REPLICAOF NO ONE"),
        ("ACL SETUSER default -eval -evalsha", "no permissions", "ACL SETUSER default +@all"),
        ("ACL SETUSER default resetkeys ~other:*", "no permissions", "ACL SETUSER default allkeys"),
    ] {
        redis(broken);
        let text = problem().await.unwrap();
        assert!(text.contains(words), "{broken}: {text}");
        redis(mended);
        assert_eq!(problem().await, None, "{mended}");
    }
}

#[actix_web::test]
async fn another_secret_than_the_databases_is_refused() {
    let t = TestApp::new().await;
    let shell = Shell::with(t.environment());
    shell.run(&["app", "list"]);
    let mut environment = t.environment();
    environment.insert("DIGLOT_SECRET", "another secret of at least 32 characters".to_owned());
    let other = Shell::with(environment);
    for command in
        [["serve"].as_slice(), &["app", "list"], &["admin-token", "create", "--app", "default", "--name", "x"]]
    {
        let problem = other.fail(command);
        assert!(problem.contains("is not the one that this database was made with"), "{problem}");
    }
    let doctor = other.output(&["doctor"]);
    let report = String::from_utf8(doctor.stdout).unwrap();
    assert!(!doctor.status.success() && report.contains("FAIL    secret             DIGLOT_SECRET"), "{report}");
}

#[actix_web::test]
async fn a_database_file_that_can_not_be_written_is_refused() {
    let t = TestApp::new().await;
    // Root may write anything.
    if !t.gateway.config.database_url.is_embedded() || !is_root() {
        return;
    }
    let shell = Shell::new();
    shell.run(&["app", "create", "default"]);
    fs::set_permissions(shell.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(shell.path()).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    let nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_diglot")]);
        command.args(arguments).current_dir(shell.path()).env_clear().output().unwrap()
    };
    let serve = nobody(&["serve"]);
    assert!(!serve.status.success(), "{}", String::from_utf8_lossy(&serve.stderr));
    let doctor = nobody(&["doctor"]);
    let report = String::from_utf8(doctor.stdout).unwrap();
    assert!(!doctor.status.success() && report.contains("FAIL  "), "{report}");
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    String::from_utf8(id).unwrap().trim() == "0"
}

#[actix_web::test]
async fn sighup_ends_nothing() {
    let t = TestApp::new().await;
    t.clock.set_to_now();
    let node = Node::start(&t.environment());
    for _ in 0..3 {
        signal(node.pid(), "HUP");
    }
    assert!(agent().get(node.url("/v1/user/homepage?userId=1")).call().is_ok());
    node.stop();
}
