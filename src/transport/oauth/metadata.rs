//! The published keys, and where what is (RFC 8414).

use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{Answer, Cacheable};
use crate::{
    domain::signing_keys,
    gateway::Gateway,
    signing::{ALGORITHM, PublicJwk, public_jwk},
    transport::path::{Path, oauth},
};

pub(super) fn paths() -> Vec<Path> {
    let about = "Where the keys and operations for other servers are (RFC 8414)";
    vec![
        oauth("/.well-known/jwks.json").get(keys, "The keys that verify access tokens (RFC 7517)"),
        oauth("/.well-known/oauth-authorization-server").get(metadata, about),
        oauth("/.well-known/openid-configuration").get(metadata, about),
    ]
}

/// A set of keys (RFC 7517 §5).
#[derive(Serialize, JsonSchema)]
struct KeySet {
    keys: Vec<PublicJwk>,
}

async fn keys(gateway: Data<Gateway>) -> Answer<Cacheable<KeySet>> {
    let all = signing_keys::list(&gateway).await?;
    Ok(Cacheable(KeySet { keys: all.published(gateway.clock.now_ms()).map(public_jwk).collect() }))
}

/// The metadata of RFC 8414 §2 and, for libraries that ask for those only, of `OpenID` Connect Discovery.
#[derive(Serialize, JsonSchema)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    /// None: users log in with the operations of `/v1`.
    response_types_supported: [&'static str; 0],
    /// None.
    grant_types_supported: [&'static str; 0],
    scopes_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

async fn metadata(gateway: Data<Gateway>) -> Answer<Cacheable<Metadata>> {
    let issuer = gateway.config.issuer();
    Ok(Cacheable(Metadata {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        introspection_endpoint: format!("{issuer}/oauth2/introspect"),
        issuer,
        introspection_endpoint_auth_methods_supported: ["client_secret_basic", "bearer"],
        response_types_supported: [],
        grant_types_supported: [],
        scopes_supported: ["user"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [ALGORITHM],
    }))
}
