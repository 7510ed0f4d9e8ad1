//! The fields of a form or a query.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use jiff::{civil::DateTime, tz::TimeZone};

use crate::model::{Invalid, Page, Problem};

/// The fields of a form or a query, with their texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(Vec<(String, String)>);

impl Values {
    /// Reads a form. What is not one has no fields.
    pub(super) fn parse(form: &[u8]) -> Self {
        Self(serde_urlencoded::from_bytes(form).unwrap_or_default())
    }

    /// The fields that a form begins with.
    pub(super) fn of<const N: usize>(fields: [(&str, String); N]) -> Self {
        Self(fields.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
    }

    /// These fields and more.
    pub(super) fn and<const N: usize>(mut self, fields: [(&str, String); N]) -> Self {
        self.0.extend(Self::of(fields).0);
        self
    }

    /// The text of a field; empty without the field.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// The text of a field that is filled in.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// Whether a box is ticked.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.filled(name).is_some()
    }

    /// These fields if they are those of the form that does `action`, else none.
    pub(super) fn of_form(&self, action: &str) -> Self {
        if self.get("do") == action { self.clone() } else { Self::default() }
    }

    /// The number in a field, or `default` if it is not filled in.
    pub(super) fn number(&self, name: &'static str, default: i64) -> Result<i64, Invalid> {
        self.filled(name).map_or(Ok(default), |text| text.parse().map_err(|_| Invalid::new(name, Problem::Malformed)))
    }

    /// The number that must be in a field.
    pub(super) fn required_number(&self, name: &'static str) -> Result<i64, Invalid> {
        self.filled(name).ok_or(Invalid::new(name, Problem::Missing))?;
        self.number(name, 0)
    }

    /// The sort order in the field `sort`.
    pub(super) fn sort(&self) -> Result<i32, Invalid> {
        let out_of_range = Invalid::new("sort", Problem::OutOfRange { min: i32::MIN.into(), max: i32::MAX.into() });
        i32::try_from(self.number("sort", 0)?).map_err(|_| out_of_range)
    }

    /// The moment in a field of the type `datetime-local`, if it is filled in, in unix seconds.
    pub(super) fn moment(&self, name: &'static str, zone: &TimeZone) -> Result<Option<i64>, Invalid> {
        let malformed = Invalid::new(name, Problem::Malformed);
        let parse = |text: &str| {
            let local: DateTime = text.parse().ok()?;
            Some(zone.to_timestamp(local).ok()?.as_second())
        };
        self.filled(name).map(|text| parse(text).ok_or(malformed)).transpose()
    }

    /// The page of a list that a query asks for.
    pub(super) fn page(&self) -> Result<Page, Invalid> {
        self.filled("cursor").map_or_else(|| Page::parse(None, None), |cursor| Page::parse_after(cursor, None))
    }

    /// The query with `name` set to `text`, and without empty fields.
    pub(super) fn query_with(&self, name: &str, text: &str) -> String {
        let others = self.0.iter().filter(|(known, text)| known != name && !text.is_empty());
        let fields: Vec<(&str, &str)> =
            others.map(|(name, text)| (name.as_str(), text.as_str())).chain([(name, text)]).collect();
        serde_urlencoded::to_string(fields).unwrap_or_default()
    }
}

/// The text of a box that is ticked or not.
pub(super) fn ticked(is_on: bool) -> String {
    if is_on { "1".to_owned() } else { String::new() }
}

impl FromRequest for Values {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(req.query_string().as_bytes())))
    }
}
