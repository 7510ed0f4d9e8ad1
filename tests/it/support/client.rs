//! Sends requests to the gateway as clients do, without a socket.

use std::{net::SocketAddr, rc::Rc};

use actix_http::{BoxedPayloadStream, Payload, Request as HttpRequest, error::PayloadError};
use actix_web::{
    App as HttpApp,
    body::to_bytes,
    dev::{Service as _, ServiceResponse},
    http::{Method, StatusCode, header::HeaderMap},
    test::{TestRequest, init_service},
    web::Bytes,
};
use diglot::transport::{Service, pb};
use futures_util::{Stream, future::LocalBoxFuture};
use prost::Message;
use serde_json::Value;

use super::log::{note_secret, note_secrets_in};

type Call = dyn Fn(HttpRequest) -> LocalBoxFuture<'static, ServiceResponse>;

/// A client, with headers that it sends with every request.
#[derive(Clone)]
pub struct Client {
    call: Rc<Call>,
    headers: Vec<(String, String)>,
    peer: SocketAddr,
}

impl Client {
    pub async fn new(app: HttpApp<impl Service>) -> Self {
        let service = Rc::new(init_service(app).await);
        let call = move |request| -> LocalBoxFuture<'static, ServiceResponse> {
            let service = Rc::clone(&service);
            Box::pin(async move { service.call(request).await.unwrap() })
        };
        Self { call: Rc::new(call), headers: Vec::new(), peer: "203.0.113.7:5000".parse().unwrap() }
    }

    /// A client that also sends this header, which replaces one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same client from another address.
    pub fn from(mut self, address: &str) -> Self {
        self.peer = SocketAddr::new(address.parse().unwrap(), 5000);
        self
    }

    pub fn get(&self, uri: &str) -> Request {
        self.request(Method::GET, uri)
    }

    pub fn post(&self, uri: &str) -> Request {
        self.request(Method::POST, uri)
    }

    pub fn put(&self, uri: &str) -> Request {
        self.request(Method::PUT, uri)
    }

    pub fn request(&self, method: Method, uri: &str) -> Request {
        Request { client: self.clone(), method, uri: uri.to_owned(), body: Bytes::new(), more: Vec::new() }
    }
}

/// A request to be sent.
#[must_use]
pub struct Request {
    client: Client,
    method: Method,
    uri: String,
    body: Bytes,
    more: Vec<(String, String)>,
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.more.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self
    }

    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }

    pub fn proto(self, message: &impl Message) -> Self {
        self.header("content-type", "application/x-protobuf").body(message.encode_to_vec())
    }

    pub async fn send(self) -> Res {
        let (request, call) = self.into_request();
        answer(call(request).await).await
    }

    /// Sends a streamed body.
    pub async fn send_stream(self, body: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Res {
        let (request, call) = self.into_request();
        let (request, _) = request.replace_payload(Payload::Stream { payload: Box::pin(body) as BoxedPayloadStream });
        answer(call(request).await).await
    }

    fn into_request(self) -> (HttpRequest, Rc<Call>) {
        let mut request = TestRequest::with_uri(&self.uri).method(self.method).peer_addr(self.client.peer);
        let headers = || self.client.headers.iter().chain(&self.more);
        if !headers().any(|(name, _)| name == "host") {
            request = request.append_header(("host", "localhost:8080"));
        }
        for (name, value) in headers() {
            if matches!(name.as_str(), "token" | "access-token") {
                note_secret(value);
            }
            request = request.append_header((name.as_str(), value.as_str()));
        }
        note_secrets_in(&self.body);
        if !self.body.is_empty() {
            request = request.set_payload(self.body);
        }
        (request.to_request(), self.client.call)
    }
}

async fn answer(response: ServiceResponse) -> Res {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap();
    note_secrets_in(&body);
    Res { status, headers, body }
}

/// An answer.
#[derive(Debug)]
#[must_use]
pub struct Res {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Res {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{:?}", self.body);
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub fn proto<T: Message + Default>(&self) -> T {
        assert_eq!(self.header("content-type"), "application/x-protobuf", "{:?}", self.body);
        T::decode(self.body.clone()).unwrap()
    }

    /// `encoding | HTTP status | code | text` in either encoding; the text of a success is omitted.
    pub fn line(&self) -> String {
        let (encoding, code, text) = match self.header("content-type") {
            "application/x-protobuf" => {
                let status = self.proto::<pb::StatusResponse>().status.unwrap();
                ("protobuf", i64::from(status.code), status.msg)
            }
            "application/json" => {
                let json = self.json();
                let text =
                    ["msg", "message", "error"].into_iter().find_map(|field| json[field].as_str()).unwrap_or_default();
                ("json", json["code"].as_i64().unwrap(), text.to_owned())
            }
            other => panic!("neither encoding: {other:?} {:?}", self.body),
        };
        let text = if text == "success" { "" } else { &text };
        format!("{encoding} | {} | {code} | {text}", self.status.as_u16()).trim_end_matches([' ', '|']).to_owned()
    }

    /// The code in the envelope.
    pub fn code(&self) -> i64 {
        self.line().split(" | ").nth(2).unwrap().parse().unwrap()
    }

    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.status == StatusCode::OK && matches!(self.code(), 1 | 200), "{}", self.line());
    }

    #[track_caller]
    pub fn assert_line(&self, expected: &str) {
        assert_eq!(self.line(), expected);
    }
}
