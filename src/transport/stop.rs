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

/// How long connections that were made already may take to come from the kernel to a worker.
const ON_THE_WAY: Duration = Duration::from_millis(50);

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

/// Lets no new connection come about, while those that did are still taken. Closing a listener cuts the connections that
/// the kernel has made and nobody has taken yet, and their requests with them: so there must be none. Who tries to connect
/// hears nothing, and that nobody listens when it tries again.
#[cfg(target_os = "linux")]
fn refuse_more(listener: &TcpListener) -> io::Result<()> {
    /// A packet filter of one instruction: "return 0", which drops the packet (`BPF_RET | BPF_K`).
    const NOTHING: socket2::SockFilter = socket2::SockFilter::new(6, 0, 0, 0);
    SockRef::from(listener).attach_filter(&[NOTHING])
}

#[cfg(not(target_os = "linux"))]
fn refuse_more(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).listen(0)
}
