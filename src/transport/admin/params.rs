//! Parameters of the admin API: the query, and JSON bodies of any content type. Whatever is wrong with them is code
//! 10002 with HTTP 200.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{
    model::{Invalid, Problem, UserId},
    transport::{
        body,
        error::{Error, Protocol},
    },
};

/// The query, as a struct of `Option`s.
pub(super) struct Query<T>(pub(super) T);

/// The JSON body, as a struct of `Option`s. An empty body is an empty object.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let undecodable = |error: serde_urlencoded::de::Error| Protocol::Undecodable(error.to_string()).into();
        ready(serde_urlencoded::from_str(req.query_string()).map(Self).map_err(undecodable))
    }
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = body::read(&mut payload, req.headers()).await.map_err(|unread| unread.problem)?;
            let json = if bytes.is_empty() { b"{}".as_slice() } else { &bytes };
            let value = serde_json::from_slice(json).map_err(|error| Protocol::Undecodable(error.to_string()))?;
            Ok(Self(value))
        })
    }
}

/// The parameter `what`, which must be there.
pub(super) fn required<T>(what: &'static str, value: Option<T>) -> Result<T, Invalid> {
    value.ok_or(Invalid::new(what, Problem::Missing))
}

/// The number in the query's parameter `what`, if it is there.
pub(super) fn number(what: &'static str, text: Option<&str>) -> Result<Option<i64>, Invalid> {
    text.map(|text| text.parse().map_err(|_: std::num::ParseIntError| Invalid::new(what, Problem::Malformed)))
        .transpose()
}

/// An id in JSON: a number, or the same as text (security.md 34).
pub(super) struct Id(pub(super) UserId);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Number(i64),
            Text(String),
        }
        let text = match Raw::deserialize(from)? {
            Raw::Number(number) => number.to_string(),
            Raw::Text(text) => text,
        };
        UserId::parse("user_id", &text).map(Self).map_err(|_| serde::de::Error::custom("not an id"))
    }
}
