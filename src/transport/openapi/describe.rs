//! How types describe an operation.

use actix_web::{HttpRequest, http::Method, web::Data};
use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use super::messages::{Messages, reference};
use crate::transport::{codec::Encoding, error::Error};

/// Where the document keeps schemas that several operations use.
const SCHEMAS: &str = "/components/schemas";

/// What the operations of a path have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/v1`: protobuf and JSON; the documented encoding is that of an answer when the client names none.
    V1(Encoding),
    /// The admin API: JSON.
    Admin,
    /// The ops listener.
    Ops,
}

/// An operation's entry in the OpenAPI document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The HTTP method.
    pub method: Method,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Describes its parameters, body and answer, as its handler's types say.
    pub describe: fn(&mut Description<'_>),
}

/// A type in a handler's signature that says something about its operation.
pub trait Described {
    /// Adds what it says.
    fn describe(operation: &mut Description<'_>);
}

/// The schemas that the document's operations refer to.
pub struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    messages: Messages,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let generator = |contract: Contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                SCHEMAS.clone_into(&mut settings.definitions_path.to_mut());
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self {
            requests: generator(Contract::Deserialize),
            answers: generator(Contract::Serialize),
            messages: Messages::new(),
        }
    }

    /// All schemas by name.
    pub(super) fn into_components(mut self) -> Map<String, Value> {
        let mut all = self.messages.into_components();
        all.extend(self.requests.take_definitions(true));
        all.extend(self.answers.take_definitions(true));
        all
    }
}

/// An operation's object in the document, while it is made.
pub struct Description<'a> {
    schemas: &'a mut Schemas,
    method: Method,
    kind: Kind,
    parameters: Vec<Value>,
    security: Vec<Value>,
    body: Option<Value>,
    answer: Option<Value>,
}

impl<'a> Description<'a> {
    /// Describes an operation of a path.
    pub(super) fn of(operation: &Operation, kind: Kind, schemas: &'a mut Schemas) -> Value {
        let method = operation.method.clone();
        let (parameters, security) = (Vec::new(), Vec::new());
        let mut description = Self { schemas, method, kind, parameters, security, body: None, answer: None };
        (operation.describe)(&mut description);
        description.finish(operation.summary)
    }

    fn finish(self, summary: &str) -> Value {
        let mut object = Map::new();
        object.insert("summary".to_owned(), json!(summary));
        object.insert("security".to_owned(), json!(self.security));
        let mut parameters = self.parameters;
        if self.kind != Kind::Ops {
            parameters.extend(["AcceptLanguage", "Prefer"].map(|name| reference("parameters", name)));
        }
        object.insert("parameters".to_owned(), json!(parameters));
        object.extend(self.body.map(|body| ("requestBody".to_owned(), body)));
        let mut responses = Map::new();
        responses.extend(self.answer.map(|answer| ("200".to_owned(), answer)));
        object.insert("responses".to_owned(), Value::Object(responses));
        Value::Object(object)
    }

    /// Adds an alternative of headers that authenticate the request; none of them for anyone.
    pub fn allow(&mut self, headers: &[&str]) {
        let schemes: Map<String, Value> = headers.iter().map(|name| ((*name).to_owned(), json!([]))).collect();
        self.security.push(Value::Object(schemes));
    }

