//! The database and the state of one test, and their cleanup.

use std::{
    fs,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use diglot::{
    config::{Config, Flags},
    store::{DatabaseUrl, Db},
};
use tempfile::TempDir;

use super::default_config;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The storage of a test: a SQLite file, or a PostgreSQL schema and a prefix in Redis.
pub struct Backend {
    flags: Flags,
    // Held so that both are removed at the end of the test.
    _files: TempDir,
    servers: Option<Servers>,
}

struct Servers {
    database_url: String,
    schema: String,
    redis_url: String,
    prefix: String,
}

impl Backend {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let files = tempfile::tempdir().unwrap();
        let mut flags = Flags::new();
        flags.insert("DIGLOT_SECRET", SECRET.to_owned());
        let servers = server_urls().map(|(database_url, redis_url)| {
            let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            Servers { database_url, schema: name.clone(), redis_url, prefix: name }
        });
        match &servers {
            None => {
                let path = files.path().join("test.db");
                fs::write(&path, template()).unwrap();
                flags.insert("DATABASE_URL", format!("sqlite:{}", path.display()));
            }
            Some(servers) => {
                servers.execute(&format!("CREATE SCHEMA {}", servers.schema));
                flags.insert("DATABASE_URL", servers.url_in_schema());
                flags.insert("REDIS_URL", servers.redis_url.clone());
                flags.insert("DIGLOT_REDIS_PREFIX", servers.prefix.clone());
                Db::new(servers.url_in_schema().parse().unwrap(), 1).migrate().unwrap();
            }
        }
        Self { flags, _files: files, servers }
    }

    /// A backend on servers that are removed with the test, so nothing is cleaned up there.
    pub fn on(database_url: String, redis_url: String) -> Self {
        Db::new(database_url.parse().unwrap(), 1).migrate().unwrap();
        let mut flags = Flags::new();
        flags.insert("DIGLOT_SECRET", SECRET.to_owned());
        flags.insert("DATABASE_URL", database_url);
        flags.insert("REDIS_URL", redis_url);
        Self { flags, _files: tempfile::tempdir().unwrap(), servers: None }
    }

    /// The configuration variables for this backend.
    pub fn environment(&self) -> Flags {
        self.flags.clone()
    }

    /// What is in Redis: each key of the test with its content, printable bytes as they are. Empty without Redis.
    pub fn redis_entries(&self) -> Vec<String> {
        self.servers.as_ref().map(Servers::entries).unwrap_or_default()
    }

    /// The default configuration with this backend and a low bcrypt cost.
    pub fn config(&self) -> Config {
        let mut config = default_config(&self.flags);
        config.bcrypt_cost = 4;
        config.drain_secs = 0;
        config
    }
}

impl Servers {
    fn url_in_schema(&self) -> String {
        let separator = if self.database_url.contains('?') { '&' } else { '?' };
        let schema = &self.schema;
        format!("{}{separator}options=-csearch_path%3D{schema}&application_name={schema}", self.database_url)
    }

    fn execute(&self, sql: &str) {
        PgConnection::establish(&self.database_url).unwrap().batch_execute(sql).unwrap();
    }

    fn redis(&self) -> redis::Connection {
        redis::Client::open(self.redis_url.as_str()).unwrap().get_connection().unwrap()
    }

    fn keys(&self, redis: &mut redis::Connection) -> Vec<String> {
        redis::cmd("KEYS").arg(format!("{}:*", self.prefix)).query(redis).unwrap()
    }

    fn entries(&self) -> Vec<String> {
        let mut redis = self.redis();
        let mut read = |key: String| {
            let kind: String = redis::cmd("TYPE").arg(&key).query(&mut redis).unwrap();
            let value: redis::Value = match kind.as_str() {
                "hash" => redis::cmd("HGETALL").arg(&key).query(&mut redis).unwrap(),
                "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).query(&mut redis).unwrap(),
                "string" => redis::cmd("GET").arg(&key).query(&mut redis).unwrap(),
                other => panic!("{key} is a {other}"),
            };
            format!("{key}: {}", shown(&value))
        };
        self.keys(&mut self.redis()).into_iter().map(&mut read).collect()
    }

    fn delete_keys(&self) {
        let mut redis = self.redis();
        let keys = self.keys(&mut redis);
        if !keys.is_empty() {
            redis::cmd("DEL").arg(keys).exec(&mut redis).unwrap();
        }
    }
}

/// A value from Redis, printable bytes as they are.
fn shown(value: &redis::Value) -> String {
    match value {
        redis::Value::BulkString(bytes) => bytes.escape_ascii().to_string(),
        redis::Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(" "),
        redis::Value::Map(pairs) => {
            pairs.iter().map(|(name, value)| format!("{}={}", shown(name), shown(value))).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // What a background task has not finished could lock the tables in another order.
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name =";
        self.execute(&format!("{end} '{0}'; DROP SCHEMA {0} CASCADE", self.schema));
        self.delete_keys();
    }
}

/// The servers to test on, if the environment names them.
#[expect(clippy::disallowed_methods, reason = "tests have no settings of their own")]
pub fn server_urls() -> Option<(String, String)> {
    let database_url = std::env::var("DIGLOT_TEST_DATABASE_URL").ok()?;
    let redis_url =
        std::env::var("DIGLOT_TEST_REDIS_URL").expect("DIGLOT_TEST_DATABASE_URL goes with DIGLOT_TEST_REDIS_URL");
    Some((database_url, redis_url))
}

/// A migrated, empty SQLite database, created once, because copying it is faster than a migration for every test.
fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.db");
        Db::new(DatabaseUrl::Sqlite(path.clone()), 1).migrate().unwrap();
        fs::read(path).unwrap()
    })
}
