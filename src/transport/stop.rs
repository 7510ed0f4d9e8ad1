//! How a running gateway stops: without losing a request that someone sent to it (security.md 48).

use std::{
    io,
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{dev::ServerHandle, web::Data};
use socket2::SockRef;

use super::ops::Readiness;
use crate::sockets::Sockets;

/// How long connections that have begun may take to come about, and from the kernel to a worker, on a busy machine.
const ON_THE_WAY: Duration = Duration::from_millis(300);

/// Stops a running gateway.
#[derive(Clone)]
pub struct Stop {
    handles: Vec<ServerHandle>,
    readiness: Data<Readiness>,
    drain: Duration,
    sockets: Arc<Sockets>,
    /// The listening sockets once more; they are closed when nobody holds them.
    listeners: Arc<Mutex<Vec<TcpListener>>>,
}

impl Stop {
    pub(super) fn new(
        handles: Vec<ServerHandle>,
        readiness: Data<Readiness>,
        drain: Duration,
        sockets: Arc<Sockets>,
        listeners: Arc<Mutex<Vec<TcpListener>>>,
    ) -> Self {
        Self { handles, readiness, drain, sockets, listeners }
    }

    /// Fails readiness, answers for a while and closes each connection with its answer, closes sockets and listeners, and
    /// lets running requests finish.
    pub async fn gracefully(&self) {
        self.readiness.set(false);
        tokio::time::sleep(self.drain).await;
        self.sockets.close_all().await;
        let listeners = std::mem::take(&mut *self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
        for listener in &listeners {
            if let Err(error) = refuse_more(listener) {
                log::debug!("connections made from now on are cut: {error}");
            }
        }
        tokio::time::sleep(ON_THE_WAY).await;
        drop(listeners);
        futures_util::future::join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
    }
}

/// Lets no new connection begin, while those that did come about and are taken. Closing a listener cuts the connections that
/// the kernel has made and nobody has taken yet, and their requests with them: so there must be none. Who tries to connect
/// hears nothing, and that nobody listens when it tries again.
#[cfg(target_os = "linux")]
fn refuse_more(listener: &TcpListener) -> io::Result<()> {
    use socket2::SockFilter;
    /// Drops what asks for a connection (SYN); what ends a handshake (ACK) comes through. It sees a packet from its TCP
    /// header on, where byte 13 has the flags (RFC 9293 §3.1).
    const NO_SYN: [SockFilter; 4] = [
        SockFilter::new(0x30, 0, 0, 13),       // load byte 13
        SockFilter::new(0x45, 0, 1, 0x02),     // SYN? on; else skip one
        SockFilter::new(0x06, 0, 0, 0),        // drop
        SockFilter::new(0x06, 0, 0, u32::MAX), // take all of it
    ];
    SockRef::from(listener).attach_filter(&NO_SYN)
}

#[cfg(not(target_os = "linux"))]
fn refuse_more(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).listen(0)
}
