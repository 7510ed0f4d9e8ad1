//! Where the server's secret comes from.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{random::Random, secret::Secret};

/// The server's secret, or the file that holds it.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// Set by the operator.
    Given(Secret),
    /// A file beside an embedded database, made when first needed.
    File(PathBuf),
}

impl SecretSource {
    /// The file beside the embedded database at `database`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".secret");
        Self::File(PathBuf::from(path))
    }

    /// The secret, made if there is none yet.
    ///
    /// # Errors
    /// When the file can't be read or made, or holds too little.
    pub fn resolve(&self, random: Random) -> io::Result<Secret> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::File(path) => match read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, random).and_then(|()| read(path)),
                known => known,
            },
        }
        .map_err(|error| match self {
            Self::Given(_) => error,
            Self::File(path) => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
        })
    }
}

fn read(path: &Path) -> io::Result<Secret> {
    Secret::parse(fs::read_to_string(path)?.trim()).map_err(io::Error::other)
}

/// Makes the file whole or not at all: it is written under another name and linked to its own, unless another process
/// was faster.
fn make(path: &Path, random: Random) -> io::Result<()> {
    let secret = random.base62(64).map_err(io::Error::other)?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
