//! The frames to the client, as the body of the answer to its handshake, and what becomes of the connection behind them.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};
use tokio::sync::oneshot::Receiver;

use crate::transport::connection::Stages;

/// How a socket has ended.
pub(super) enum Ending {
    /// The closing handshake is complete, or the client does not answer: the server closes the connection at once
    /// (RFC 6455 §7.1.1).
    Clean,
    /// The client may still be sending. Closing at once could destroy the close frame, so the connection ends like one
    /// after an answer to a request whose body has not been read.
    Unclean,
}

/// The frames to the client. After the last one the answer continues until the socket has ended, since nothing is read
/// from the connection for the socket after the end of the answer.
pub(super) struct Outgoing {
    pub(super) frames: BoxBody,
    pub(super) ended: Receiver<Ending>,
    /// The connection; none in tests without one.
    pub(super) connection: Option<Rc<Stages>>,
}

impl MessageBody for Outgoing {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.frames.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if let Some(frame) = ready!(Pin::new(&mut this.frames).poll_next(cx)) {
            return Poll::Ready(Some(frame));
        }
        let ending = ready!(Pin::new(&mut this.ended).poll(cx));
        if let (Ok(Ending::Clean), Some(connection)) = (ending, &this.connection) {
            connection.end();
        }
        Poll::Ready(None)
    }
}
