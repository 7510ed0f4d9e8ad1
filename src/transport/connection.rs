//! The stream of a connection, below HTTP: its deadlines (security.md 33) and its place among the open connections.
//!
//! actix-http times only the first head of a connection, and reads an unread body without end after its answer. So the
//! stream ends by itself when a deadline has passed: to HTTP it looks as if the client had closed its side.

mod bounds;
mod exchange;
mod io;
mod stages;
mod upgrade;

use std::{
    future::poll_fn,
    io::{Error, ErrorKind, Result},
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::rt::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use self::{bounds::Place, io::Io, stages::HEAD_TIMEOUT};
pub use self::{
    bounds::{Bounds, open_files, room},
    exchange::Exchange,
    stages::{Stages, UNREAD_BODY_TIMEOUT},
};

/// How long sent data may stay unacknowledged by the client before its connection is closed.
#[cfg(target_os = "linux")]
const SLOWEST_READER: std::time::Duration = std::time::Duration::from_secs(10);

/// An accepted connection.
pub struct Connection {
    stream: Io,
    stages: Rc<Stages>,
    /// Wakes the connection at its deadline. While a later deadline is set, it stays at the earlier one and is moved
    /// when it fires, so that a request costs no change of a timer.
    timer: Option<Pin<Box<Sleep>>>,
    place: Option<Place>,
}

impl Connection {
    /// Sets up an accepted stream. `bounds` and `tls` are those of its listener, if it has any.
    ///
    /// # Errors
    /// When too many connections are open and none of them can be closed for this one, and when the TLS handshake fails
    /// or takes too long.
    pub async fn accept(
        stream: TcpStream,
        peer: Option<SocketAddr>,
        bounds: Option<&Arc<Bounds>>,
        tls: Option<&TlsAcceptor>,
    ) -> Result<Self> {
        if let Err(error) = set_options(&stream) {
            log::debug!("a connection is as the system made it: {error}");
        }
        let place = match (bounds, peer) {
            (Some(bounds), Some(peer)) => Some(bounds.admit(peer.ip()).ok_or(ErrorKind::QuotaExceeded)?),
            _ => None,
        };
        let stream = match tls {
            None => Io::Plain(stream),
            // Boxed, since a connection without TLS would have room for it all its life.
            Some(tls) => Box::pin(handshake(tls, stream, place.as_ref())).await?,
        };
        let stages = Rc::new(Stages::new(place.as_ref().map(Place::activity)));
        Ok(Self { stream, stages, timer: None, place })
    }

    /// Whether the client chose HTTP/2.
    pub fn is_http2(&self) -> bool {
        self.stream.is_http2()
    }

    /// What the stream and the service above it share.
    pub fn stages(&self) -> Rc<Stages> {
        Rc::clone(&self.stages)
    }

    /// Whether the connection is to end: its deadline has passed, or its place is needed. Wakes the task otherwise.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.place.as_ref().is_some_and(|place| place.is_revoked(cx)) {
            self.stages.end();
        }
        let Some(deadline) = self.stages.deadline() else { return self.stages.has_ended() };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if deadline <= Instant::now() {
                self.stages.end_late();
                return true;
            }
            timer.as_mut().reset(deadline);
        }
        false
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while let Some(unsent) = self.stages.unsent() {
            let length = ready!(Pin::new(&mut self.stream).poll_write(cx, unsent))?;
            self.stages.sent(length);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = if this.stages.has_ended() { Poll::Pending } else { Pin::new(&mut this.stream).poll_read(cx, buf) };
        match read {
            Poll::Ready(Ok(())) => {
                let received = buf.filled_mut().get_mut(before..).unwrap_or_default();
                if !this.stages.received(received) {
                    buf.set_filled(before);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // Nothing read is the end of the stream.
            Poll::Pending if this.is_over(cx) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_unsent(cx))?;
        Pin::new(&mut this.stream).poll_write(cx, bytes)
    }

    /// actix-http flushes at the end of every round, also when it has written nothing.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        // The deadline may have changed since the last read.
        if !this.stages.has_ended() && this.is_over(cx) {
            cx.waker().wake_by_ref();
        }
        ready!(this.poll_unsent(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The TLS handshake, which has to be complete as soon as a request's head (security.md 33).
async fn handshake(tls: &TlsAcceptor, stream: TcpStream, place: Option<&Place>) -> Result<Io> {
    let revoked = poll_fn(|cx| match place {
        Some(place) if place.is_revoked(cx) => Poll::Ready(()),
        Some(_) | None => Poll::Pending,
    });
    let accepted = timeout(HEAD_TIMEOUT, tls.accept(stream));
    tokio::select! {
        accepted = accepted => Ok(Io::Tls(Box::new(accepted.map_err(|_| Error::from(ErrorKind::TimedOut))??))),
        () = revoked => Err(ErrorKind::QuotaExceeded.into()),
    }
}

/// With `TCP_NODELAY` an answer in several parts does not wait for the client to acknowledge the first, and
/// `TCP_USER_TIMEOUT` closes the connection of a client that stops reading.
fn set_options(stream: &TcpStream) -> Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SLOWEST_READER))?;
    Ok(())
}
