//! The address of the store of images: `file:PATH` or `s3://KEY:SECRET@HOST:PORT/BUCKET?region=…`.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::secret::{UNREADABLE_URL, require_readable};

/// Where uploaded images are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaUrl {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    S3(BucketUrl),
}

/// A bucket of an S3-compatible service, with the key that may use it.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketUrl {
    /// The URL of the service.
    pub(super) endpoint: Url,
    pub(super) bucket: String,
    pub(super) region: String,
    /// Whether the bucket is a part of the path, instead of the host name.
    pub(super) has_path_style: bool,
    pub(super) key: String,
    pub(super) secret: String,
}

impl fmt::Debug for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.endpoint, self.bucket)
    }
}

impl MediaUrl {
    /// The folder beside an embedded database.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        Self::Folder(database.with_file_name("media"))
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            Self::S3(_) => None,
        }
    }
}

impl FromStr for MediaUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err("give it a folder: file:PATH".to_owned())
            } else {
                Ok(Self::Folder(path.into()))
            };
        }
        if !text.starts_with("s3://") {
            return Err("must start with file: or s3://".to_owned());
        }
        let url = Url::parse(text).map_err(|_| UNREADABLE_URL.to_owned())?;
        require_readable(&url)?;
        bucket(&url).map(Self::S3)
    }
}

fn bucket(url: &Url) -> Result<BucketUrl, String> {
    let bucket = url.path().trim_matches('/').to_owned();
    let host = url.host_str().filter(|host| !host.is_empty());
    let (Some(host), false) = (host, bucket.is_empty() || bucket.contains('/')) else {
        return Err("must be s3://KEY:SECRET@HOST:PORT/BUCKET".to_owned());
    };
    let (mut region, mut has_path_style, mut is_tls) = ("us-east-1".to_owned(), true, true);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "region" => region = value.into_owned(),
            "path_style" => has_path_style = switch(&name, &value)?,
            "tls" => is_tls = switch(&name, &value)?,
            _ => return Err(format!("has the unknown parameter {name}; there are region, path_style and tls")),
        }
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let endpoint = Url::parse(&format!("{}://{host}{port}", if is_tls { "https" } else { "http" }));
    let (key, secret) = (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
    if key.is_empty() || secret.is_empty() {
        return Err("needs a key and its secret: s3://KEY:SECRET@…".to_owned());
    }
    let endpoint = endpoint.map_err(|_| UNREADABLE_URL.to_owned())?;
    Ok(BucketUrl { endpoint, bucket, region, has_path_style, key, secret })
}

fn switch(name: &str, value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{name} must be true or false"))
}

fn decoded(text: &str) -> Result<String, String> {
    percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| UNREADABLE_URL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_or_a_bucket() {
        let parse = |text: &str| text.parse::<MediaUrl>();
        assert_eq!(parse("file:/srv/media"), Ok(MediaUrl::Folder("/srv/media".into())));
        assert_eq!(parse("file:///srv/media"), Ok(MediaUrl::Folder("/srv/media".into())));
        assert_eq!(MediaUrl::beside(Path::new("data/diglot.db")), MediaUrl::Folder("data/media".into()));
        let url = Url::parse("s3://key:se%2Fcret@127.0.0.1:9000/avatars?region=eu&tls=false").unwrap();
        let bucket = bucket(&url).unwrap();
        assert_eq!((bucket.endpoint.as_str(), bucket.secret.as_str()), ("http://127.0.0.1:9000/", "se/cret"));
        assert!(bucket.has_path_style && !format!("{bucket:?}").contains("cret"));
        for refused in [
            "",
            "/srv/media",
            "file:",
            "https://s3.example/a",
            "s3://key:secret@host",
            "s3://host/bucket",
            "s3://key:secret@host/a/b",
            "s3://key:secret@host/a?tls=no",
            "s3://key:secret@host/a?regoin=x",
            "s3://key:se/cret@host/a",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
