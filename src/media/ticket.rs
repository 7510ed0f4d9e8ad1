//! What permits an upload without a session: a signed text in the form of Qiniu's upload tokens, whose clients read the
//! scope from it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde::{Deserialize, Serialize};

use super::image;
use crate::{
    model::{TenantId, UploadId, UserId},
    secret::{KeyPurpose, Secret},
};

/// Stands where Qiniu has the public part of a key.
const ACCESS_KEY: &str = "diglot";

/// Stands where Qiniu has the name of a bucket.
const SCOPE: &str = "avatars";

/// The permission to upload images of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The account's tenant.
    pub tenant: TenantId,
    /// The account.
    pub user: UserId,
    /// When it expires, in Unix seconds.
    pub expires_at_secs: i64,
    /// The id of the only upload that it is for; `None` for any number.
    pub only: Option<UploadId>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    scope: String,
    deadline: i64,
    fsize_limit: usize,
    app: String,
    user: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<String>,
}

impl Ticket {
    /// Its text: `accessKey:sign:policy`.
    ///
    /// # Errors
    /// None that is known; the Result is of the encoding as JSON.
    pub fn sign(&self, secret: &Secret) -> serde_json::Result<String> {
        let policy = Policy {
            scope: SCOPE.to_owned(),
            deadline: self.expires_at_secs,
            fsize_limit: image::MAX_BYTES,
            app: self.tenant.to_string(),
            user: self.user.get(),
            upload: self.only.as_ref().map(|id| id.as_str().to_owned()),
        };
        let policy = URL_SAFE.encode(serde_json::to_vec(&policy)?);
        let sign = URL_SAFE.encode(secret.mac(KeyPurpose::Upload, policy.as_bytes()));
        Ok(format!("{ACCESS_KEY}:{sign}:{policy}"))
    }

    /// The ticket in `text`, if this server has signed it and it has not expired.
    #[must_use]
    pub fn verify(secret: &Secret, text: &str, now_secs: i64) -> Option<Self> {
        let mut parts = text.split(':');
        let (Some(ACCESS_KEY), Some(sign), Some(policy), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let expected = secret.mac(KeyPurpose::Upload, policy.as_bytes());
        let sign = URL_SAFE.decode(sign).ok().filter(|sign| sign.len() == expected.len())?;
        let difference = sign.iter().zip(expected).fold(0, |all, (one, other)| all | (one ^ other));
        if difference != 0 {
            return None;
        }
        let policy: Policy = serde_json::from_slice(&URL_SAFE.decode(policy).ok()?).ok()?;
        let only = match policy.upload {
            Some(id) => Some(UploadId::parse(&id)?),
            None => None,
        };
        let (tenant, user) = (TenantId::stored(policy.app), UserId::stored(policy.user));
        (policy.deadline > now_secs).then_some(Self { tenant, user, expires_at_secs: policy.deadline, only })
    }
}
