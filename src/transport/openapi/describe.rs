//! How types describe an operation.

use std::sync::LazyLock;

use actix_web::http::Method;
use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use super::messages::{Messages, reference};
use crate::transport::{api::Api, codec::Encoding, error::statuses};

/// Where the document keeps schemas that several operations use.
const SCHEMAS: &str = "/components/schemas";

/// What the operations of a path have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/v1`: protobuf and JSON; the documented encoding is that of an answer when the client names none.
    V1(Encoding),
    /// The admin API: JSON.
    Admin,
    /// OAuth 2.0: JSON without an envelope.
    OAuth,
    /// The adapter for `MongooseIM`: text.
    MongooseIm,
    /// The adapter for Tinode: JSON.
    Tinode,
    /// Images and their uploads: no envelope.
    Media,
    /// The ops listener.
    Ops,
    /// What is not an operation, such as the documentation.
    Page,
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
                SCHEMAS.clone_into(settings.definitions_path.to_mut());
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

    /// All schemas by name: of messages, requests and answers.
    pub(super) fn into_components(mut self) -> [Map<String, Value>; 3] {
        let [requests, answers] = [&mut self.requests, &mut self.answers].map(|types| types.take_definitions(true));
        [self.messages.into_components(), requests, answers]
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
    answers: Map<String, Value>,
    messages: MessageNames,
}

/// The names of the messages of an operation of `/v1`. A request without fields has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageNames {
    /// The request.
    pub request: Option<&'static str>,
    /// The answer.
    pub answer: Option<&'static str>,
}

impl Operation {
    /// The messages of an operation of `/v1`.
    pub fn messages(&self) -> MessageNames {
        Description::new(self, Kind::V1(Encoding::Protobuf), &mut Schemas::new()).messages
    }
}

impl<'a> Description<'a> {
    fn new(operation: &Operation, kind: Kind, schemas: &'a mut Schemas) -> Self {
        let method = operation.method.clone();
        let (parameters, security, answers) = (Vec::new(), Vec::new(), Map::new());
        let messages = MessageNames::default();
        let mut description = Self { schemas, method, kind, parameters, security, body: None, answers, messages };
        (operation.describe)(&mut description);
        description
    }

    /// Describes an operation of `path`.
    pub(super) fn of(operation: &Operation, path: &str, kind: Kind, schemas: &'a mut Schemas) -> Value {
        Self::new(operation, kind, schemas).finish(operation.summary, path)
    }

    fn finish(mut self, summary: &str, path: &str) -> Value {
        let (tag, failure) = match self.kind {
            Kind::V1(_) => ("v1", Some((Api::V1, "V1Failure"))),
            Kind::Admin => ("admin", Some((Api::Admin, "AdminFailure"))),
            Kind::OAuth => ("oauth", Some((Api::OAuth, "OAuthFailure"))),
            Kind::MongooseIm => ("adapters", Some((Api::OAuth, "OAuthFailure"))),
            Kind::Tinode => ("adapters", Some((Api::Tinode, "TinodeFailure"))),
            Kind::Media if Api::is_of_qiniu(path) => ("media", Some((Api::of(path), "UploadFailure"))),
            Kind::Media => ("media", Some((Api::Admin, "AdminFailure"))),
            Kind::Ops | Kind::Page => ("ops", None),
        };
        if let Some((api, failure)) = failure {
            self.parameters.extend(["AcceptLanguage", "Prefer"].map(|name| reference("parameters", name)));
            let failures =
                statuses(api).into_iter().map(|status| (status.to_string(), reference("responses", failure)));
            self.answers.extend(failures);
            if let Some(success) = self.answers.get_mut("200").and_then(Value::as_object_mut) {
                success.insert("headers".to_owned(), json!({"X-Request-Id": reference("headers", "RequestId")}));
            }
        } else {
            self.answer(404, json!({"description": "On a listener other than the ops listener."}));
            self.answer(405, json!({"description": "Another method than GET."}));
        }
        self.add_examples(path);
        let mut object = json!({
            "operationId": operation_id(&self.method, path),
            "tags": [tag],
            "summary": summary,
            "security": self.security,
            "parameters": self.parameters,
            "responses": self.answers,
        });
        if let (Some(object), Some(body)) = (object.as_object_mut(), self.body) {
            object.insert("requestBody".to_owned(), body);
        }
        object
    }

