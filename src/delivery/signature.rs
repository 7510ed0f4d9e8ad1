//! Signatures of posts, as the Standard Webhooks specification 1.0 has them.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::secret;

/// What a secret begins with as text.
const PREFIX: &str = "whsec_";

/// The key of a webhook's secret.
#[derive(Clone)]
pub struct WebhookKey(Vec<u8>);

impl WebhookKey {
    /// A key of these bytes.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The key in `text`: that of a secret (`whsec_…`), else the text itself.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let decoded = text.strip_prefix(PREFIX).and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
        Self(decoded.unwrap_or_else(|| text.as_bytes().to_vec()))
    }

    /// The secret as text, to be shown to the operator only.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(&self.0))
    }

    fn sign(&self, signed: &str) -> String {
        format!("v1,{}", BASE64_STANDARD.encode(secret::hmac(&self.0, signed.as_bytes())))
    }
}

/// The headers of a post: its id, the time of the attempt in Unix seconds, and a signature with each key.
#[must_use]
pub fn headers(keys: &[WebhookKey], id: &str, timestamp_secs: i64, body: &str) -> [(&'static str, String); 3] {
    let signed = format!("{id}.{timestamp_secs}.{body}");
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(&signed)).collect();
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp_secs.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}
