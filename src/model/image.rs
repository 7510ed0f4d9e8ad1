//! Images: URLs, or names of objects below a configured URL. The gateway never fetches them (security.md 37).

use percent_encoding::percent_decode_str;
use url::Url;

use super::{Invalid, Problem};

/// The URL of an image: http or https, at most 2 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUrl(String);

impl ImageUrl {
    const MAX_BYTES: usize = 2048;

    /// # Errors
    /// When `text` is empty, too long or malformed.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let problem = if text.is_empty() {
            Problem::Missing
        } else if text.len() > Self::MAX_BYTES {
            Problem::TooLong { max: Self::MAX_BYTES }
        } else if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            Problem::Characters
        } else if is_absolute(text) {
            return Ok(Self(text.to_owned()));
        } else {
            Problem::Malformed
        };
        Err(Invalid::new(what, problem))
    }

    /// The URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is an absolute http or https URL with a host as written. A URL that browsers would correct is
/// refused: on the page that shows it, it may point elsewhere.
fn is_absolute(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && !rest.starts_with(['/', '\\', '?', '#'])
        && !text.contains('\\')
        && Url::parse(text).is_ok_and(|url| url.has_host())
}

/// The avatar of an account: the URL of an image or, with an [`AvatarBase`], the name of an object below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar(String);

impl Avatar {
    /// Parses a URL or, with a `base`, the name of an object. A URL below the base is stored as a name.
    ///
    /// # Errors
    /// As [`ImageUrl::parse`].
    pub fn parse(what: &'static str, text: &str, base: Option<&AvatarBase>) -> Result<Self, Invalid> {
        let text = text.trim();
        match base.map(|base| text.strip_prefix(&base.0).unwrap_or(text)) {
            Some(name) if is_object_name(name) => Ok(Self(name.to_owned())),
            Some(_) | None => ImageUrl::parse(what, text).map(|url| Self(url.0)),
        }
    }

    /// The avatar as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The URL below which objects are named, with a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvatarBase(String);

impl AvatarBase {
    /// # Errors
    /// A description, when `text` is not an http or https URL without query and fragment.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let is_plain =
            |url: Url| url.username().is_empty() && url.password().is_none() && !text.contains(['?', '#', ' ']);
        if is_absolute(text) && Url::parse(text).is_ok_and(is_plain) {
            Ok(Self(format!("{}/", text.trim_end_matches('/'))))
        } else {
            Err("must be an http or https URL without user, query and fragment")
        }
    }

    /// The URL of a stored avatar.
    #[must_use]
    pub fn url_of(&self, stored: &str) -> String {
        if is_object_name(stored) { format!("{}{stored}", self.0) } else { stored.to_owned() }
    }
}

/// Whether `text` is a relative path of plain segments, which leads to no place outside the base, not even for those who
/// decode `%2e` or `%2f` in it.
fn is_object_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@%".contains(&byte);
    let decoded = || percent_decode_str(text).decode_utf8_lossy();
    text.len() <= ImageUrl::MAX_BYTES
        && text.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(is_plain))
        && decoded().split(['/', '\\']).all(|segment| !matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_base_and_stay_below_it() {
        let base = AvatarBase::parse("https://cdn.example/avatars").unwrap();
        let stored = |text| Avatar::parse("avatar", text, Some(&base)).ok().map(|avatar| avatar.0);
        assert_eq!(stored("2024/a%20b.png").as_deref(), Some("2024/a%20b.png"));
        assert_eq!(stored("https://cdn.example/avatars/a.png").as_deref(), Some("a.png"));
        let elsewhere = "https://other.example/a.png";
        assert_eq!(stored(elsewhere).as_deref(), Some(elsewhere));
        assert_eq!(base.url_of("2024/a.png"), "https://cdn.example/avatars/2024/a.png");
        assert_eq!([base.url_of(elsewhere), base.url_of("")], [elsewhere, ""]);
        for refused in ["/a.png", "../a.png", "a/../b", "./a", "a//b", "a.png?x", "a:b", "a\\b", "data:image/png"] {
            assert_eq!(stored(refused), None, "{refused}");
        }
        for refused in ["%2e%2e/x", ".%2E/x", "a/%2e/b", "a/%2E.", "..%2fx", "a%5c..%5Cb"] {
            assert_eq!(stored(refused), None, "{refused}");
        }
        assert_eq!(stored("a%2Fb...png").as_deref(), Some("a%2Fb...png"));
        assert!(Avatar::parse("avatar", "a.png", None).is_err());
    }

    #[test]
    fn a_base_is_a_plain_url() {
        for refused in ["", "cdn.example", "ftp://x", "https://", "https://x/?a", "https://x/#a", "https://u@x/"] {
            assert!(AvatarBase::parse(refused).is_err(), "{refused}");
        }
    }
}
