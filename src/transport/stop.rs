//! Graceful shutdown, which does not lose a request that a client has sent (security.md 48).

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

/// How long a started handshake may take to complete, and its connection to reach a worker, on a busy machine.
const HANDSHAKE_GRACE: Duration = Duration::from_millis(300);

/// Stops a running gateway.
#[derive(Clone)]
pub struct Stop {
    handles: Vec<ServerHandle>,
    readiness: Data<Readiness>,
    drain: Duration,
    sockets: Arc<Sockets>,
    /// Duplicates of the listening sockets; a listening socket closes with its last handle.
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

    /// Fails readiness; for the drain period, still answers but closes each connection after its answer; then closes
    /// `WebSocket` connections and listeners, and lets running requests finish.
    pub async fn gracefully(&self) {
        self.readiness.set(false);
        tokio::time::sleep(self.drain).await;
        self.sockets.close_all().await;
        let listeners = std::mem::take(&mut *self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
        for listener in &listeners {
            if let Err(error) = refuse_new_connections(listener) {
                log::debug!("connections made from now on are cut: {error}");
            }
        }
        tokio::time::sleep(HANDSHAKE_GRACE).await;
        drop(listeners);
        futures_util::future::join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
    }
}

/// Drops new connection attempts, while handshakes in progress complete and are accepted. Closing a listener resets the
/// connections that the kernel has established but no worker has accepted, and loses their requests, so the accept
/// queue must be empty by then. A client that connects gets no answer at first, and a refusal when it retries.
#[cfg(target_os = "linux")]
fn refuse_new_connections(listener: &TcpListener) -> io::Result<()> {
    use socket2::SockFilter;
    /// Drops packets that open a connection (SYN) and passes those that complete a handshake (ACK). The filter sees a
    /// packet from its TCP header on, where byte 13 has the flags (RFC 9293 §3.1).
    const NO_SYN: [SockFilter; 4] = [
        SockFilter::new(0x30, 0, 0, 13),       // load byte 13
        SockFilter::new(0x45, 0, 1, 0x02),     // SYN set: next; else skip one
        SockFilter::new(0x06, 0, 0, 0),        // drop
        SockFilter::new(0x06, 0, 0, u32::MAX), // pass the whole packet
    ];
    SockRef::from(listener).attach_filter(&NO_SYN)
}

#[cfg(not(target_os = "linux"))]
fn refuse_new_connections(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).listen(0)
}
