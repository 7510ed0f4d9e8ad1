//! Certificates, and clients that trust them.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use diglot::{config::Config, tls::TlsFiles};
use http::{Request as HttpRequest, Response as HttpResponse};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Bytes,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{net::TcpStream, task::spawn_local};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A certificate for `localhost` and 127.0.0.1 in a folder of its own.
pub struct Certificate {
    folder: TempDir,
}

impl Certificate {
    pub fn new() -> Self {
        let certificate = Self { folder: tempfile::tempdir().unwrap() };
        certificate.renew();
        certificate
    }

    /// Writes another certificate with another key.
    pub fn renew(&self) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        fs::write(self.path("certificate"), cert.pem()).unwrap();
        fs::write(self.path("key"), signing_key.serialize_pem()).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.pem"))
    }

    /// Makes the app and web listeners use it.
    pub fn configure(&self, config: &mut Config) {
        config.tls = Some(TlsFiles { certificate: self.path("certificate"), key: self.path("key") });
    }

    /// Connects and offers `protocols`. Fails if the server has another certificate.
    pub async fn connect(&self, address: SocketAddr, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("certificate")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    /// Sends a request over HTTP/1.1.
    pub async fn send_http1(&self, address: SocketAddr, request: HttpRequest<Full<Bytes>>) -> HttpResponse<Bytes> {
        let stream = self.connect(address, &["http/1.1"]).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        spawn_local(connection);
        collect(sender.send_request(request).await.unwrap()).await
    }

    /// A connection with HTTP/2.
    pub async fn http2(&self, address: SocketAddr) -> http2::SendRequest<Full<Bytes>> {
        let stream = self.connect(address, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        spawn_local(connection);
        sender
    }
}

/// An answer with its body.
pub async fn collect(answer: HttpResponse<hyper::body::Incoming>) -> HttpResponse<Bytes> {
    let (head, body) = answer.into_parts();
    HttpResponse::from_parts(head, body.collect().await.unwrap().to_bytes())
}
