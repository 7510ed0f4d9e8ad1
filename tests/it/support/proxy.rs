//! A proxy for one port that can break connections silently, as a server does not.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Forwards connections to a server until it is switched to drop their data.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    is_silent: AtomicBool,
    is_over: AtomicBool,
    links: Mutex<Vec<Link>>,
    requests: Arc<AtomicUsize>,
}

/// A connection: its streams to the client and the server, and whether data is forwarded.
struct Link {
    client: TcpStream,
    server: Option<TcpStream>,
    is_passing: Arc<AtomicBool>,
}

impl Proxy {
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target,
            is_silent: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            links: Mutex::default(),
            requests: Arc::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                accepting.connect(client.unwrap());
            }
        });
        Self { address, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often a client has sent something so far: the round trips, if it waits for each answer.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Stops forwarding without closing anything. Open connections stay silent forever.
    pub fn go_silent(&self) {
        self.shared.is_silent.store(true, Ordering::Relaxed);
        for link in self.shared.links.lock().unwrap().iter() {
            link.is_passing.store(false, Ordering::Relaxed);
        }
    }

    /// Forwards new connections again.
    pub fn pass_again(&self) {
        self.shared.is_silent.store(false, Ordering::Relaxed);
    }

    /// Closes all connections.
    pub fn cut(&self) {
        for link in self.shared.links.lock().unwrap().drain(..) {
            link.client.shutdown(Shutdown::Both).ok();
            if let Some(server) = link.server {
                server.shutdown(Shutdown::Both).ok();
            }
        }
    }
}

impl Shared {
    fn connect(&self, client: TcpStream) {
        let is_passing = Arc::new(AtomicBool::new(!self.is_silent.load(Ordering::Relaxed)));
        let server = if is_passing.load(Ordering::Relaxed) { TcpStream::connect(self.target).ok() } else { None };
        if let Some(server) = &server {
            let answers = Arc::default();
            for (from, to, counter) in [(&client, server, &self.requests), (server, &client, &answers)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                let (is_passing, counter) = (Arc::clone(&is_passing), Arc::clone(counter));
                thread::spawn(move || forward(from, to, &is_passing, &counter));
            }
        } else if is_passing.load(Ordering::Relaxed) {
            client.shutdown(Shutdown::Both).ok();
        }
        self.links.lock().unwrap().push(Link { client, server, is_passing });
    }
}

/// Copies data in one direction; data received while forwarding is off is dropped.
fn forward(mut from: TcpStream, mut to: TcpStream, is_passing: &AtomicBool, counter: &AtomicUsize) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        counter.fetch_add(1, Ordering::Relaxed);
        let goes_through = is_passing.load(Ordering::Relaxed);
        if length == 0 || (goes_through && to.write_all(&buffer[..length]).is_err()) {
            break;
        }
    }
    if is_passing.load(Ordering::Relaxed) {
        to.shutdown(Shutdown::Both).ok();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.cut();
        drop(TcpStream::connect(self.address));
    }
}
