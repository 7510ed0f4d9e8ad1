//! Database URLs, and how a connection is opened, set up and checked.

use std::{
    borrow::Cow,
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{
    Connection as _, ConnectionError, PgConnection, SqliteConnection,
    connection::{CacheSize, InstrumentationEvent, SimpleConnection as _, TransactionManager},
    result::{DatabaseErrorKind, Error as QueryError},
};
use url::Url;

use super::statement_times::{StatementTime, StatementTimes};
use crate::{
    host_list::HostList,
    secret::{UNREADABLE_URL, require_readable, without_password},
};

/// A connection that was idle for less than this is used without a test.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A connection that was idle for this long is replaced.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// PostgreSQL cancels a statement of a request after this time.
pub(super) const STATEMENT_TIMEOUT_MS: u64 = 2500;

/// How long a statement waits for a row that another transaction has locked, so that requests for one row do not occupy
/// all connections.
pub(super) const LOCK_TIMEOUT_MS: u64 = 1000;

/// The parameter of a URL that leads to `PgBouncer`. Others know it by this name too; libpq does not know it.
const PGBOUNCER: &str = "pgbouncer";

/// A connection to either database. Queries are written against this enum.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// The database server.
    Postgres(PgConnection),
}

/// Which database to use. `Debug` and `Display` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`: an embedded database in a file.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`: a server, or several (`HOST:PORT,HOST:PORT`) as libpq takes them.
    Postgres(Url),
}

impl DatabaseUrl {
    /// Whether the database is embedded in this process.
    #[must_use]
    pub const fn is_embedded(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether it names several servers, of which a connection may get one that takes no writes.
    #[must_use]
    pub fn may_be_standby(&self) -> bool {
        let Self::Postgres(url) = self else { return false };
        let has = |wanted: &str, is_so: fn(&str) -> bool| {
            url.query_pairs().any(|(name, value)| name == wanted && is_so(&value))
        };
        has("host", |hosts| hosts.contains(','))
            && !has("target_session_attrs", |attributes| matches!(attributes, "read-write" | "primary"))
    }

    /// Whether it leads to `PgBouncer` (`?pgbouncer=true`), which may run each transaction in another session of the server.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        let Self::Postgres(url) = self else { return false };
        url.query_pairs().any(|(name, value)| name == PGBOUNCER && value == "true")
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(':') || path.starts_with("file:") {
                return Err("give the database a file: sqlite:PATH".to_owned());
            }
            if path.contains('?') {
                return Err("takes no parameters: sqlite:PATH".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        match Url::parse(&with_host_list(text)) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
                require_readable(&url)?;
                if url.query_pairs().any(|(name, value)| name == PGBOUNCER && value != "true" && value != "false") {
                    return Err("pgbouncer must be true or false".to_owned());
                }
                Ok(Self::Postgres(url))
            }
            Err(_) if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Err(UNREADABLE_URL.to_owned())
            }
            Ok(_) | Err(_) => Err("must start with sqlite: or postgres://".to_owned()),
        }
    }
}

/// Moves a list of hosts, which libpq accepts in place of one but the `url` crate does not, into the parameters `host`
/// and `port`, which take precedence over the host that stays.
fn with_host_list(text: &str) -> Cow<'_, str> {
    let list = || {
        let list = HostList::of(text).filter(HostList::is_several)?;
        let pairs: Vec<_> = list.hosts().map(host_and_port).collect();
        let ((first, _), false) = (pairs.first()?, text.contains('#')) else { return None };
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.trim_matches(['[', ']'])).collect();
        let ports: Vec<_> = pairs.iter().map(|(_, port)| *port).collect();
        let separator = if text.contains('?') { '&' } else { '?' };
        Some(format!("{}{separator}host={}&port={}", list.with(first), names.join(","), ports.join(",")))
    };
    list().map_or(Cow::Borrowed(text), Cow::Owned)
}

fn host_and_port(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        // Not the colon of an IPv6 address without a port.
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, "5432"),
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A pooled connection.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    /// Whether the connection must not be used again.
    pub(super) is_broken: bool,
    used: Instant,
    health: Arc<Health>,
    generation: u64,
}

/// The health of a connection, as observed from its statements.
#[derive(Default)]
struct Health {
    statement: Arc<StatementTime>,
    /// Whether a statement failed in a way that a dead connection could explain.
    is_suspect: AtomicBool,
    /// Whether the server refused a write because it is read-only.
    is_read_only: AtomicBool,
}

