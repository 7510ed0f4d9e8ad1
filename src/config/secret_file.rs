//! The source of the server's secret: configuration, or a file next to an embedded database.

use std::{
    fmt, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    new_file::{NewFile, with_suffix},
    random::Random,
    secret::Secret,
};

/// The server's secret, or the file that contains it.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// The configured secret.
    Given(Secret),
    /// A file next to an embedded database, created along with it.
    File {
        /// The file that contains the secret.
        path: PathBuf,
        /// The database file.
        database: PathBuf,
    },
}

impl SecretSource {
    /// The secret file next to the embedded database at `database`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        Self::File { path: with_suffix(database, ".secret"), database: database.to_owned() }
    }

    /// Returns the secret, if there is one.
    ///
    /// # Errors
    /// When the file can't be read, or its secret is too short.
    pub fn find(&self) -> io::Result<Option<Secret>> {
        match self {
            Self::Given(secret) => Ok(Some(secret.clone())),
            Self::File { path, .. } => match read(path) {
                Ok(secret) => Ok(Some(secret)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(at(path, &error)),
            },
        }
    }

    /// Returns the secret. Generates the file if it is missing, but only while there is no database yet: an existing
    /// database depends on the secret that it was created with.
    ///
    /// # Errors
    /// When the file can't be read or created, its secret is too short, or it is missing next to an existing database.
    pub fn resolve(&self, random: Random) -> io::Result<Secret> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::File { path, database } => read_or_make(path, database, random).map_err(|error| at(path, &error)),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("DIGLOT_SECRET"),
            Self::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn read_or_make(path: &Path, database: &Path, random: Random) -> io::Result<Secret> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::metadata(database).is_ok_and(|file| file.len() > 0) {
                let problem = "is missing beside its database; without it no password verifies (or set DIGLOT_SECRET)";
                return Err(io::Error::other(problem));
            }
            make(path, random)?;
            read(path)
        }
        known => known,
    }
}

fn read(path: &Path) -> io::Result<Secret> {
    Secret::parse(fs::read_to_string(path)?.trim()).map_err(io::Error::other)
}

/// Creates the file, unless another process was faster.
fn make(path: &Path, random: Random) -> io::Result<()> {
    let secret = random.base62(64).map_err(io::Error::other)?;
    let mut new = NewFile::beside(path)?;
    new.file.write_all(secret.as_bytes())?;
    match new.publish(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