    /// Adds the operation's example to its JSON. The examples are recorded by a test (`tests/it/openapi_examples/`).
    fn add_examples(&mut self, path: &str) {
        static EXAMPLES: LazyLock<Value> =
            LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());
        let Some(example) = EXAMPLES.get(format!("{} {path}", self.method)) else { return };
        let places = [(self.body.as_mut(), "request"), (self.answers.get_mut("200"), "answer")];
        for (place, name) in places {
            let content = place.and_then(|place| place.get_mut("content")).and_then(Value::as_object_mut);
            let json = content.into_iter().flatten().find(|(name, _)| !name.contains("protobuf")).map(|(_, json)| json);
            if let (Some(object), Some(example)) = (json.and_then(Value::as_object_mut), example.get(name)) {
                object.insert("example".to_owned(), example.clone());
            }
        }
    }

    fn answer(&mut self, status: u16, answer: Value) {
        self.answers.insert(status.to_string(), answer);
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
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({"name": name, "in": "query", "schema": not_null(schema)});
            if let (Some(object), Some(description)) = (parameter.as_object_mut(), description) {
                object.insert("description".to_owned(), description);
            }
            self.parameters.push(parameter);
        }
    }

    /// Adds a part of the path.
    pub fn path_parameter(&mut self, name: &str) {
        self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    }

    /// Sets the body: JSON of `T`.
    pub fn json_body<T: JsonSchema>(&mut self) {
        let schema = self.schemas.requests.subschema_for::<T>().to_value();
        self.body = Some(json!({"content": {"application/json": {"schema": schema}}}));
    }

    /// Sets the body: a form of `T`.
    pub fn form_body<T: JsonSchema>(&mut self) {
        let schema = self.schemas.requests.subschema_for::<T>().to_value();
        self.body =
            Some(json!({"required": true, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}));
    }

    /// Sets the body: any text.
    pub fn text_body(&mut self) {
        let text = json!({"schema": {"type": "string", "minLength": 1}});
        self.body = Some(json!({"required": true, "content": {"text/plain": text}}));
    }

    /// Sets the body: a file of one of these media types, or a form with it.
    pub fn file_body(&mut self, media_types: &[&str]) {
        let file = json!({"type": "string", "contentEncoding": "binary"});
        let form = json!({"type": "object", "required": ["file"], "properties": {"file": file}});
        let mut content: Map<String, Value> =
            media_types.iter().map(|name| ((*name).to_owned(), json!({"schema": file}))).collect();
        content.insert("multipart/form-data".to_owned(), json!({"schema": form}));
        self.body = Some(json!({"required": true, "content": content}));
    }

    /// Sets the request: a message of `proto/`, in the query of a GET or in the body in either encoding.
    pub fn message(&mut self, name: &'static str) {
        self.messages.request = Some(name);
        if self.method == Method::GET {
            let schema = self.schemas.messages.request(name);
            self.query_fields(&schema);
        } else {
            let schema = self.schemas.messages.reference(name);
            self.body = Some(json!({"content": in_both(name, &schema)}));
        }
    }

    /// Sets the answer of `/v1`: a message of `proto/` in either encoding.
    pub fn answers_message(&mut self, name: &'static str) {
        self.messages.answer = Some(name);
        let (code, msg) = (json!({"const": 1}), json!({"const": "success"}));
        let success = if self.schemas.messages.has_data(name) {
            let data = self.schemas.messages.reference(name);
            let properties = json!({"code": code, "data": data, "msg": msg});
            json!({"type": "object", "required": ["code", "data", "msg"], "properties": properties})
        } else {
            json!({"type": "object", "required": ["code", "msg"], "properties": {"code": code, "msg": msg}})
        };
        let json = json!({"oneOf": [success, reference("schemas", "V1Refusal")]});
        let text =
            format!("The message, or a refusal. Protobuf: {name} of proto/, in which a refusal has the status only.");
        self.answer(200, json!({"description": text, "content": in_both(name, &json)}));
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
        self.answer(200, json!({"description": "A success, or a refusal.", "content": content}));
    }

    /// Sets the answer of the ops listener with that status: JSON of `T`.
    pub fn answers_json<T: JsonSchema>(&mut self, status: u16, description: &str) {
        let schema = self.schemas.answers.subschema_for::<T>().to_value();
        let content = json!({"application/json": {"schema": schema}});
        self.answer(status, json!({"description": description, "content": content}));
    }

    /// Sets the answer of the admin API: a file of one of these media types, or a refusal in JSON.
    pub fn answers_file(&mut self, media_types: &[&str]) {
        let file = json!({"schema": {"type": "string"}});
        let mut content: Map<String, Value> =
            media_types.iter().map(|name| ((*name).to_owned(), file.clone())).collect();
        content.insert("application/json".to_owned(), json!({"schema": reference("schemas", "AdminRefusal")}));
        self.answer(200, json!({"description": "The file, or a refusal.", "content": content}));
    }

    /// Sets the answer: an image of one of these media types, or where it is.
    pub fn answers_image(&mut self, media_types: &[&str]) {
        let content: Map<String, Value> = media_types.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        self.answer(200, json!({"description": "The image.", "content": content}));
        self.answer(302, json!({"description": "The address of the image."}));
        self.answer(304, json!({"description": "The client has the image already."}));
    }

    /// Sets the answer: text.
    pub fn answers_text(&mut self, meaning: &str) {
        let content = json!({"text/plain": {"schema": {"type": "string"}}});
        self.answer(200, json!({"description": meaning, "content": content}));
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
    let one = match schema.get_mut("type").and_then(Value::as_array_mut) {
        Some(types) => {
            types.retain(|name| name != "null");
            types.first().cloned().filter(|_| types.len() == 1)
        }
        None => None,
    };
    if let (Some(object), Some(one)) = (schema.as_object_mut(), one) {
        object.insert("type".to_owned(), one);
    }
    schema
}

/// `POST`, `/v1/user/edit-nickname` → `post_v1_user_edit_nickname`.
fn operation_id(method: &Method, path: &str) -> String {
    let method = method.as_str().to_ascii_lowercase();
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}
