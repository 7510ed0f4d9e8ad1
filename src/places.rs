//! Where addresses are, by a file in the format of `MaxMind` (<https://maxmind.github.io/MaxMind-DB/>) that can be replaced
//! while the process runs.

use std::{fmt, net::IpAddr, path::PathBuf};

use arc_swap::ArcSwap;
use maxminddb::{MaxMindDbError, Reader, path};

use crate::model::Place;

/// Parts of the types of the files that say where addresses are. Others, of providers for example, have no places.
const TYPES: [&str; 3] = ["City", "Country", "Enterprise"];

/// The file, and the language of the names that are read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacesFile {
    /// The file.
    pub path: PathBuf,
    /// The language, as the file names it: `en`, `zh-CN`.
    pub language: String,
}

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// It can't be read, is not in that format or is damaged.
    #[error("DIGLOT_GEOIP_DB: {path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        cause: MaxMindDbError,
    },
    /// It says something else about addresses.
    #[error("DIGLOT_GEOIP_DB: {path}: is of the type {found}, which has no places; a City or Country database has")]
    Type {
        /// The file.
        path: String,
        /// Its type.
        found: String,
    },
    /// It has no names in that language.
    #[error("DIGLOT_GEOIP_LANGUAGE: {wanted} is not a language of {path}, which has {known}")]
    Language {
        /// The language.
        wanted: String,
        /// The file.
        path: String,
        /// The languages that it has.
        known: String,
    },
}

/// Finds the places of addresses.
pub struct Places {
    file: PlacesFile,
    current: ArcSwap<Reader<Vec<u8>>>,
}

impl Places {
    /// Reads the file into memory.
    ///
    /// # Errors
    /// If the file can't be used.
    pub fn load(file: PlacesFile) -> Result<Self, PlacesError> {
        Ok(Self { current: ArcSwap::from_pointee(read(&file)?), file })
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// If the file can't be used; the contents before stay.
    pub fn reload(&self) -> Result<(), PlacesError> {
        self.current.store(read(&self.file)?.into());
        Ok(())
    }

    /// The place of an address: its country and, if the file has it, the region, as `Germany, Bavaria`. Empty if the file
    /// doesn't know the address, or its names are no text that others may see; `None` if it can't be read there.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<String> {
        let found = self.try_find(address);
        found.inspect_err(|error| log::warn!("DIGLOT_GEOIP_DB: {}: {error}", self.file.path.display())).ok()
    }

    fn try_find(&self, address: IpAddr) -> Result<String, MaxMindDbError> {
        let (reader, language) = (self.current.load(), self.file.language.as_str());
        if address.is_ipv6() && reader.metadata().ip_version == 4 {
            return Ok(String::new());
        }
        let found = reader.lookup(address)?;
        let country: Option<&str> = found.decode_path(&path!["country", "names", language])?;
        let region: Option<&str> = found.decode_path(&path!["subdivisions", 0, "names", language])?;
        let names = [country, region].into_iter().flatten().collect::<Vec<_>>().join(", ");
        Ok(Place::parse("place", &names).map(String::from).unwrap_or_default())
    }

    /// When the file was made, in Unix seconds, and its type.
    #[must_use]
    pub fn version(&self) -> (i64, String) {
        let reader = self.current.load();
        let metadata = reader.metadata();
        (i64::try_from(metadata.build_epoch).unwrap_or(i64::MAX), metadata.database_type.clone())
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.file).finish()
    }
}

fn read(file: &PlacesFile) -> Result<Reader<Vec<u8>>, PlacesError> {
    let path = || file.path.display().to_string();
    let reader = Reader::open_readfile(&file.path).map_err(|cause| PlacesError::File { path: path(), cause })?;
    let metadata = reader.metadata();
    if !TYPES.iter().any(|known| metadata.database_type.contains(known)) {
        return Err(PlacesError::Type { path: path(), found: metadata.database_type.clone() });
    }
    if !metadata.languages.contains(&file.language) {
        let (wanted, known) = (file.language.clone(), metadata.languages.join(", "));
        return Err(PlacesError::Language { wanted, path: path(), known });
    }
    reader.verify().map_err(|cause| PlacesError::File { path: path(), cause })?;
    Ok(reader)
}