impl Health {
    fn observe(&self, event: &InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { .. } = event {
            self.statement.begin();
        }
        if let InstrumentationEvent::FinishQuery { error, .. } = event {
            self.statement.end();
            if error.is_some_and(is_suspicious) {
                self.is_suspect.store(true, Ordering::Relaxed);
            }
            // After a failover the connection may lead to a standby server; a new connection reaches the primary.
            if error.is_some_and(is_read_only) {
                self.is_read_only.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Whether the server refused a write because it is read-only.
const fn is_read_only(error: &QueryError) -> bool {
    matches!(error, QueryError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))
}

/// Whether an error may mean a dead connection: constraint violations and missing rows do not.
const fn is_suspicious(error: &QueryError) -> bool {
    use DatabaseErrorKind as Kind;
    !matches!(
        error,
        QueryError::DatabaseError(
            Kind::UniqueViolation | Kind::ForeignKeyViolation | Kind::NotNullViolation | Kind::CheckViolation,
            _,
        ) | QueryError::NotFound
    )
}

/// Opens and checks the connections of a pool.
///
/// diesel's own manager falls back to SQLite for unknown URLs, and tests a connection with a query at every checkout,
/// which is most of the cost of a cheap read. This one goes by the URL's scheme, and tests a connection only if it was
/// idle, or if one of its statements failed suspiciously. If it is dead after such a failure, all connections of its
/// generation are replaced: a restarted server has closed them all.
pub(super) struct Manager {
    url: DatabaseUrl,
    generation: Arc<AtomicU64>,
    statements: Arc<StatementTimes>,
}

impl Manager {
    pub(super) const fn new(url: DatabaseUrl, generation: Arc<AtomicU64>, statements: Arc<StatementTimes>) -> Self {
        Self { url, generation, statements }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        let generation = self.generation.load(Ordering::Relaxed);
        let mut conn = connect(&self.url)?;
        let health = Arc::new(Health { statement: self.statements.register(), ..Health::default() });
        if let Conn::Postgres(conn) = &mut conn {
            if !self.url.is_pooled() {
                set_up_session(conn)?;
            }
            let observer = Arc::clone(&health);
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| observer.observe(&event));
        }
        Ok(Pooled { conn, is_broken: false, used: Instant::now(), health, generation })
    }

    /// An idle connection may have died unnoticed: a firewall may have dropped it, or the server ended it
    /// (`idle_session_timeout`). After a long idle time it is replaced without a test, which could block on a dropped
    /// one.
    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ConnectionError> {
        let bad = |problem: &str| Err(ConnectionError::BadConnection(problem.to_owned()));
        if pooled.generation != self.generation.load(Ordering::Relaxed) {
            return bad("as old as a lost connection");
        }
        let idle = pooled.used.elapsed();
        if matches!(pooled.conn, Conn::Sqlite(_)) || idle < TRUSTED_IDLE {
            return Ok(());
        }
        if idle >= MAX_IDLE || is_lost(&mut pooled.conn) { bad("idle for long") } else { Ok(()) }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        let is_lost = pooled.health.is_suspect.swap(false, Ordering::Relaxed) && is_lost(&mut pooled.conn);
        if is_lost {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
        pooled.used = Instant::now();
        let is_read_only = pooled.health.is_read_only.load(Ordering::Relaxed);
        is_lost || is_read_only || pooled.is_broken || is_in_transaction(&mut pooled.conn)
    }
}

/// Opens a connection and sets it up.
pub(super) fn connect(url: &DatabaseUrl) -> Result<Conn, ConnectionError> {
    match url {
        DatabaseUrl::Sqlite(path) => connect_sqlite(path).map(Conn::Sqlite),
        DatabaseUrl::Postgres(server) => {
            let mut conn = PgConnection::establish(with_time_limits(server).as_str())?;
            if url.is_pooled() {
                // PgBouncer may look for a prepared statement in another session than that which has it.
                conn.set_prepared_statement_cache_size(CacheSize::Disabled);
            }
            Ok(Conn::Postgres(conn))
        }
    }
}

fn connect_sqlite(path: &Path) -> Result<SqliteConnection, ConnectionError> {
    let bad = |problem: String| ConnectionError::BadConnection(format!("{}: {problem}", path.display()));
    create_private(path).map_err(|error| bad(error.to_string()))?;
    let path = path.to_str().ok_or_else(|| bad("the path is not UTF-8".to_owned()))?;
    let mut conn = SqliteConnection::establish(path)?;
    // busy_timeout comes first, since setting the journal mode may have to wait for a lock.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    )
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Creates the file for its owner only, since it holds password hashes. SQLite creates its other files with the same
/// mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match created {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Limits the time of a statement: a request that waits for longer has been given up, so its statement should stop too.
/// Sets the isolation level, whatever the role's default: the queries rely on waiting for locks instead of failing.
/// Through `PgBouncer` each transaction does so for itself ([`super::transaction`]).
fn set_up_session(conn: &mut PgConnection) -> Result<(), ConnectionError> {
    conn.batch_execute(&format!(
        "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
         SET default_transaction_isolation = 'read committed'"
    ))
    .map_err(ConnectionError::CouldntSetupConfiguration)
}

/// Whether a transaction is open, or its status unknown.
pub(super) fn is_in_transaction(conn: &mut Conn) -> bool {
    type Transactions = <Conn as diesel::Connection>::TransactionManager;
    let status = Transactions::transaction_manager_status_mut(conn);
    !matches!(status.transaction_depth(), Ok(None))
}

/// Tests whether a connection is dead.
fn is_lost(conn: &mut Conn) -> bool {
    match conn {
        Conn::Sqlite(_) => false,
        Conn::Postgres(conn) => conn.batch_execute("SELECT 1").is_err(),
    }
}

/// Adds time limits, so that a server that stopped answering does not block a connection for ever. Limits that are
/// given in the URL take precedence. Leaves out what libpq does not know.
fn with_time_limits(url: &Url) -> Url {
    let mut limited = url.clone();
    let is_known = |pair: &&str| pair.split('=').next() != Some(PGBOUNCER);
    let known = url.query().map(|query| query.split('&').filter(is_known).collect::<Vec<_>>().join("&"));
    limited.set_query(known.as_deref().filter(|query| !query.is_empty()));
    for (name, value) in [("connect_timeout", "2"), ("tcp_user_timeout", "5000"), ("keepalives_idle", "15")] {
        if !url.query_pairs().any(|(given, _)| given == name) {
            limited.query_pairs_mut().append_pair(name, value);
        }
    }
    limited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_hosts_is_accepted_as_libpq_does() {
        for (given, expected) in [
            ("postgres://a/db", "postgres://a/db"),
            ("postgres://u:p%2C@a,b/db", "postgres://u:p%2C@a/db?host=a,b&port=5432,5432"),
            ("postgres://a:1,[::1]:2,c/db?x=y", "postgres://a/db?x=y&host=a,::1,c&port=1,2,5432"),
        ] {
            assert_eq!(with_host_list(given), expected);
        }
    }
}
