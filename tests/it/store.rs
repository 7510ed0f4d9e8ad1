//! The store: both databases behave alike, and the pitfalls of docs/adr/0004-two-databases.md are avoided.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Text},
};
use diglot::store::{Conn, DatabaseUrl, Db, StoreError};
use futures_util::future::join_all;

use crate::support::{TestApp, server_urls};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn created_at(conn: &mut Conn) -> Result<i64, StoreError> {
    let sql = "SELECT created_at_ms AS number FROM apps WHERE id = 'default'";
    Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.number)
}

fn add_one(conn: &mut Conn) -> Result<usize, StoreError> {
    let sql = "UPDATE apps SET created_at_ms = created_at_ms + 1 WHERE id = 'default'";
    Ok(diesel::sql_query(sql).execute(conn)?)
}

#[actix_web::test]
async fn writers_that_read_first_never_fail() {
    let t = TestApp::new().await;
    let before = t.gateway.db.read(created_at).await.unwrap();
    let writer = |_| async {
        for _ in 0..50 {
            let read_then_write = |conn: &mut Conn| {
                created_at(conn)?;
                std::thread::yield_now();
                add_one(conn)
            };
            t.gateway.db.write(read_then_write).await.unwrap();
        }
    };

    join_all((0..8).map(writer)).await;
    assert_eq!(t.gateway.db.read(created_at).await.unwrap(), before + 400);
}

#[actix_web::test]
async fn writers_of_several_pools_never_fail() {
    let t = TestApp::new().await;
    let before = t.gateway.db.read(created_at).await.unwrap();
    let nodes = [t.another_node().await, t.another_node().await];
    let writer = |node: &TestApp| {
        let db = node.gateway.db.clone();
        async move {
            for _ in 0..50 {
                db.write(|conn| created_at(conn).and_then(|_| add_one(conn))).await.unwrap();
            }
        }
    };

    join_all(nodes.iter().map(writer)).await;
    assert_eq!(t.gateway.db.read(created_at).await.unwrap(), before + 100);
}

#[actix_web::test]
async fn a_failed_or_panicking_write_is_rolled_back() {
    let t = TestApp::new().await;
    let before = t.gateway.db.read(created_at).await.unwrap();

    let failed: Result<(), StoreError> = t
        .gateway
        .db
        .write(|conn| {
            add_one(conn)?;
            Err(StoreError::Taken)
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Taken)));
    for _ in 0..20 {
        let panicked: Result<(), StoreError> = t
            .gateway
            .db
            .write(|conn| {
                add_one(conn)?;
                panic!("on purpose")
            })
            .await;
        assert!(matches!(panicked, Err(StoreError::Unfinished)));
    }
    assert_eq!(t.gateway.db.read(created_at).await.unwrap(), before);
    t.gateway.db.write(add_one).await.unwrap();
}

#[actix_web::test]
async fn the_audit_log_refuses_changes() {
    let t = TestApp::new().await;
    assert!(!t.audit_rows().await.is_empty());

    let mut changes = vec!["UPDATE audit_log SET result = 'x'", "DELETE FROM audit_log"];
    if server_urls().is_some() {
        changes.push("TRUNCATE audit_log");
    }
    for sql in changes {
        assert!(t.execute(sql).await.unwrap_err().to_string().contains("append-only"), "{sql}");
    }
}

#[actix_web::test]
async fn an_abandoned_write_is_rolled_back() {
    let t = TestApp::new().await;
    let before = t.gateway.db.read(created_at).await.unwrap();
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let (go, may_go) = std::sync::mpsc::channel();
    let may_go = Arc::new(Mutex::new(may_go));
    let write = t.gateway.db.write(move |conn| {
        add_one(conn)?;
        started.blocking_send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        Ok::<_, StoreError>(())
    });

    tokio::select! {
        _ = write => panic!("it waits"),
        _ = has_started.recv() => {}
    }
    go.send(()).unwrap();
    // Writes are serialized, so when this one returns the other has ended.
    t.gateway.db.write(add_one).await.unwrap();
    assert_eq!(t.gateway.db.read(created_at).await.unwrap(), before + 1);
}

