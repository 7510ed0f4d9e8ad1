//! Files that the settings name.

use super::Finding;
use crate::tls::{Tls, TlsFiles};

/// Whether a certificate can be used.
pub(super) fn certificate(files: TlsFiles) -> Finding {
    match Tls::load(files) {
        Ok(_) => Finding::Good("the certificate and its key can be used".to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    }
}
