//! Parameters of the admin API: the query, and JSON bodies of any content type. Any error in them is code 10002 with
//! HTTP 200.

use std::{
    borrow::Cow,
    future::{Future, Ready, ready},
    marker::PhantomData,
    pin::Pin,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    model::{Invalid, Page, Problem, UserId},
    transport::{
        body,
        error::{Error, Protocol},
        json,
        openapi::{Described, Description},
        query,
    },
};

/// The future of an extractor that reads the body.
type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// The query, as a struct of `Option`s.
pub(super) struct Query<T>(pub(super) T);

/// The query and, for fields absent from it, a JSON body, as a struct of `Option`s: a widely used SDK sends in the body
/// what the document has in the query (behaviour.md §3). A body that is not a JSON object is ignored.
pub(super) struct QueryOrBody<T>(pub(super) T);

/// The JSON body, as a struct of `Option`s. An empty body is an empty object.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query::read(req.query_string()).map(Self).map_err(|problem| Protocol::BadQuery(problem).into()))
    }
}

impl<T: DeserializeOwned> FromRequest for QueryOrBody<T> {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = read_body(&req, &mut payload).await?;
            let bad = |problem| Error::from(Protocol::BadQuery(problem));
            let mut fields: Vec<(String, String)> = query::read(req.query_string()).map_err(bad)?;
            // A body that is not an object has no parameters and is ignored.
            for (name, value) in serde_json::from_slice::<Map<String, Value>>(&bytes).unwrap_or_default() {
                let is_new = !fields.iter().any(|(known, _)| *known == name);
                if let (true, Some(text)) = (is_new, scalar(value)) {
                    fields.push((name, text));
                }
            }
            let all = serde_urlencoded::to_string(fields).map_err(|error| bad(error.to_string()))?;
            query::read(&all).map(Self).map_err(bad)
        })
    }
}

async fn read_body(req: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Error> {
    Ok(body::read(payload, req.headers()).await.map_err(|unread| unread.problem)?)
}

/// A value as text, as it would be written in a query.
fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(is_on) => Some(is_on.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = read_body(&req, &mut payload).await?;
            let object = if json::is_absent(&bytes) { b"{}".as_slice() } else { &bytes };
            Ok(Self(json::read_object(object).map_err(Protocol::Undecodable)?))
        })
    }
}

/// The body verbatim, of any content type; it must be UTF-8 and not empty (behaviour.md §3).
pub(super) struct Raw(pub(super) String);

impl FromRequest for Raw {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = read_body(&req, &mut payload).await?;
            if bytes.is_empty() {
                return Err(Invalid::new("body", Problem::Missing).into());
            }
            let text = String::from_utf8(bytes.to_vec());
            Ok(Self(text.map_err(|_| Invalid::new("body", Problem::Characters))?))
        })
    }
}

/// The number in the query's required parameter `what`.
pub(super) fn required_number(what: &'static str, text: Option<&str>) -> Result<i64, Invalid> {
    required(what, number(what, text)?)
}

/// The switch in the query's required parameter `what`, in any of the forms of behaviour.md §3.
pub(super) fn required_switch(what: &'static str, text: Option<&str>) -> Result<bool, Invalid> {
    let text = required(what, text)?.trim().to_ascii_lowercase();
    match text.as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        "" => Err(Invalid::new(what, Problem::Missing)),
        _ => Err(Invalid::new(what, Problem::Malformed)),
    }
}

/// The body of a batch: 1 to 100 items of `T` (behaviour.md §3), each parsed on its own.
#[derive(Deserialize)]
pub(super) struct Batch<T> {
    list: Option<Vec<Value>>,
    #[serde(skip)]
    items: PhantomData<T>,
}

impl<T: JsonSchema> JsonSchema for Batch<T> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("BatchOf{}", T::schema_name()))
    }

    fn schema_id() -> Cow<'static, str> {
        Cow::Owned(format!("BatchOf{}", T::schema_id()))
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({
            "type": "object",
            "required": ["list"],
            "properties": {"list": {"type": "array", "items": items, "minItems": 1, "maxItems": MAX_ITEMS}},
        })
    }
}

/// Maximum number of items of a batch.
pub(super) const MAX_ITEMS: usize = 100;

