//! The discovery page: categories, groups, bots, advertisements.

use super::{
    ImageUrl, Invalid, Problem,
    text::{line, note},
};

/// The id of a category, group or bot on the discovery page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiscoveryId(pub i64);

const NAME_CHARS: usize = 64;
const INTRODUCTION_CHARS: usize = 500;

/// A category of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// The sort order, ascending.
    pub sort: i32,
}

impl Category {
    /// # Errors
    /// When the name is blank, too long or holds control characters.
    pub fn parse(name: &str, sort: i32) -> Result<Self, Invalid> {
        Ok(Self { name: line("name", name, NAME_CHARS)?, sort })
    }

    /// Parses the category that a list is filtered by; empty means no filter.
    ///
    /// # Errors
    /// When `text` is too long or holds control characters.
    pub fn parse_wanted(text: &str) -> Result<Option<String>, Invalid> {
        let name = note("category", text, NAME_CHARS, false)?;
        Ok(Some(name).filter(|name| !name.is_empty()))
    }
}

/// The display fields that groups and bots share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisplayInfo {
    /// The display name.
    pub nickname: String,
    /// What it is about.
    pub introduction: String,
    /// The avatar's URL; empty without an avatar.
    pub avatar_url: String,
    /// The number of members or users.
    pub headcount: i32,
}

impl DisplayInfo {
    /// # Errors
    /// When `text` is blank, too long or holds control characters.
    pub fn set_nickname(&mut self, text: &str) -> Result<(), Invalid> {
        self.nickname = line("nickname", text, NAME_CHARS)?;
        Ok(())
    }

    /// # Errors
    /// When `text` is too long or holds control characters.
    pub fn set_introduction(&mut self, text: &str) -> Result<(), Invalid> {
        self.introduction = note("introduction", text, INTRODUCTION_CHARS, true)?;
        Ok(())
    }

    /// Sets the avatar's URL, or removes it if `text` is empty.
    ///
    /// # Errors
    /// When `text` is not a URL of http or https.
    pub fn set_avatar_url(&mut self, text: &str) -> Result<(), Invalid> {
        self.avatar_url = match text {
            "" => String::new(),
            text => ImageUrl::parse("avatar_url", text)?.as_str().to_owned(),
        };
        Ok(())
    }

    /// # Errors
    /// When `count` is negative or too large.
    pub fn set_headcount(&mut self, count: i64) -> Result<(), Invalid> {
        let out_of_range = Invalid::new("headcount", Problem::OutOfRange { min: 0, max: i64::from(i32::MAX) });
        self.headcount = i32::try_from(count).ok().filter(|count| *count >= 0).ok_or(out_of_range)?;
        Ok(())
    }
}

/// A group on the discovery page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// What it shows.
    pub display: DisplayInfo,
    /// The name of its category.
    pub category: String,
    /// Whether it is hidden.
    pub is_banned: bool,
    /// When it was added.
    pub created_at_ms: i64,
}

impl Group {
    /// Sets its category, which must exist by the time the group is stored.
    ///
    /// # Errors
    /// When `name` is empty, too long or holds control characters.
    pub fn set_category(&mut self, name: &str) -> Result<(), Invalid> {
        self.category = Category::parse_wanted(name)?.ok_or(Invalid::new("category", Problem::Missing))?;
        Ok(())
    }
}

/// A bot on the discovery page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// What it shows.
    pub display: DisplayInfo,
    /// Whether users may add it.
    pub is_add: bool,
    /// Whether it accepts every request.
    pub always_agree: bool,
}

impl Default for Bot {
    fn default() -> Self {
        Self { display: DisplayInfo::default(), is_add: true, always_agree: false }
    }
}

/// The advertisements of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ads {
    /// Whether any are shown.
    pub is_shown: bool,
    /// The advertisement network's code for Android.
    pub android_code_id: String,
    /// The advertisement network's code for iOS.
    pub ios_code_id: String,
    /// The height of the strip at the bottom, in the client's units.
    pub bottom_height: i32,
}

impl Ads {
    /// Parses a code of an advertisement network, of up to 64 characters.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn parse_code_id(what: &'static str, text: &str) -> Result<String, Invalid> {
        note(what, text, NAME_CHARS, false)
    }

    /// # Errors
    /// When `height` is not 0 to 10,000.
    pub fn set_bottom_height(&mut self, height: i64) -> Result<(), Invalid> {
        const MAX: i32 = 10_000;
        let out_of_range = Invalid::new("bottom_height", Problem::OutOfRange { min: 0, max: i64::from(MAX) });
        self.bottom_height =
            i32::try_from(height).ok().filter(|height| (0..=MAX).contains(height)).ok_or(out_of_range)?;
        Ok(())
    }
}

/// A case-insensitive search term; empty matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyword(String);

impl Keyword {
    /// # Errors
    /// When `text` is too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(note("keyword", text, NAME_CHARS, false)?.to_lowercase()))
    }

    /// The term in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
