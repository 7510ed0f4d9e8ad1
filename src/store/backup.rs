//! Copies of an embedded database.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_types::Text};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Conn, DatabaseUrl, StoreError, connect, migrations, secret_check};
use crate::new_file::{NewFile, with_suffix};

/// Why a database was not backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Only embedded databases are files that can be copied.
    #[error("{0} is a server; back it up with pg_dump (docs/operations.md)")]
    IsAServer(DatabaseUrl),
    /// A file that would be overwritten.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The database is not to be replaced.
    #[error("the database {} exists already; --replace keeps it under another name", .0.display())]
    DatabaseExists(PathBuf),
    /// The file is not a usable copy of a database.
    #[error("{}: {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// The copy was made with another secret.
    #[error(
        "{}: was made with another DIGLOT_SECRET (or .secret file), without which no stored password would be right",
        .0.display()
    )]
    OtherSecret(PathBuf),
    /// The database to be replaced is in use.
    #[error("{} is in use; stop the gateway first", .0.display())]
    InUse(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |cause| {
            if cause.kind() == io::ErrorKind::AlreadyExists {
                return Self::Exists(path.to_owned());
            }
            Self::File { path: path.to_owned(), cause }
        }
    }

    fn unusable(path: &Path, problem: &dyn ToString) -> Self {
        Self::Unusable { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// What became of a database that was replaced.
pub type Replaced = Option<PathBuf>;

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    answer: String,
}

/// Writes a copy of the database, as it is at one moment, to a new file that only its owner can read, and checks the
/// copy. The database may be in use, and its schema is left as it is. Returns the size of the copy in bytes.
///
/// # Errors
/// See [`BackupError`]; then there is no copy.
pub fn back_up(url: &DatabaseUrl, to: &Path, secret_mac: &str) -> Result<u64, BackupError> {
    let DatabaseUrl::Sqlite(database) = url else { return Err(BackupError::IsAServer(url.clone())) };
    File::open(database).map_err(BackupError::file(database))?;
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    // Under another name until it is complete.
    let draft = NewFile::beside(to).map_err(BackupError::file(to))?;
    let mut conn = connect::connect(url).map_err(StoreError::unavailable)?;
    let name = draft.path.to_str().ok_or_else(|| BackupError::unusable(to, &"the path is not UTF-8"))?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(name).execute(&mut conn).map_err(StoreError::from)?;
    check(&draft.path, secret_mac)?;
    draft.publish(to).map_err(BackupError::file(to))
}

/// Checks a copy and puts it in the place of the database at `url`, which must not exist, or may be replaced. A replaced
/// database is kept under another name, which is returned.
///
/// # Errors
/// See [`BackupError`]; then nothing has changed.
pub fn restore(url: &DatabaseUrl, from: &Path, secret_mac: &str, may_replace: bool) -> Result<Replaced, BackupError> {
    let DatabaseUrl::Sqlite(database) = url else { return Err(BackupError::IsAServer(url.clone())) };
    check(from, secret_mac)?;
    if database.exists() && !may_replace {
        return Err(BackupError::DatabaseExists(database.clone()));
    }
    let draft = NewFile::beside(database).map_err(BackupError::file(database))?;
    let mut source = File::open(from).map_err(BackupError::file(from))?;
    io::copy(&mut source, &mut &draft.file).map_err(BackupError::file(&draft.path))?;
    let replaced = set_aside(database)?;
    draft.publish(database).map_err(BackupError::file(database))?;
    Ok(replaced)
}

/// Checks that a file is an intact database of the gateway, not newer than the binary, and made with that secret.
fn check(path: &Path, secret_mac: &str) -> Result<(), BackupError> {
    File::open(path).map_err(BackupError::file(path))?;
    // Nothing is written next to it.
    let name = utf8_percent_encode(path.to_str().unwrap_or_default(), NON_ALPHANUMERIC);
    let unusable = |problem: &dyn ToString| BackupError::unusable(path, problem);
    let mut conn = SqliteConnection::establish(&format!("file:{name}?immutable=1"))
        .map(Conn::Sqlite)
        .map_err(|error| unusable(&error))?;
    let found: Vec<Answer> = diesel::sql_query("SELECT integrity_check AS answer FROM pragma_integrity_check")
        .load(&mut conn)
        .map_err(|error| unusable(&error))?;
    if let Some(problem) = found.iter().find(|line| line.answer != "ok") {
        return Err(unusable(&problem.answer));
    }
    migrations::pending(&mut conn).map_err(|error| unusable(&error))?;
    match secret_check::find(&mut conn) {
        Ok(Some(mac)) if mac == secret_mac => Ok(()),
        Ok(Some(_)) => Err(BackupError::OtherSecret(path.to_owned())),
        Ok(None) | Err(_) => Err(unusable(&"is not a database that a gateway has used")),
    }
}

/// Renames a database that nothing uses, with its log, and returns its new name.
fn set_aside(database: &Path) -> Result<Replaced, BackupError> {
    let mut replaced = None;
    if database.exists() {
        end_log(database)?;
        let mut names = (1..=u16::MAX).map(|number| with_suffix(database, &format!(".replaced-{number}")));
        replaced = names.find(|name| !name.exists());
        let name =
            replaced.as_deref().ok_or_else(|| BackupError::unusable(database, &"has too many replaced copies"))?;
        fs::rename(database, name).map_err(BackupError::file(database))?;
    }
    // The log of a database that is gone would be applied to the new one.
    for suffix in ["-wal", "-shm"] {
        let path = with_suffix(database, suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(BackupError::file(&path)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(replaced)
}

/// Writes the log into the database, which is possible only while nothing else uses it.
fn end_log(database: &Path) -> Result<(), BackupError> {
    let url = DatabaseUrl::Sqlite(database.to_owned());
    let mut conn = connect::connect(&url).map_err(|error| BackupError::unusable(database, &error))?;
    let ended = diesel::sql_query("PRAGMA journal_mode = DELETE").execute(&mut conn);
    ended.map(drop).map_err(|_| BackupError::InUse(database.to_owned()))
}
