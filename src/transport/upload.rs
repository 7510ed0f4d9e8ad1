//! Reads uploaded files: the body itself, or the file in a form.

use std::{convert::Infallible, future::ready, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
    web::Bytes,
};
use futures_util::stream;
use multer::Multipart;

use super::{
    access::{gateway, origin},
    body::{self, Limits},
    docs::api_url,
    error::{Error, Protocol, Undecodable},
    openapi::{Described, Description},
};
use crate::{domain::avatars, gateway::Gateway};

/// A file with the rest of its form.
const LIMITS: Limits = Limits { bytes: avatars::MAX_BYTES + 64 * 1024, duration: Duration::from_secs(60) };

/// The largest number of fields of a form.
const MAX_FIELDS: usize = 32;

/// The media types of files.
const MEDIA_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// An uploaded file.
pub struct Upload {
    /// Its bytes, up to [`avatars::MAX_BYTES`].
    pub file: Vec<u8>,
    /// The field `token` of its form.
    pub token: Option<String>,
    /// The field `key` of its form.
    pub key: Option<String>,
}

impl FromRequest for Upload {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let _slot = avatars::begin(gateway(&req)?, &origin(&req)?).await?;
            let bytes =
                body::read_within(LIMITS, &mut payload, req.headers()).await.map_err(|unread| unread.problem)?;
            let upload = match boundary(req.headers()) {
                Some(boundary) => read_form(bytes, boundary).await?,
                None => Self { file: bytes.into(), token: None, key: None },
            };
            match upload.file.len() {
                0..=avatars::MAX_BYTES => Ok(upload),
                _ => Err(Protocol::TooLarge.into()),
            }
        })
    }
}

/// What separates the fields of a form; `None` if the body is not one.
fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(header::CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// The file is the field of that name or, without one, the first field with a file name.
async fn read_form(bytes: Bytes, boundary: String) -> Result<Upload, Error> {
    let mut form = Multipart::new(stream::once(ready(Ok::<_, Infallible>(bytes))), boundary);
    let (mut file, mut token, mut key, mut is_by_name) = (Vec::new(), None, None, false);
    for _ in 0..MAX_FIELDS {
        let Some(field) = form.next_field().await.map_err(malformed)? else {
            return Ok(Upload { file, token, key });
        };
        let (name, has_file_name) = (field.name().unwrap_or_default().to_owned(), field.file_name().is_some());
        let content = field.bytes().await.map_err(malformed)?;
        match name.as_str() {
            "token" => token = String::from_utf8(content.into()).ok(),
            "key" => key = String::from_utf8(content.into()).ok(),
            "file" => (file, is_by_name) = (content.into(), true),
            _ if has_file_name && !is_by_name && file.is_empty() => file = content.into(),
            _ => {}
        }
    }
    Err(malformed(multer::Error::IncompleteStream))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn malformed(error: multer::Error) -> Error {
    Protocol::Undecodable(Undecodable::NotThatMessage(error.to_string())).into()
}

impl Described for Upload {
    fn describe(operation: &mut Description<'_>) {
        operation.file_body(&MEDIA_TYPES);
    }
}

/// The URL of this gateway as the client reached it, without a slash at its end.
pub fn base_url(gateway: &Gateway, req: &HttpRequest) -> String {
    let url = api_url(req);
    if url.is_empty() { gateway.config.issuer() } else { url }
}
