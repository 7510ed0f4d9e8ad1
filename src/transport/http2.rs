//! HTTP/2, on connections whose client chose it in the TLS handshake (RFC 9113).
//!
//! hyper speaks the protocol: actix-http's own implementation bounds neither the streams of a connection nor says
//! goodbye when the node stops.

use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_http::{BoxedPayloadStream, Payload, Request, Response, StatusCode, error::PayloadError};
use actix_server::GracefulShutdownSignal;
use actix_service::Service;
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    http::{
        Method, Uri, Version,
        header::{self, HeaderName, HeaderValue},
    },
    rt,
    web::Bytes,
};
use futures_util::{StreamExt as _, future};
use http_body_util::BodyDataStream;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::connection::Connection;

/// How many requests of a connection are served at once; more wait in the client.
const MAX_STREAMS: u32 = 100;

/// How many requests that the client cancelled may wait to be noticed: a client that cancels more at once is cut off
/// (CVE-2023-44487).
const MAX_RESETS: usize = 20;

/// How many errors of the client are answered before it is cut off.
const MAX_ERRORS: usize = 100;

/// The largest head of a request in bytes.
const MAX_HEAD: u32 = 16 * 1024;

/// How much of a request's body may arrive before it is read, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;

/// A client that has been silent for this long is asked whether it is there, and has as long to answer.
const PING_AFTER: Duration = Duration::from_secs(20);

/// Serves a connection until it ends. When the node stops, the requests that have begun are served.
pub async fn serve<S>(connection: Connection, peer: Option<SocketAddr>, app: Rc<S>, stop: GracefulShutdownSignal)
where
    S: Service<Request, Response = Response<BoxBody>, Error = Response<BoxBody>> + 'static,
{
    let stages = connection.stages();
    stages.multiplexed();
    let answer = service_fn(|request: http::Request<Incoming>| {
        let (stages, app) = (Rc::clone(&stages), Rc::clone(&app));
        async move {
            let stream = stages.begin_stream();
            let is_head = request.method() == http::Method::HEAD;
            let answer = match from_http2(request, peer) {
                Ok(request) => app.call(request).await.unwrap_or_else(|refusal| refusal),
                Err(status) => Response::new(status),
            };
            drop(stream);
            to_http2(answer, is_head)
        }
    });
    let mut connection = pin!(
        http2::Builder::new(OnThisThread)
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_pending_accept_reset_streams(MAX_RESETS)
            .max_local_error_reset_streams(MAX_ERRORS)
            .max_header_list_size(MAX_HEAD)
            .initial_stream_window_size(STREAM_WINDOW)
            .keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PING_AFTER)
            .serve_connection(TokioIo::new(connection), answer)
    );
    let ended = match future::select(connection.as_mut(), pin!(stop.notified())).await {
        future::Either::Left((ended, _)) => ended,
        future::Either::Right(_) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        log::debug!("an HTTP/2 connection ended: {error}");
    }
}

/// Spawns the tasks of a connection on its worker.
#[derive(Clone)]
struct OnThisThread;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, task: F) {
        rt::spawn(task);
    }
}

/// The request as actix has it. Its authority becomes the header `host` (RFC 9113 §8.3.1).
fn from_http2(request: http::Request<Incoming>, peer: Option<SocketAddr>) -> Result<Request, StatusCode> {
    let (parts, body) = request.into_parts();
    let body = BodyDataStream::new(body).map(|part| part.map_err(|error| PayloadError::Io(io::Error::other(error))));
    let payload: BoxedPayloadStream = Box::pin(body);
    let mut request = Request::with_payload(Payload::Stream { payload });
    let head = request.head_mut();
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = Uri::try_from(path).map_err(|_| StatusCode::BAD_REQUEST)?;
    head.version = Version::HTTP_2;
    head.peer_addr = peer;
    if let Some(authority) = parts.uri.authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| StatusCode::BAD_REQUEST)?;
        head.headers.insert(header::HOST, host);
    }
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?;
        // Clients may split the header `cookie` (RFC 9113 §8.2.3); a second `host` would contradict the authority.
        if name != header::HOST || !head.headers.contains_key(header::HOST) {
            head.headers.append(name, value);
        }
    }
    Ok(request)
}

/// The answer as hyper has it, without the headers that are about an HTTP/1.1 connection (RFC 9113 §8.2.2).
fn to_http2(answer: Response<BoxBody>, is_head: bool) -> Result<http::Response<Outgoing>, http::Error> {
    let (head, body) = answer.into_parts();
    let mut answer = http::Response::builder().status(head.status().as_u16());
    for (name, value) in head.headers() {
        if ![header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE].contains(name) {
            answer = answer.header(name.as_str(), value.as_bytes());
        }
    }
    if !is_head {
        return answer.body(Outgoing(body));
    }
    if let BodySize::Sized(length) = body.size() {
        answer = answer.header("content-length", length);
    }
    answer.body(Outgoing(BoxBody::new(())))
}

/// The body of an answer.
struct Outgoing(BoxBody);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_next(cx).map_ok(Frame::data).map_err(|error| io::Error::other(error.to_string()))
    }

    fn is_end_stream(&self) -> bool {
        self.0.size().is_eof()
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.size() {
            BodySize::None => SizeHint::with_exact(0),
            BodySize::Sized(length) => SizeHint::with_exact(length),
            BodySize::Stream => SizeHint::default(),
        }
    }
}
