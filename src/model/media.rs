//! Images that users upload: their names, and the ids of the uploads.

/// The format in which an uploaded image is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaFormat {
    /// For images without transparent pixels.
    Jpeg,
    /// For images with some.
    Png,
}

impl MediaFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::Png];

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => ".jpg",
            Self::Png => ".png",
        }
    }
}

/// The name of a stored image: a part of the SHA-256 of its bytes, and the extension of its format. It holds nothing
/// that a client chose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediaName(String);

impl MediaName {
    /// The length of the hash.
    pub const HASH_CHARS: usize = 40;
    /// The length of every name.
    pub const CHARS: usize = Self::HASH_CHARS + 4;

    /// The name of an image with that hash, in hexadecimal.
    #[must_use]
    pub fn new(hash: &str, format: MediaFormat) -> Self {
        let hash: String = hash.chars().take(Self::HASH_CHARS).collect();
        Self(format!("{hash}{}", format.extension()))
    }

    /// The name in `text`, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hash, _) = Self::split(text)?;
        let is_hash = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (hash.len() == Self::HASH_CHARS && hash.bytes().all(is_hash)).then(|| Self(text.to_owned()))
    }

    /// A name from the database.
    #[must_use]
    pub const fn stored(name: String) -> Self {
        Self(name)
    }

    fn split(text: &str) -> Option<(&str, MediaFormat)> {
        MediaFormat::ALL.into_iter().find_map(|format| Some((text.strip_suffix(format.extension())?, format)))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash in the name.
    #[must_use]
    pub fn hash(&self) -> &str {
        Self::split(&self.0).map_or(&self.0, |(hash, _)| hash)
    }

    /// The format of the image.
    #[must_use]
    pub fn format(&self) -> MediaFormat {
        Self::split(&self.0).map_or(MediaFormat::Jpeg, |(_, format)| format)
    }
}

/// The id of an upload, which is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadId(String);

impl UploadId {
    /// The length of every id.
    pub const CHARS: usize = 22;

    /// The id in `text`, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == Self::CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name by which a client of Qiniu refers to its upload: the end of the key that it chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey(String);

impl ClientKey {
    const MAX_BYTES: usize = 255;

    /// The name at the end of a key or of a URL, if it has one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.rsplit('/').next()?;
        let is_name =
            !name.is_empty() && name.len() <= Self::MAX_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic());
        is_name.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_hash_with_the_extension_of_a_format() {
        let hash = "0123456789abcdef".repeat(4);
        let name = MediaName::new(&hash, MediaFormat::Png);
        assert_eq!(MediaName::parse(name.as_str()), Some(name.clone()));
        assert_eq!(
            (name.as_str().len(), name.hash(), name.format()),
            (MediaName::CHARS, &hash[..40], MediaFormat::Png)
        );
        let short = &hash[..36];
        for refused in ["", ".png", &format!("../{short}a.png"), &format!("{hash}.png"), &format!("{short}ABCD.png")] {
            assert_eq!(MediaName::parse(refused), None, "{refused}");
        }
    }
}
