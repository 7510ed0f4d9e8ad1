//! What a connection learns from the service above it: when its requests begin and end.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_http::{ConnectionType, HttpMessage as _, Payload, Request, Response, StatusCode, error::PayloadError};
use actix_web::{body::BoxBody, rt::task::yield_now, web::Bytes};
use futures_util::Stream;

use super::stages::{Stages, Tail};

/// A request on a [`super::Connection`] and its answer.
pub struct Exchange {
    stages: Option<Rc<Stages>>,
    body: Option<Rc<Body>>,
}

impl Exchange {
    /// Tells the connection that the request begins, and follows the request's body.
    pub fn begin(request: &mut Request) -> Self {
        let stages = request.conn_data::<Rc<Stages>>().cloned();
        let payload = request.take_payload();
        let body = (!matches!(payload, Payload::None)).then(|| Rc::new(Body::new(payload, request, stages.clone())));
        if let Some(body) = &body {
            *request.payload() = Payload::Stream { payload: Box::pin(Incoming(Rc::clone(body))) };
        }
        if let Some(stages) = &stages {
            stages.begin(body.is_some());
        }
        Self { stages, body }
    }

    /// Tells the connection that the request is answered. If its body has not been read, the answer closes the
    /// connection.
    pub async fn end(self, mut answer: Response<BoxBody>) -> Response<BoxBody> {
        let Some(stages) = self.stages else { return answer };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            stages.upgraded();
            return answer;
        }
        let Some(body) = self.body else {
            stages.answered(Tail::BLANK_LINE);
            return answer;
        };
        if !body.is_read.get() {
            // What has arrived with the head reaches the body when the service has given way.
            yield_now().await;
            body.skip();
        }
        if body.is_read.get() {
            stages.answered(body.tail.get());
        } else {
            answer.head_mut().set_connection_type(ConnectionType::Close);
            stages.answered_early();
        }
        answer
    }
}

/// The body of a request as it arrives.
struct Body {
    payload: RefCell<Payload>,
    is_read: Cell<bool>,
    /// The client sends it when it is asked to.
    is_held_back: Cell<bool>,
    is_chunked: bool,
    tail: Cell<Tail>,
    stages: Option<Rc<Stages>>,
}

impl Body {
    fn new(payload: Payload, request: &Request, stages: Option<Rc<Stages>>) -> Self {
        Self {
            payload: RefCell::new(payload),
            is_read: Cell::new(false),
            is_held_back: Cell::new(request.head().expect()),
            is_chunked: request.chunked().unwrap_or(false),
            tail: Cell::default(),
            stages,
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        let next = Pin::new(&mut *self.payload.borrow_mut()).poll_next(cx);
        match &next {
            Poll::Ready(Some(Ok(bytes))) if !self.is_chunked => self.tail.set(self.tail.get().followed_by(bytes)),
            Poll::Ready(None) => self.finish(),
            Poll::Pending if self.is_held_back.replace(false) => {
                if let Some(stages) = &self.stages {
                    stages.ask_for_body();
                }
            }
            Poll::Ready(_) | Poll::Pending => {}
        }
        next
    }

    fn finish(&self) {
        if self.is_chunked {
            self.tail.set(Tail::BLANK_LINE);
        }
        self.is_read.set(true);
        if let Some(stages) = &self.stages {
            stages.set_busy();
        }
    }

    /// Drops what has arrived.
    fn skip(&self) {
        self.is_held_back.set(false);
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(Ok(_))) = self.poll(&mut cx) {}
    }
}

/// The body as the app reads it.
struct Incoming(Rc<Body>);

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll(cx)
    }
}