impl<T: DeserializeOwned> Batch<T> {
    /// The items.
    pub(super) fn items(self) -> Result<Vec<Value>, Invalid> {
        let list = self.list.unwrap_or_default();
        match list.len() {
            0 => Err(Invalid::new("list", Problem::Missing)),
            1..=MAX_ITEMS => Ok(list),
            _ => Err(Invalid::new("list", Problem::TooMany { max: MAX_ITEMS })),
        }
    }
}

/// An item of a batch.
pub(super) fn item<T: DeserializeOwned>(item: Value) -> Result<T, Invalid> {
    let malformed = Invalid::new("item", Problem::Malformed);
    // serde would accept an array as the fields in their order.
    if item.is_object() { serde_json::from_value(item).map_err(|_| malformed) } else { Err(malformed) }
}

/// The value of the required parameter `what`.
pub(super) fn required<T>(what: &'static str, value: Option<T>) -> Result<T, Invalid> {
    value.ok_or(Invalid::new(what, Problem::Missing))
}

/// The requested page of a list.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PageQuery {
    page_num: Option<String>,
    page_size: Option<String>,
}

impl PageQuery {
    /// The requested page; by default the first one.
    pub(super) fn page(&self) -> Result<Page, Invalid> {
        Page::parse(number("page_num", self.page_num.as_deref())?, number("page_size", self.page_size.as_deref())?)
    }
}

/// The requested page of a list with cursors.
#[derive(Deserialize, JsonSchema)]
pub(super) struct CursorQuery {
    cursor: Option<String>,
    #[serde(flatten)]
    numbered: PageQuery,
}

impl CursorQuery {
    /// The page at the cursor, else the numbered one.
    pub(super) fn page(&self) -> Result<Page, Invalid> {
        match self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => Page::parse_after(cursor, number("page_size", self.numbered.page_size.as_deref())?),
            None => self.numbered.page(),
        }
    }
}

/// The number in the query's parameter `what`, if it is present.
pub(super) fn number(what: &'static str, text: Option<&str>) -> Result<Option<i64>, Invalid> {
    let malformed = |_: std::num::ParseIntError| Invalid::new(what, Problem::Malformed);
    text.map(|text| text.parse().map_err(malformed)).transpose()
}

/// A switch in JSON: true, false, 1 or 0.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Flag(bool);

impl Flag {
    pub(super) const fn get(self) -> bool {
        self.0
    }
}

impl JsonSchema for Flag {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Flag")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": "A switch.", "enum": [true, false, 1, 0]})
    }
}

impl TryFrom<Value> for Flag {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match (value.as_bool(), value.as_i64()) {
            (Some(is_on), _) => Ok(Self(is_on)),
            (None, Some(0)) => Ok(Self(false)),
            (None, Some(1)) => Ok(Self(true)),
            (None, _) => Err("neither true nor false"),
        }
    }
}

/// An id in JSON: a number, or a number as text (security.md 34).
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    /// The id as a plain number, in the parameter `what`.
    pub(super) fn number(self, what: &'static str) -> Result<i64, Invalid> {
        self.user(what).map(UserId::get)
    }

    /// The id as that of a user, in the parameter `what`.
    pub(super) fn user(self, what: &'static str) -> Result<UserId, Invalid> {
        match self {
            Self::Number(number) => UserId::parse(what, &number.to_string()),
            Self::Text(text) => UserId::parse(what, &text),
        }
    }
}

/// A body with a list of users.
#[derive(Deserialize, JsonSchema)]
pub(super) struct IdsBody {
    pub(super) list: Option<Vec<Id>>,
}

/// The ids of users in the list `what`; an absent list is empty.
pub(super) fn ids(what: &'static str, list: Option<Vec<Id>>) -> Result<Vec<UserId>, Invalid> {
    list.unwrap_or_default().into_iter().map(|id| id.user(what)).collect()
}

impl<T: JsonSchema> Described for Query<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.query::<T>();
    }
}

impl<T: JsonSchema> Described for QueryOrBody<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.query::<T>();
    }
}

impl<T: JsonSchema> Described for Json<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.json_body::<T>();
    }
}

impl Described for Raw {
    fn describe(operation: &mut Description<'_>) {
        operation.text_body();
    }
}
