//! A gateway with all its listeners, and raw requests to it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::rt::{net::TcpStream, spawn};
use diglot::{
    config::Config,
    transport::{Listeners, Server, Stop},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::TestApp;

/// A gateway that listens on ports chosen by the system.
pub struct Running {
    pub t: TestApp,
    pub app: SocketAddr,
    pub web: SocketAddr,
    pub ops: SocketAddr,
    pub stop: Stop,
}

impl Running {
    pub async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(adapt: impl FnOnce(&mut Config)) -> Self {
        let port_0 = SocketAddr::from(([127, 0, 0, 1], 0));
        let t = TestApp::with(|config| {
            config.listen = port_0;
            config.web_listen = Some(port_0);
            config.ops_listen = Some(port_0);
            config.shutdown_secs = 5;
            config.drain_secs = 1;
            adapt(config);
        })
        .await;
        let listeners = Listeners::bind(&t.gateway.config).unwrap();
        let [app, web, ops] = listeners.addresses().map(|(_, address)| address.unwrap());
        let server = Server::start(Arc::clone(&t.gateway), listeners).unwrap();
        let stop = server.stop();
        spawn(server.run(std::future::pending()));
        Self { t, app, web, ops, stop }
    }

    pub async fn stop(self) {
        self.stop.gracefully().await;
    }
}

/// Sends bytes on a new connection and reads until it closes.
pub async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end after {:?}", String::from_utf8_lossy(&answer));
    String::from_utf8_lossy(&answer).into_owned()
}

pub async fn get(address: SocketAddr, path: &str) -> String {
    raw(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await
}

pub fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}