#[actix_web::test]
async fn queued_writes_commit_together_and_fail_separately() {
    let t = TestApp::new().await;
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let db = Db::new(t.gateway.config.database_url.clone(), 4).with_on_commit(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let before = db.read(created_at).await.unwrap();
    // The first write blocks the writer while the others queue.
    let (go, may_go) = std::sync::mpsc::channel();
    let may_go = Arc::new(Mutex::new(may_go));
    let first = db.write(move |_| {
        may_go.lock().unwrap().recv().unwrap();
        Ok::<_, StoreError>(())
    });
    let others = (0..60).map(|number| {
        db.write(move |conn| {
            add_one(conn)?;
            match number % 3 {
                0 => Ok(number),
                1 => Err(StoreError::Taken),
                _ => panic!("on purpose"),
            }
        })
    });
    let release = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
    };
    let (first, others, ()) = futures_util::join!(first, join_all(others), release);
    first.unwrap();
    for (number, outcome) in others.into_iter().enumerate() {
        match number % 3 {
            0 => assert_eq!(outcome.unwrap(), number),
            1 => assert!(matches!(outcome, Err(StoreError::Taken))),
            _ => assert!(matches!(outcome, Err(StoreError::Unfinished))),
        }
    }
    assert_eq!(db.read(created_at).await.unwrap(), before + 20);
    let commits = commits.load(Ordering::Relaxed);
    if db_is_embedded(&t) {
        assert!(commits <= 10, "{commits} commits of 21 writes");
    } else {
        assert_eq!(commits, 21);
    }
}

fn db_is_embedded(t: &TestApp) -> bool {
    t.gateway.config.database_url.is_embedded()
}

#[actix_web::test]
#[ignore = "needs PostgreSQL: run scripts/test"]
async fn a_write_abandoned_while_its_feed_entries_are_read_is_rolled_back() {
    let t = TestApp::new().await;
    let before = t.gateway.db.read(created_at).await.unwrap();
    t.execute(
        "CREATE OR REPLACE FUNCTION feed_transaction() RETURNS BIGINT LANGUAGE plpgsql VOLATILE AS \
         $$ BEGIN PERFORM pg_sleep(0.5); RETURN pg_current_xact_id_if_assigned()::TEXT::BIGINT; END $$",
    )
    .await
    .unwrap();
    let write = tokio::time::timeout(Duration::from_millis(200), t.gateway.db.write(add_one)).await;
    assert!(write.is_err(), "it waits");
    // The row is locked until the write has ended.
    t.gateway.db.write(add_one).await.unwrap();
    assert_eq!(t.gateway.db.read(created_at).await.unwrap(), before + 1);
}

#[test]
fn a_mistyped_url_is_refused_and_creates_no_file() {
    for url in ["", "postgress://h/db", "mysql://h/db", "diglot.db", "sqlite:", "sqlite::memory:", "http://h"] {
        assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
    }
    let shown = "postgres://u:secret@h:1/db".parse::<DatabaseUrl>().unwrap();
    assert_eq!(
        (shown.to_string(), format!("{shown:?}")),
        ("postgres://u:***@h:1/db".into(), "postgres://u:***@h:1/db".into())
    );
}

#[actix_web::test]
async fn an_unreachable_server_says_why_and_in_time() {
    let db = Db::new("postgres://127.0.0.1:1/nothing".parse().unwrap(), 2);

    let problem = db.migrate().unwrap_err().to_string();
    assert!(problem.contains("onnection refused"), "{problem}");
    let started = std::time::Instant::now();
    assert!(matches!(db.check_writable().await, Err(StoreError::Unavailable(_))));
    assert!(started.elapsed().as_secs_f64() < 5.0);
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    is_required: i64,
}

