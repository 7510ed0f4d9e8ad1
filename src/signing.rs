//! JSON Web Tokens (RFC 7519) with ES256 signatures (RFC 7518 §3.4), and their keys.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    model::SigningKey,
    random::{Random, RandomError},
    secret::{KeyPurpose, Secret},
};

/// The only algorithm that is used.
pub const ALGORITHM: &str = "ES256";

/// The length of a coordinate on the curve.
const COORDINATE: usize = 32;

/// Why a key or a token can't be made.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The operating system provides no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key can't be made or used. A stored one is damaged, or belongs to another secret.
    #[error("the signing key can't be used")]
    Key,
    /// The claims are not JSON.
    #[error("the claims can't be encoded: {0}")]
    Claims(#[from] serde_json::Error),
}

impl From<Unspecified> for SigningError {
    fn from(_: Unspecified) -> Self {
        Self::Key
    }
}

/// A published key (RFC 7517 §4, RFC 7518 §6.2).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PublicJwk {
    /// `EC`.
    pub kty: &'static str,
    /// `P-256`.
    pub crv: &'static str,
    /// The x coordinate, in base64url.
    pub x: String,
    /// The y coordinate, in base64url.
    pub y: String,
    /// Its thumbprint.
    pub kid: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// [`ALGORITHM`].
    pub alg: &'static str,
}

/// Makes a key pair. Its private key is encrypted under `secret`.
///
/// # Errors
/// See [`SigningError`].
pub fn generate(secret: &Secret, created_at_ms: i64, signs_from_ms: i64) -> Result<SigningKey, SigningError> {
    let rng = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng)?;
    let pair = pair(pkcs8.as_ref())?;
    let public_key = pair.public_key().as_ref().to_vec();
    let id = thumbprint(&public_key);
    let encrypted_private_key = encrypt(secret, &id, pkcs8.as_ref())?;
    Ok(SigningKey { id, public_key, encrypted_private_key, created_at_ms, signs_from_ms, revoked_at_ms: None })
}

fn pair(pkcs8: &[u8]) -> Result<EcdsaKeyPair, SigningError> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new())
        .map_err(|_| SigningError::Key)
}

/// The thumbprint of a public key (RFC 7638 §3.2).
fn thumbprint(public_key: &[u8]) -> String {
    let (x, y) = coordinates(public_key);
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    BASE64.encode(Sha256::digest(members.as_bytes()))
}

/// The coordinates of an uncompressed point, which a byte precedes, in base64url.
fn coordinates(public_key: &[u8]) -> (String, String) {
    let point = public_key.split_first().and_then(|(_, point)| point.split_at_checked(COORDINATE));
    let (x, y) = point.unwrap_or_default();
    (BASE64.encode(x), BASE64.encode(y))
}

/// The key as it is published.
#[must_use]
pub fn public_jwk(key: &SigningKey) -> PublicJwk {
    let (x, y) = coordinates(&key.public_key);
    PublicJwk { kty: "EC", crv: "P-256", x, y, kid: key.id.clone(), usage: "sig", alg: ALGORITHM }
}

/// The cipher of a private key. Each key has one of its own.
fn cipher(secret: &Secret, id: &str) -> Result<LessSafeKey, SigningError> {
    let key = secret.mac(KeyPurpose::SigningKey, id.as_bytes());
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key)?))
}

/// A nonce, and then the ciphertext.
fn encrypt(secret: &Secret, id: &str, plain: &[u8]) -> Result<Vec<u8>, SigningError> {
    let nonce = Random.bytes::<NONCE_LEN>()?;
    let mut sealed = plain.to_vec();
    let additional = Aad::from(id.as_bytes());
    cipher(secret, id)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), additional, &mut sealed)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(secret: &Secret, key: &SigningKey) -> Result<EcdsaKeyPair, SigningError> {
    let (nonce, sealed) = key.encrypted_private_key.split_first_chunk::<NONCE_LEN>().ok_or(SigningError::Key)?;
    let (mut sealed, additional) = (sealed.to_vec(), Aad::from(key.id.as_bytes()));
    let nonce = Nonce::assume_unique_for_key(*nonce);
    pair(cipher(secret, &key.id)?.open_in_place(nonce, additional, &mut sealed)?)
}

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The user id.
    pub sub: String,
    /// Whom it is for.
    pub aud: String,
    /// When it expires, in Unix seconds.
    pub exp: i64,
    /// When it was issued, in Unix seconds.
    pub iat: i64,
    /// Its id.
    pub jti: String,
    /// The session.
    pub sid: String,
    /// The app.
    pub app: String,
    /// The app again, under the name that RFC 9068 requires.
    pub client_id: String,
    /// What it permits.
    pub scope: String,
    /// Those that the app adds.
    #[serde(flatten, skip_deserializing)]
    pub further: BTreeMap<String, String>,
}

/// Signs `claims` as an access token (RFC 9068).
///
/// # Errors
/// See [`SigningError`].
pub fn sign(secret: &Secret, key: &SigningKey, claims: &Claims) -> Result<String, SigningError> {
    let header = serde_json::to_vec(&Header { typ: TYPE, alg: ALGORITHM, kid: &key.id })?;
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(serde_json::to_vec(claims)?));
    let signature = decrypt(secret, key)?.sign(&SystemRandom::new(), signed.as_bytes())?;
    Ok(format!("{signed}.{}", BASE64.encode(signature)))
}

/// The type of an access token (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// The claims of an access token that one of `keys` has signed; `None` for any other text.
pub fn verify<'a>(token: &str, keys: impl IntoIterator<Item = &'a SigningKey>) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header = BASE64.decode(header).ok()?;
    let header: Header<'_> = serde_json::from_slice(&header).ok().filter(is_ours)?;
    let key = keys.into_iter().find(|key| key.id == header.kid)?;
    let signature = BASE64.decode(signature).ok()?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.public_key);
    public.verify(signed.as_bytes(), &signature).ok()?;
    serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
}

/// Whether the header is one that [`sign`] writes, so that a token can't choose how it is verified (RFC 8725 §3.1).
fn is_ours(header: &Header<'_>) -> bool {
    header.alg == ALGORITHM && header.typ == TYPE
}
