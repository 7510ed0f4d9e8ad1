//! TLS on the app and web listeners, with a certificate that can be replaced while they serve.

use std::{fmt, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

/// The files of a certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those between it and the root.
    pub certificate: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key: PathBuf,
}

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file can't be read, or has no certificate.
    #[error("DIGLOT_TLS_CERT: {path}: {cause}")]
    Certificate {
        /// The file.
        path: String,
        /// Why not.
        cause: pem::Error,
    },
    /// The key's file can't be read, or has no private key.
    #[error("DIGLOT_TLS_KEY: {path}: {cause}")]
    Key {
        /// The file.
        path: String,
        /// Why not.
        cause: pem::Error,
    },
    /// The certificate and the key are not usable together.
    #[error("DIGLOT_TLS_CERT and DIGLOT_TLS_KEY: {0}")]
    Pair(#[from] rustls::Error),
}

/// The TLS of the listeners.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

/// The certificate in use.
struct Current(ArcSwap<CertifiedKey>);

impl Tls {
    /// TLS 1.2 and 1.3, for HTTP/2 and HTTP/1.1, with the certificate in `files`.
    ///
    /// # Errors
    /// If the certificate can't be used.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&files, &provider)?)));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Current>::clone(&current);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { files, current, config: Arc::new(config) })
    }

    /// Reads the files again; later connections get the new certificate.
    ///
    /// # Errors
    /// If the certificate can't be used; the old one stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.0.store(Arc::new(read(&self.files, self.config.crypto_provider())?));
        Ok(())
    }

    /// The time (Unix seconds) from which and until which the certificate and those between it and the root are all valid.
    /// `None` if one of them can't be understood.
    #[must_use]
    pub fn validity(&self) -> Option<(i64, i64)> {
        let chain = self.current.0.load();
        let of = |certificate: &CertificateDer<'_>| {
            let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
            Some((parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp()))
        };
        let (from, until): (Vec<_>, Vec<_>) =
            chain.cert.iter().map(of).collect::<Option<Vec<_>>>()?.into_iter().unzip();
        Some((from.into_iter().max()?, until.into_iter().min()?))
    }

    /// Accepts connections.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let certificate = |cause| TlsError::Certificate { path: files.certificate.display().to_string(), cause };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(certificate)?
        .collect::<Result<_, _>>()
        .map_err(certificate)?;
    if chain.is_empty() {
        return Err(certificate(pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|cause| TlsError::Key { path: files.key.display().to_string(), cause })?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}