/// Tables, columns, types and nullability of SQLite, with the type names of PostgreSQL.
const SQLITE_COLUMNS: &str = "
    SELECT t.name AS of_table, c.name AS name, c.\"notnull\" AS is_required,
           CASE WHEN c.pk = 1 AND c.type = 'INTEGER' THEN 'bigint' WHEN c.type = 'BLOB' THEN 'bytea'
                ELSE lower(c.type) END AS kind
    FROM sqlite_master t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '__diesel%'
    ORDER BY t.name, c.cid";

const POSTGRES_COLUMNS: &str = "
    SELECT table_name::text AS of_table, column_name::text AS name, data_type::text AS kind,
           CASE is_nullable WHEN 'NO' THEN 1::bigint ELSE 0::bigint END AS is_required
    FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_diesel%'
    ORDER BY information_schema.columns.table_name, ordinal_position";

#[derive(Debug, QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Named indexes, with a mark for unique ones.
const SQLITE_INDEXES: &str = "
    SELECT name || CASE WHEN sql LIKE 'CREATE UNIQUE%' THEN ' unique' ELSE '' END AS name
    FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";

const POSTGRES_INDEXES: &str = "
    SELECT indexname::text || CASE WHEN indexdef LIKE 'CREATE UNIQUE%' THEN ' unique' ELSE '' END AS name
    FROM pg_indexes
    WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'
      AND tablename NOT LIKE '\\_\\_diesel%'";

fn migration_names(database: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(migration_names("sqlite"), migration_names("postgres"));
}

#[test]
fn no_two_migrations_have_the_same_version() {
    // The second one would not be applied.
    let mut versions: Vec<String> = migration_names("sqlite").iter().map(|name| name[..14].to_owned()).collect();
    let all = versions.len();
    versions.dedup();
    assert_eq!(versions.len(), all);
}

#[actix_web::test]
#[ignore = "needs PostgreSQL: run scripts/test"]
async fn both_databases_have_the_same_tables_and_columns() {
    server_urls().expect("scripts/test names the servers");
    let t = TestApp::new().await;
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Db::new(DatabaseUrl::Sqlite(folder.path().join("parity.db")), 1);
    sqlite.migrate().unwrap();
    let columns = async |db: &Db, sql: &'static str| -> Vec<Column> {
        db.read::<_, StoreError>(move |conn| Ok(diesel::sql_query(sql).load(conn)?)).await.unwrap()
    };

    let indexes = async |db: &Db, sql: &'static str| -> Vec<String> {
        let rows = db.read::<_, StoreError>(move |conn| Ok(diesel::sql_query(sql).load::<Name>(conn)?)).await;
        let mut names: Vec<String> = rows.unwrap().into_iter().map(|row| row.name).collect();
        names.sort();
        names
    };
    let sqlite_indexes = indexes(&sqlite, SQLITE_INDEXES).await;
    assert!(sqlite_indexes.len() >= 8);
    let mut postgres_indexes = indexes(&t.gateway.db, POSTGRES_INDEXES).await;
    // Only PostgreSQL reads the feed by transaction, and so needs this index.
    postgres_indexes.retain(|index| index != "changes_transaction");
    assert_eq!(sqlite_indexes, postgres_indexes);
    let (sqlite, postgres) = (columns(&sqlite, SQLITE_COLUMNS).await, columns(&t.gateway.db, POSTGRES_COLUMNS).await);
    assert!(sqlite.len() > 60);
    assert_eq!(sqlite, postgres);
}

#[actix_web::test]
#[ignore = "needs PostgreSQL and Redis: run scripts/test"]
async fn the_first_host_that_accepts_writes_is_used() {
    let t = TestApp::new().await;
    let url = t.gateway.config.database_url.clone();
    let DatabaseUrl::Postgres(one) = url else { panic!("PostgreSQL") };
    let (host, port) = (one.host_str().unwrap(), one.port().unwrap_or(5432));
    let several = one.as_str().replacen(&format!("{host}:{port}"), &format!("127.0.0.1:1,{host}:{port}"), 1);
    assert!(several.contains("127.0.0.1:1,"), "{several}");
    let db = Db::new(several.parse().unwrap(), 1);
    db.check_writable().await.unwrap();
}
