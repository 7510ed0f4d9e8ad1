//! The search for accounts.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    AccountStatus, Invalid, Page, Problem, UserId,
    text::{is_forbidden, unpasted, unpasted_digits},
};

/// An account that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUser {
    /// The account's id.
    pub id: UserId,
    /// Its login name, if it has one.
    pub username: Option<String>,
    /// The display name.
    pub nickname: String,
    /// The bound mobile number.
    pub mobile: Option<String>,
    /// The bound e-mail address.
    pub email: Option<String>,
    /// The account's status.
    pub status: AccountStatus,
    /// When it was registered.
    pub registered_at_ms: i64,
}

/// By what an account is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserField {
    /// The account's id.
    Id,
    /// The login name, in lower case.
    Username,
    /// The mobile number.
    Mobile,
    /// The e-mail address.
    Email,
    /// The display name.
    Nickname,
}

impl UserField {
    const ALL: [(Self, &'static str); 5] =
        [(Self::Id, "i"), (Self::Username, "u"), (Self::Mobile, "m"), (Self::Email, "e"), (Self::Nickname, "n")];

    /// The value by which `user` is found; empty if it has none.
    fn key_of(self, user: &FoundUser) -> String {
        match self {
            Self::Id => String::new(),
            Self::Username => user.username.as_deref().unwrap_or_default().to_ascii_lowercase(),
            Self::Mobile => user.mobile.clone().unwrap_or_default(),
            Self::Email => user.email.clone().unwrap_or_default(),
            Self::Nickname => user.nickname.clone(),
        }
    }
}

/// A part of a search: the accounts that one field finds. Accounts that an earlier part finds are not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchPart {
    /// All accounts, newest first.
    All,
    /// The account with that id.
    Id(UserId),
    /// Those whose field begins with the text, in the order of the field and then of ids.
    Prefix(UserField, String),
}

impl SearchPart {
    const fn field(&self) -> UserField {
        match self {
            Self::All | Self::Id(_) => UserField::Id,
            Self::Prefix(field, _) => *field,
        }
    }

    /// Whether the part finds `user`.
    #[must_use]
    pub fn finds(&self, user: &FoundUser) -> bool {
        match self {
            Self::All => true,
            Self::Id(id) => user.id == *id,
            Self::Prefix(field, prefix) => field.key_of(user).starts_with(prefix),
        }
    }

    /// The place of `user` in the part.
    #[must_use]
    pub fn cursor(&self, user: &FoundUser) -> UserCursor {
        UserCursor { field: self.field(), key: self.field().key_of(user), id: user.id.get() }
    }

    fn contains(&self, cursor: &UserCursor) -> bool {
        let has_prefix = match self {
            Self::All | Self::Id(_) => true,
            Self::Prefix(_, prefix) => cursor.key.starts_with(prefix),
        };
        self.field() == cursor.field && has_prefix
    }
}

/// The place of an account in the results of a search. Its text is opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCursor {
    /// The field that finds the account.
    pub field: UserField,
    /// The field's value.
    pub key: String,
    /// The account's id.
    pub id: i64,
}

impl fmt::Display for UserCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = UserField::ALL.iter().find(|(field, _)| *field == self.field).map_or("", |(_, letter)| letter);
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{letter}:{}:{}", self.id, self.key)))
    }
}

impl FromStr for UserCursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const MAX_BYTES: usize = 2048;
        let parse = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= MAX_BYTES)?;
            let text = String::from_utf8(bytes).ok()?;
            let (letter, rest) = text.split_once(':')?;
            let (id, key) = rest.split_once(':')?;
            let (field, _) = UserField::ALL.into_iter().find(|(_, known)| *known == letter)?;
            let is_plain = !key.contains(char::is_control);
            Some(Self { field, key: key.to_owned(), id: id.parse().ok()? }).filter(|_| is_plain)
        };
        parse().ok_or(Invalid::new("cursor", Problem::Malformed))
    }
}

/// A page of a search for accounts.
#[derive(Clone, Debug)]
pub struct UserSearch {
    parts: Vec<SearchPart>,
    first: usize,
    after: Option<UserCursor>,
    size: usize,
}

impl UserSearch {
    /// Parses what the operator typed: a whole id, or the beginning of a login name, a mobile number, an e-mail address
    /// or a display name; empty for all accounts. The page is the first, or that after `cursor`.
    ///
    /// # Errors
    /// When the text is too long or holds characters that no name has; when the cursor is malformed or of another
    /// search; when the size is out of bounds.
    pub fn parse(text: &str, cursor: Option<&str>, size: Option<i64>) -> Result<Self, Invalid> {
        let parts = parts(text)?;
        let after = cursor.filter(|cursor| !cursor.is_empty()).map(str::parse::<UserCursor>).transpose()?;
        let first = match &after {
            Some(cursor) => parts.iter().position(|part| part.contains(cursor)),
            None => Some(0),
        };
        let first = first.ok_or(Invalid::new("cursor", Problem::Malformed))?;
        Ok(Self { parts, first, after, size: usize::try_from(Page::parse_size(size)?).unwrap_or(usize::MAX) })
    }

    /// The parts to read, each with the parts before it and the place after which to read it.
    pub fn parts(&self) -> impl Iterator<Item = (&SearchPart, &[SearchPart], Option<&UserCursor>)> {
        let parts = self.parts.iter().enumerate().skip(self.first);
        parts.map(|(index, part)| {
            let earlier = self.parts.get(..index).unwrap_or_default();
            (part, earlier, self.after.as_ref().filter(|_| index == self.first))
        })
    }

    /// The maximum number of accounts on the page.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }
}

fn parts(text: &str) -> Result<Vec<SearchPart>, Invalid> {
    const MAX_CHARS: usize = 320;
    let text = text.trim();
    if text.chars().count() > MAX_CHARS {
        return Err(Invalid::new("q", Problem::TooLong { max: MAX_CHARS }));
    }
    let plain = unpasted(text).trim().to_owned();
    if plain.contains(is_forbidden) {
        return Err(Invalid::new("q", Problem::Characters));
    }
    if plain.is_empty() {
        return Ok(vec![SearchPart::All]);
    }
    let mut parts: Vec<SearchPart> = UserId::parse("q", &plain).ok().map(SearchPart::Id).into_iter().collect();
    parts.push(SearchPart::Prefix(UserField::Username, plain.to_ascii_lowercase()));
    parts.extend(mobile_prefix(text).map(|prefix| SearchPart::Prefix(UserField::Mobile, prefix)));
    parts.push(SearchPart::Prefix(UserField::Email, plain.to_ascii_lowercase()));
    if !text.contains(is_forbidden) {
        parts.push(SearchPart::Prefix(UserField::Nickname, text.nfc().collect()));
    }
    Ok(parts)
}

/// The beginning of a mobile number, as it is stored: Chinese numbers without `+86`.
fn mobile_prefix(text: &str) -> Option<String> {
    let text = unpasted_digits(text);
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.strip_prefix("+86") {
        // All Chinese numbers start with 1.
        Some("") => Some("1".to_owned()),
        Some(national) => Some(national.to_owned()),
        None => Some(text),
    }
}
