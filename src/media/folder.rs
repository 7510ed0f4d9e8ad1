//! Images in a folder, which is created with the first one.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{model::MediaName, random::Random};

/// The random part of the name of a file that is being written.
const RANDOM_CHARS: usize = 22;

/// A folder.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Writes a file that appears complete or not at all.
    pub(super) fn put(&self, name: &MediaName, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        // Several nodes may share the folder.
        let unique = Random.base62(RANDOM_CHARS).map_err(io::Error::other)?;
        let incomplete = self.path.join(format!(".incomplete-{unique}"));
        let outcome = write(&incomplete, bytes).and_then(|()| fs::rename(&incomplete, self.path.join(name.as_str())));
        if outcome.is_err() {
            // It may never have been created.
            fs::remove_file(&incomplete).ok();
        }
        outcome
    }

    pub(super) fn find(&self, name: &MediaName) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path.join(name.as_str())) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn delete(&self, name: &MediaName) -> io::Result<()> {
        match fs::remove_file(self.path.join(name.as_str())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
