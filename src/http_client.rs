//! How the gateway sends requests to other services: without redirects and proxies.

use std::time::Duration;

use ureq::{
    Agent,
    config::Config,
    tls::{RootCerts, TlsConfig},
};

/// What all clients have in common. A `timeout` is for a request as a whole.
pub fn config(timeout: Option<Duration>) -> Config {
    Agent::config_builder()
        .timeout_global(timeout)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("diglot")
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
}
