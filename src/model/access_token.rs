//! What an app's signed access tokens contain.

use std::collections::BTreeMap;

use super::{Invalid, Problem};

/// The settings of an app's access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenSettings {
    /// Who they may be for. The first one is the default; without any it is the app.
    pub audiences: Vec<String>,
    /// How long they are valid.
    pub lifetime_secs: i64,
    /// Further claims by name, whose values may contain placeholders.
    pub claims: BTreeMap<String, String>,
}

impl Default for AccessTokenSettings {
    fn default() -> Self {
        Self { audiences: Vec::new(), lifetime_secs: 300, claims: BTreeMap::new() }
    }
}

impl AccessTokenSettings {
    /// The longest lifetime.
    pub const MAX_LIFETIME_SECS: i64 = 900;
    const MIN_LIFETIME_SECS: i64 = 30;
    const MAX_ITEMS: usize = 20;
    const MAX_CHARS: usize = 255;
    /// The claims that the gateway sets (RFC 9068 §2.2), or that would change when a token is valid.
    const RESERVED: [&str; 12] =
        ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid", "app", "client_id", "scope", "cnf"];

    /// The audiences in `list`.
    ///
    /// # Errors
    /// When there are too many, or one is empty, too long or not printable ASCII.
    pub fn parse_audiences(list: &[String]) -> Result<Vec<String>, Invalid> {
        const WHAT: &str = "access_token_audiences";
        if list.len() > Self::MAX_ITEMS {
            return Err(Invalid::new(WHAT, Problem::TooMany { max: Self::MAX_ITEMS }));
        }
        let parse = |text: &String| {
            if text.is_empty() {
                Err(Invalid::new(WHAT, Problem::Missing))
            } else if text.len() > Self::MAX_CHARS {
                Err(Invalid::new(WHAT, Problem::TooLong { max: Self::MAX_CHARS }))
            } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                Err(Invalid::new(WHAT, Problem::Characters))
            } else {
                Ok(text.clone())
            }
        };
        list.iter().map(parse).collect()
    }

    /// The lifetime of `secs`.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn parse_lifetime(secs: i64) -> Result<i64, Invalid> {
        let (min, max) = (Self::MIN_LIFETIME_SECS, Self::MAX_LIFETIME_SECS);
        let out_of_range = Invalid::new("access_token_secs", Problem::OutOfRange { min, max });
        if (min..=max).contains(&secs) { Ok(secs) } else { Err(out_of_range) }
    }

    /// The further claims in `map`: names with templates.
    ///
    /// # Errors
    /// When there are too many, a name is the gateway's own, or a template has a placeholder that does not exist.
    pub fn parse_claims(map: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Invalid> {
        let invalid = |problem| Err(Invalid::new("access_token_claims", problem));
        if map.len() > Self::MAX_ITEMS {
            return invalid(Problem::TooMany { max: Self::MAX_ITEMS });
        }
        for (name, template) in map {
            if name.is_empty() {
                return invalid(Problem::Missing);
            }
            if name.len() > Self::MAX_CHARS || template.len() > Self::MAX_CHARS {
                return invalid(Problem::TooLong { max: Self::MAX_CHARS });
            }
            if Self::RESERVED.contains(&name.as_str()) {
                return invalid(Problem::Reserved);
            }
            if !name.bytes().all(|byte| byte.is_ascii_graphic()) || template.chars().any(char::is_control) {
                return invalid(Problem::Characters);
            }
            if fill(template, |name| PLACEHOLDERS.contains(&name).then(String::new)).is_none() {
                return invalid(Problem::Malformed);
            }
        }
        Ok(map.clone())
    }

    /// The further claims with the values of their placeholders, without those that need one that is absent.
    #[must_use]
    pub fn claims_for(&self, subject: &ClaimSubject<'_>) -> BTreeMap<String, String> {
        let value = |template| fill(template, |name| subject.value(name));
        self.claims.iter().filter_map(|(name, template)| Some((name.clone(), value(template)?))).collect()
    }
}

/// The placeholders of templates.
const PLACEHOLDERS: [&str; 5] = ["user_id", "username", "nickname", "device_id", "app"];

/// Who a token is for; the values of placeholders.
#[derive(Clone, Copy, Debug)]
pub struct ClaimSubject<'a> {
    /// `{user_id}`.
    pub user_id: i64,
    /// `{username}`.
    pub username: Option<&'a str>,
    /// `{nickname}`.
    pub nickname: &'a str,
    /// `{device_id}`.
    pub device_id: Option<&'a str>,
    /// `{app}`.
    pub app: &'a str,
}

impl ClaimSubject<'_> {
    fn value(&self, name: &str) -> Option<String> {
        match name {
            "user_id" => Some(self.user_id.to_string()),
            "username" => self.username.map(str::to_owned),
            "nickname" => Some(self.nickname.to_owned()),
            "device_id" => self.device_id.map(str::to_owned),
            "app" => Some(self.app.to_owned()),
            _ => None,
        }
    }
}

/// The template with the values of its placeholders; `None` if a brace has no other, or a placeholder has no value.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if before.contains('}') {
            return None;
        }
        filled.push_str(before);
        filled.push_str(&value(name)?);
        rest = after;
    }
    if rest.contains('}') {
        return None;
    }
    filled.push_str(rest);
    Some(filled)
}
