//! The profile of an account, beyond its names.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use super::{
    ImageUrl, Invalid, MedalId, Problem, UserId,
    text::{line, note},
};

/// Text or data that an account stores for apps, verbatim: up to 64 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info(String);

impl Info {
    const MAX_BYTES: usize = 64 * 1024;

    /// # Errors
    /// When `text` is too long or holds a NUL, which PostgreSQL can't store.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::MAX_BYTES {
            Err(Invalid::new(what, Problem::TooLong { max: Self::MAX_BYTES }))
        } else if text.contains('\0') {
            Err(Invalid::new(what, Problem::Characters))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Changes of the profile fields of /user; absent fields stay unchanged.
#[derive(Clone, Debug, Default)]
pub struct InfoChanges {
    /// The description.
    pub description: Option<Info>,
    /// Information visible to the owner only.
    pub private_info: Option<Info>,
    /// Information visible to everyone.
    pub public_info: Option<Info>,
}

/// The personal data of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonalData {
    /// A free-text introduction.
    pub introduction: String,
    /// 1 male, 2 female, 3 other, 0 unspecified.
    pub gender: i16,
    /// Unix seconds; 0 is unspecified.
    pub birthday_secs: i64,
    /// The province of residence.
    pub province: String,
    /// The city of residence.
    pub city: String,
    /// The district of residence.
    pub district: String,
    /// The postal code of the residence.
    pub location_code: String,
    /// When the data was last changed; 0 for never.
    pub updated_at_ms: i64,
}

impl PersonalData {
    const INTRODUCTION_CHARS: usize = 500;
    const PLACE_CHARS: usize = 64;

    /// Sets the introduction, of up to 500 characters.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn set_introduction(&mut self, text: &str) -> Result<(), Invalid> {
        self.introduction = note("introduction", text, Self::INTRODUCTION_CHARS, true)?;
        Ok(())
    }

    /// Sets the gender.
    ///
    /// # Errors
    /// When it is not 0 to 3.
    pub fn set_gender(&mut self, gender: i32) -> Result<(), Invalid> {
        const MAX: i16 = 3;
        let out_of_range = Invalid::new("gender", Problem::OutOfRange { min: 0, max: i64::from(MAX) });
        self.gender = i16::try_from(gender).ok().filter(|gender| (0..=MAX).contains(gender)).ok_or(out_of_range)?;
        Ok(())
    }

    /// Sets the birthday.
    ///
    /// # Errors
    /// When it is not within the years 1800 to 2999.
    pub fn set_birthday(&mut self, unix_secs: i64) -> Result<(), Invalid> {
        const MIN: i64 = -5_364_662_400;
        const MAX: i64 = 32_503_679_999;
        if !(MIN..=MAX).contains(&unix_secs) {
            return Err(Invalid::new("birthday", Problem::OutOfRange { min: MIN, max: MAX }));
        }
        self.birthday_secs = unix_secs;
        Ok(())
    }

    /// Sets a part of the place of residence, of up to 64 characters.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn set_place(&mut self, part: PlacePart, what: &'static str, text: &str) -> Result<(), Invalid> {
        let field = match part {
            PlacePart::Province => &mut self.province,
            PlacePart::City => &mut self.city,
            PlacePart::District => &mut self.district,
            PlacePart::LocationCode => &mut self.location_code,
        };
        *field = note(what, text, Self::PLACE_CHARS, false)?;
        Ok(())
    }
}

/// A part of the place of residence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacePart {
    /// The province.
    Province,
    /// The city.
    City,
    /// The district.
    District,
    /// The postal code.
    LocationCode,
}

/// Where a login came from, as others see it: one line of up to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    const MAX_CHARS: usize = 128;

    /// # Errors
    /// When `text` is blank, too long or holds control characters or bidirectional overrides.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Invalid> {
        Ok(Self(line(what, text, Self::MAX_CHARS)?))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

/// A user's private remark about another user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remark {
    /// A custom name for the other user.
    pub name: String,
    /// A phone number.
    pub phone: String,
    /// Anything else, in the client's format: a JSON array of key and value.
    pub others: String,
}

impl Remark {
    /// # Errors
    /// When a part is too long or holds control characters.
    pub fn parse(name: &str, phone: &str, others: &str) -> Result<Self, Invalid> {
        Ok(Self {
            name: note("name", name, 64, false)?,
            phone: note("phone", phone, 64, false)?,
            others: note("others", others, 4000, true)?,
        })
    }
}

/// The remarks of a user, by the users that they are about.
#[derive(Clone, Debug)]
pub enum Remarks {
    /// All of them.
    All(HashMap<UserId, Remark>),
    /// More than a node remembers.
    TooMany,
}

impl Remarks {
    /// How many remarks of a user a node remembers.
    pub const MAX: usize = 200;

    /// How many characters of "others" they may have together.
    pub const MAX_CHARS: usize = 16 * 1024;