    /// Adds the fields of `T` as parameters of the query.
    pub fn query<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(&mut self.schemas.requests).to_value();
        self.query_fields(&schema);
    }

    fn query_fields(&mut self, schema: &Value) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({"name": name, "in": "query", "schema": not_null(schema)});
            if let (Some(object), Some(description)) = (parameter.as_object_mut(), description) {
                object.insert("description".to_owned(), description);
            }
            self.parameters.push(parameter);
        }
    }

    /// Sets the body: JSON of `T`.
    pub fn json_body<T: JsonSchema>(&mut self) {
        let schema = self.schemas.requests.subschema_for::<T>().to_value();
        self.body = Some(json!({"content": {"application/json": {"schema": schema}}}));
    }

    /// Sets the body: any text.
    pub fn text_body(&mut self) {
        let text = json!({"schema": {"type": "string", "minLength": 1}});
        self.body = Some(json!({"required": true, "content": {"text/plain": text}}));
    }

    /// Sets the request: a message of `proto/`, in the query of a GET or in the body in either encoding.
    pub fn message(&mut self, name: &str) {
        if self.method == Method::GET {
            let schema = self.schemas.messages.request(name);
            self.query_fields(&schema);
        } else {
            let schema = self.schemas.messages.reference(name);
            self.body = Some(json!({"content": in_both(name, &schema)}));
        }
    }

    /// Sets the answer of `/v1`: a message of `proto/` in either encoding.
    pub fn answers_message(&mut self, name: &str) {
        let mut success = json!({
            "type": "object",
            "required": ["code", "msg"],
            "properties": {"code": {"const": 1}, "msg": {"const": "success"}},
        });
        if self.schemas.messages.has_data(name) {
            success["required"] = json!(["code", "data", "msg"]);
            success["properties"]["data"] = self.schemas.messages.reference(name);
        }
        let json = json!({"oneOf": [success, reference("schemas", "V1Refusal")]});
        let text =
            format!("The message, or a refusal. Protobuf: {name} of proto/, in which a refusal has the status only.");
        self.answer = Some(json!({"description": text, "content": in_both(name, &json)}));
    }

    /// Sets the answer of the admin API: the envelope with `T` as `data`.
    pub fn answers<T: JsonSchema>(&mut self) {
        let data = self.schemas.answers.subschema_for::<T>().to_value();
        self.answers_with(&json!({"required": ["data"], "properties": {"data": data}}));
    }

    /// Sets the answer of the admin API: the envelope with the fields of `T` in it.
    pub fn answers_fields<T: JsonSchema>(&mut self) {
        let fields = self.schemas.answers.subschema_for::<T>().to_value();
        self.answers_with(&fields);
    }

    /// Sets the answer of the admin API: `T` as `data`, and its fields beside it.
    pub fn answers_both<T: JsonSchema>(&mut self) {
        let data = self.schemas.answers.subschema_for::<T>().to_value();
        self.answers_with(&json!({"required": ["data"], "properties": {"data": data}, "allOf": [data]}));
    }

    fn answers_with(&mut self, fields: &Value) {
        let envelope = json!({"type": "object", "required": ["code"], "properties": {"code": {"const": 200}}});
        let success = json!({"allOf": [envelope, fields]});
        let schema = json!({"oneOf": [success, reference("schemas", "AdminRefusal")]});
        let content = json!({"application/json": {"schema": schema}});
        self.answer = Some(json!({"description": "A success, or a refusal.", "content": content}));
    }

    /// Sets the answer of the ops listener: JSON of `T`.
    pub fn answers_json<T: JsonSchema>(&mut self) {
        let schema = self.schemas.answers.subschema_for::<T>().to_value();
        self.answer = Some(json!({"description": "The state.", "content": {"application/json": {"schema": schema}}}));
    }

    /// Sets the answer of the ops listener: text.
    pub fn answers_text(&mut self) {
        let content = json!({"text/plain": {"schema": {"type": "string"}}});
        self.answer = Some(json!({"description": "The process runs.", "content": content}));
    }
}

/// The content of a message in both encodings.
fn in_both(name: &str, json: &Value) -> Value {
    let description = format!("The message {name} of proto/.");
    let binary = json!({"type": "string", "contentEncoding": "binary", "description": description});
    let content = Encoding::ALL.map(|encoding| {
        let schema = if encoding == Encoding::Json { json.clone() } else { binary.clone() };
        (encoding.media_type().to_owned(), json!({"schema": schema}))
    });
    Value::Object(content.into_iter().collect())
}

/// A schema without null, which a query can't have.
fn not_null(mut schema: Value) -> Value {
    if let Some(types) = schema["type"].as_array_mut() {
        types.retain(|name| name != "null");
        if let [one] = &**types {
            schema["type"] = one.clone();
        }
    }
    schema
}

impl<T: ?Sized> Described for Data<T> {
    fn describe(_: &mut Description<'_>) {}
}

impl Described for HttpRequest {
    fn describe(_: &mut Description<'_>) {}
}

impl Described for () {
    fn describe(_: &mut Description<'_>) {}
}

impl<T: Described> Described for Result<T, Error> {
    fn describe(operation: &mut Description<'_>) {
        T::describe(operation);
    }
}

impl<A: Described> Described for (A,) {
    fn describe(operation: &mut Description<'_>) {
        A::describe(operation);
    }
}

impl<A: Described, B: Described> Described for (A, B) {
    fn describe(operation: &mut Description<'_>) {
        A::describe(operation);
        B::describe(operation);
    }
}

impl<A: Described, B: Described, C: Described> Described for (A, B, C) {
    fn describe(operation: &mut Description<'_>) {
        <(A, B)>::describe(operation);
        C::describe(operation);
    }
}

impl<A: Described, B: Described, C: Described, D: Described> Described for (A, B, C, D) {
    fn describe(operation: &mut Description<'_>) {
        <(A, B, C)>::describe(operation);
        D::describe(operation);
    }
}
