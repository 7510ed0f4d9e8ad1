//! Images in a bucket, with presigned requests.

use std::time::Duration;

use rusty_s3::{
    Bucket, Credentials, S3Action as _, UrlStyle,
    actions::{DeleteObject, GetObject, PutObject},
};
use ureq::Agent;

use super::{MediaError, url::BucketUrl};
use crate::{http_client, model::MediaName};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a signature is valid.
const VALID: Duration = Duration::from_secs(60);

/// More than any image has.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A bucket.
pub struct S3 {
    bucket: Bucket,
    credentials: Credentials,
    agent: Agent,
}

impl S3 {
    pub(super) fn new(url: &BucketUrl) -> Result<Self, MediaError> {
        let style = if url.has_path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(url.endpoint.clone(), style, url.bucket.clone(), url.region.clone());
        Ok(Self {
            bucket: bucket.map_err(|error| MediaError(error.to_string()))?,
            credentials: Credentials::new(url.key.clone(), url.secret.clone()),
            agent: http_client::config(Some(TIMEOUT)).new_agent(),
        })
    }

    pub(super) fn put(&self, name: &MediaName, bytes: &[u8]) -> Result<(), MediaError> {
        let url = PutObject::new(&self.bucket, Some(&self.credentials), name.as_str()).sign(VALID);
        let request = self.agent.put(url.as_str()).header("content-type", name.format().media_type());
        match request.send(bytes).map_err(failed)?.status().as_u16() {
            200..300 => Ok(()),
            status => Err(refused(status)),
        }
    }

    pub(super) fn find(&self, name: &MediaName) -> Result<Option<Vec<u8>>, MediaError> {
        let url = GetObject::new(&self.bucket, Some(&self.credentials), name.as_str()).sign(VALID);
        let mut response = self.agent.get(url.as_str()).call().map_err(failed)?;
        match response.status().as_u16() {
            200 => response.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map(Some).map_err(failed),
            404 => Ok(None),
            status => Err(refused(status)),
        }
    }

    pub(super) fn delete(&self, name: &MediaName) -> Result<(), MediaError> {
        let url = DeleteObject::new(&self.bucket, Some(&self.credentials), name.as_str()).sign(VALID);
        match self.agent.delete(url.as_str()).call().map_err(failed)?.status().as_u16() {
            200..300 | 404 => Ok(()),
            status => Err(refused(status)),
        }
    }
}

/// Errors of the agent can quote the URL, which has the signature.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: ureq::Error) -> MediaError {
    let text = error.to_string();
    MediaError(if text.contains("X-Amz-") { "the request failed".to_owned() } else { text })
}

fn refused(status: u16) -> MediaError {
    MediaError(format!("it answered HTTP {status}"))
}