    /// The total length of their texts, in bytes.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::All(all) => {
                all.values().map(|remark| remark.name.len() + remark.phone.len() + remark.others.len()).sum()
            }
            Self::TooMany => 0,
        }
    }

    /// How many they are, of those that are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::All(all) => all.len(),
            Self::TooMany => 0,
        }
    }
}

/// A medal that users can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medal {
    /// Its id.
    pub id: MedalId,
    /// Its name.
    pub name: String,
    /// What it is awarded for.
    pub description: String,
    /// The URL of its image; empty without one.
    pub image_url: String,
    /// The sort order, ascending.
    pub sort: i32,
}

/// A medal to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MedalDefinition {
    /// Its name.
    pub name: String,
    /// What it is awarded for.
    pub description: String,
    /// The URL of its image; empty without one.
    pub image_url: String,
    /// The sort order, ascending.
    pub sort: i32,
}

impl MedalDefinition {
    /// A medal; `description` comes with the name that its field has outside.
    ///
    /// # Errors
    /// When a part is missing, too long or malformed.
    pub fn parse(name: &str, description: (&'static str, &str), image_url: &str, sort: i64) -> Result<Self, Invalid> {
        let out_of_range = Invalid::new("sort", Problem::OutOfRange { min: 0, max: i64::from(i32::MAX) });
        Ok(Self {
            name: line("name", name, 64)?,
            description: note(description.0, description.1, 500, true)?,
            image_url: match image_url {
                "" => String::new(),
                url => ImageUrl::parse("image_url", url)?.as_str().to_owned(),
            },
            sort: i32::try_from(sort).ok().filter(|sort| *sort >= 0).ok_or(out_of_range)?,
        })
    }
}

/// The reason for a ban, visible to everyone: up to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanReason(String);

impl BanReason {
    /// # Errors
    /// When `text` is blank, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(line("reason", text, 500)?))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A ban, visible to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Its id.
    pub id: i64,
    /// The reason.
    pub reason: String,
    /// When it ends.
    pub ends_at_ms: i64,
}

impl Ban {
    /// Whether it has not ended by `now_ms`.
    #[must_use]
    pub const fn is_in_force(&self, now_ms: i64) -> bool {
        self.ends_at_ms > now_ms
    }
}

/// The public details of an account that are stored outside its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicDetails {
    /// Its personal data.
    pub personal: PersonalData,
    /// Its medals, sorted.
    pub medals: Vec<Medal>,
    /// Its ban, which may have ended.
    pub ban: Option<Ban>,
}

impl PublicDetails {
    /// Details to keep; most accounts have none, and share them.
    #[must_use]
    pub fn shared(self) -> Arc<Self> {
        static NONE: LazyLock<Arc<PublicDetails>> = LazyLock::new(Arc::default);
        if self == **NONE { Arc::clone(&NONE) } else { Arc::new(self) }
    }

    /// The memory that they take, in bytes; 0 if they are shared.
    #[must_use]
    pub fn bytes(&self) -> usize {
        if *self == Self::default() { 0 } else { size_of::<Self>() + self.text_bytes() }
    }

    fn text_bytes(&self) -> usize {
        let PersonalData { introduction, province, city, district, location_code, .. } = &self.personal;
        let personal = [introduction, province, city, district, location_code];
        let medals = self.medals.iter().flat_map(|medal| [&medal.name, &medal.description, &medal.image_url]);
        let ban = self.ban.iter().map(|ban| &ban.reason);
        personal.into_iter().chain(medals).chain(ban).map(String::len).sum()
    }
}

/// The activity counters of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// When it was last active; 0 for never.
    pub last_active_at_ms: i64,
    /// The day it was last active in the configured time zone, counted from 1970-01-01.
    pub last_active_day: i32,
    /// The number of days with activity.
    pub online_days: i32,
    /// The number of consecutive days with activity up to the last one.
    pub continuous_days: i32,
}

impl Activity {
    /// The counters after an activity at `now_ms`, on `today`.
    #[must_use]
    pub const fn after(self, now_ms: i64, today: i32) -> Self {
        // A day after tomorrow was stored under a clock that ran ahead.
        let is_ahead = self.last_active_day > today + 1;
        let (online_days, continuous_days) = if today <= self.last_active_day {
            (self.online_days, self.continuous_days)
        } else if today == self.last_active_day + 1 {
            (self.online_days + 1, self.continuous_days + 1)
        } else {
            (self.online_days + 1, 1)
        };
        let last_active_day = if today > self.last_active_day || is_ahead { today } else { self.last_active_day };
        Self { last_active_at_ms: now_ms, last_active_day, online_days, continuous_days }
    }

    /// Consecutive days with activity up to `today` or the day before; 0 once a day was missed.
    #[must_use]
    pub const fn continuous_days_on(self, today: i32) -> i32 {
        if self.last_active_day + 1 >= today { self.continuous_days } else { 0 }
    }
}
