//! Connections: which database a URL means, and how one connection to it is set up.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use diesel::{
    Connection as _, ConnectionError, PgConnection, SqliteConnection,
    connection::{SimpleConnection as _, TransactionManager},
};
use url::Url;

use crate::secret::without_password;

/// How long PostgreSQL may take for a statement of a request.
pub(super) const STATEMENT_LIMIT_MS: u64 = 2500;

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
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`: a server.
    Postgres(Url),
}

impl DatabaseUrl {
    /// Whether the database is a file of this process.
    #[must_use]
    pub const fn is_embedded(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(':') {
                return Err("give the database a file: sqlite:PATH".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => Ok(Self::Postgres(url)),
            _ => Err("must start with sqlite: or postgres://".to_owned()),
        }
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

/// A pooled connection, and what is known of its health.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    pub(super) is_lost: bool,
    generation: u64,
}

/// Makes the pool's connections.
///
/// diesel's own manager tries SQLite with any odd URL, and tests a connection with a query at every checkout, which
/// alone costs most of a cheap read. This one goes by the URL's scheme, and drops connections by what queries
/// reported: one lost connection makes all that are as old as it suspect, since a restarted server cuts them all.
pub(super) struct Manager {
    url: DatabaseUrl,
    generation: Arc<AtomicU64>,
}

impl Manager {
    pub(super) const fn new(url: DatabaseUrl, generation: Arc<AtomicU64>) -> Self {
        Self { url, generation }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        let generation = self.generation.load(Ordering::Relaxed);
        let mut conn = connect(&self.url)?;
        limit_statements(&mut conn)?;
        Ok(Pooled { conn, is_lost: false, generation })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ConnectionError> {
        if pooled.generation == self.generation.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(ConnectionError::BadConnection("as old as a lost connection".to_owned()))
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        type Transactions = <Conn as diesel::Connection>::TransactionManager;
        pooled.is_lost || std::thread::panicking() || Transactions::is_broken_transaction_manager(&mut pooled.conn)
    }
}

/// One connection, set up for use.
pub(super) fn connect(url: &DatabaseUrl) -> Result<Conn, ConnectionError> {
    match url {
        DatabaseUrl::Sqlite(path) => connect_sqlite(path).map(Conn::Sqlite),
        DatabaseUrl::Postgres(url) => PgConnection::establish(with_time_limits(url).as_str()).map(Conn::Postgres),
    }
}

fn connect_sqlite(path: &Path) -> Result<SqliteConnection, ConnectionError> {
    let bad = |problem: String| ConnectionError::BadConnection(format!("{}: {problem}", path.display()));
    create_private(path).map_err(|error| bad(error.to_string()))?;
    let path = path.to_str().ok_or_else(|| bad("the path is not UTF-8".to_owned()))?;
    let mut conn = SqliteConnection::establish(path)?;
    // busy_timeout first: setting the journal mode can meet a lock.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    )
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// The database holds password hashes: its file is for its owner only. SQLite gives its companions the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match created {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// A request that waits for longer has gone; what still runs for it should not.
fn limit_statements(conn: &mut Conn) -> Result<(), ConnectionError> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => conn
            .batch_execute(&format!("SET statement_timeout = {STATEMENT_LIMIT_MS}"))
            .map_err(ConnectionError::CouldntSetupConfiguration),
    }
}

/// Whether a connection that reported an error is dead; a refused query leaves it alive.
pub(super) fn is_lost(conn: &mut Conn) -> bool {
    match conn {
        Conn::Sqlite(_) => false,
        Conn::Postgres(conn) => conn.batch_execute("SELECT 1").is_err(),
    }
}

/// A silent server must not hold a connection for ever; what the URL itself says stands.
fn with_time_limits(url: &Url) -> Url {
    let mut limited = url.clone();
    for (name, value) in [("connect_timeout", "2"), ("tcp_user_timeout", "5000"), ("keepalives_idle", "15")] {
        if !url.query_pairs().any(|(given, _)| given == name) {
            limited.query_pairs_mut().append_pair(name, value);
        }
    }
    limited
}
