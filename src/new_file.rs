//! Files that appear complete or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// A file for its owner only (mode 0600), which has another name until it is complete. It is removed unless it is
/// published.
pub struct NewFile {
    /// Its name until then.
    pub path: PathBuf,
    /// The file.
    pub file: File,
}

impl NewFile {
    /// An empty file in the folder of `target`.
    ///
    /// # Errors
    /// When it can't be created.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let path = with_suffix(target, &format!(".incomplete-{}", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file })
    }

    /// Gives the file its name, unless another file has it, and returns its size in bytes.
    ///
    /// # Errors
    /// When there is a file of that name, or this one can't be written.
    pub fn publish(self, target: &Path) -> io::Result<u64> {
        self.file.sync_all()?;
        fs::hard_link(&self.path, target)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(self.file.metadata()?.len())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::warn!("{} is left over: {error}", self.path.display());
        }
    }
}

/// The path with a longer file name.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
