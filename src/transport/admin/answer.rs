//! The return types of the admin API's handlers.

use std::fmt::Display;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain,
    model::{Language, Listing},
    time_limit,
    transport::{
        codec::Encoding,
        context::Context,
        error::{Error, reason},
        openapi::{Described, Description},
        reply::{self, ADMIN_SUCCESS},
    },
};

/// The return type of a handler: the `data` of the answer.
pub(super) type Answer<T> = Result<Data<T>, Error>;

/// The return type of a handler that lists items.
pub(super) type ListAnswer<T> = Result<Part<Vec<T>>, Error>;

/// The `data` of a success.
pub(super) struct Data<T>(pub(super) T);

/// The answer of an operation that returns no data.
pub(super) const DONE: Answer<bool> = Ok(Data(true));

/// The return type of a batch handler: a result for each item.
pub(super) type BatchAnswer<T> = Result<BatchResults<T>, Error>;

/// The results of a batch, in the order of its items.
pub(super) struct BatchResults<T>(Vec<BatchResult<T>>);

/// The result of one item.
pub(super) struct BatchResult<T> {
    /// The fields that identify the item.
    pub(super) item: T,
    /// Its outcome.
    pub(super) result: Result<(), domain::Error>,
}

impl<T> BatchResult<T> {
    /// Does the work of an item, which may take as long as a request of its own.
    pub(super) async fn of(item: T, work: impl Future<Output = Result<(), domain::Error>>) -> Self {
        Self { item, result: time_limit::with_own(work).await }
    }
}

impl<T> FromIterator<BatchResult<T>> for BatchResults<T> {
    fn from_iter<I: IntoIterator<Item = BatchResult<T>>>(results: I) -> Self {
        Self(results.into_iter().collect())
    }
}

impl<T: Serialize> Responder for Data<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        Context::note_outcome(req, ADMIN_SUCCESS, Encoding::Json);
        match reply::admin(ADMIN_SUCCESS, Some(&self.0), None) {
            Ok(bytes) => reply::response(StatusCode::OK, Encoding::Json, bytes),
            Err(error) => HttpResponse::from_error(Error::from(domain::Error::internal(error))),
        }
    }
}

/// A part of a list, with the cursor of the next part beside `data`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PartOf{T}")]
pub(super) struct Part<T> {
    /// The items.
    pub(super) data: T,
    /// Where the next part starts; absent in the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
    /// Grows whenever the list changes, where that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
}

impl<T> Part<Vec<T>> {
    /// The part with the items of `listing` as `data` shows them.
    pub(super) fn of<I, C: Display>(listing: Listing<I, C>, data: impl FnMut(I) -> T) -> Self {
        let cursor = listing.next.map(|next| next.to_string());
        Self { data: listing.items.into_iter().map(data).collect(), cursor, version: None }
    }
}

impl<T: Serialize> Responder for Part<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        success(req, &Beside { code: ADMIN_SUCCESS, fields: self })
    }
}

/// An envelope with `fields` beside the code.
#[derive(Serialize)]
struct Beside<T> {
    code: i32,
    #[serde(flatten)]
    fields: T,
}

/// A success whose fields are both under `data` and beside it, because SDKs read either (docs/quirks.md).
pub(super) struct Both<T>(pub(super) T);

impl<T: Serialize> Responder for Both<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        #[derive(Serialize)]
        struct Twice<'a, T> {
            data: &'a T,
            #[serde(flatten)]
            fields: &'a T,
        }
        success(req, &Beside { code: ADMIN_SUCCESS, fields: Twice { data: &self.0, fields: &self.0 } })
    }
}

fn success<T: Serialize>(req: &HttpRequest, envelope: &T) -> HttpResponse {
    Context::note_outcome(req, ADMIN_SUCCESS, Encoding::Json);
    match serde_json::to_vec(envelope) {
        Ok(bytes) => reply::response(StatusCode::OK, Encoding::Json, bytes),
        Err(error) => HttpResponse::from_error(Error::from(domain::Error::internal(error))),
    }
}

impl<T: Serialize> Responder for BatchResults<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let language = Context::get(req).map_or(Language::En, |context| context.language);
        let outcome = |BatchResult { item, result }| ItemOutcome {
            item,
            success: result.is_ok(),
            reason: result.err().map(|error| reason(error, language)),
        };
        Data(self.0.into_iter().map(outcome).collect::<Vec<_>>()).respond_to(req)
    }
}

/// The result of an item of a batch, as it is sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ResultOf{T}")]
struct ItemOutcome<T> {
    #[serde(flatten)]
    item: T,
    /// Whether it succeeded.
    success: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<T: JsonSchema> Described for Data<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers::<T>();
    }
}

impl<T: JsonSchema> Described for Part<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_fields::<Self>();
    }
}

impl<T: JsonSchema> Described for Both<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers_both::<T>();
    }
}

impl<T: JsonSchema> Described for BatchResults<T> {
    fn describe(operation: &mut Description<'_>) {
        operation.answers::<Vec<ItemOutcome<T>>>();
    }
}
