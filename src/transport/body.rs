//! Reads request bodies within limits of size and time; actix has no time limit.

use std::time::Duration;

use actix_web::{
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HeaderMap, UPGRADE},
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt as _;

use super::error::{Protocol, Undecodable};

/// The largest body (security.md 31).
pub const MAX_BYTES: usize = 256 * 1024;

/// How long a body may take to arrive (security.md 33).
const MAX_DURATION: Duration = Duration::from_secs(20);

/// How much of a body is read, and for how long.
#[derive(Clone, Copy)]
pub struct Limits {
    /// The largest body.
    pub bytes: usize,
    /// How long it may take to arrive.
    pub duration: Duration,
}

/// The limits of every body that is not a file.
const GENERAL: Limits = Limits { bytes: MAX_BYTES, duration: MAX_DURATION };

/// A body that could not be read completely.
#[derive(Debug)]
pub struct Unread {
    /// The cause.
    pub problem: Protocol,
    /// The bytes that had arrived by then.
    pub seen: Bytes,
}

/// Reads the whole body.
///
/// # Errors
/// When it is compressed, too large or too slow.
pub async fn read(payload: &mut Payload, headers: &HeaderMap) -> Result<Bytes, Unread> {
    read_within(GENERAL, payload, headers).await
}

/// Reads the whole body within other limits.
///
/// # Errors
/// As [`read`].
pub async fn read_within(limits: Limits, payload: &mut Payload, headers: &HeaderMap) -> Result<Bytes, Unread> {
    // Decompressing a small body could take any amount of memory (security.md 32).
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Unread { problem: Protocol::UnsupportedContentEncoding, seen: Bytes::new() });
    }
    let mut body = BytesMut::new();
    // A client that asks before it sends is answered from the head (RFC 9110 §10.1.1).
    if headers.contains_key(EXPECT) && content_length(headers).is_some_and(|length| length > limits.bytes) {
        return Err(Unread { problem: Protocol::TooLarge, seen: Bytes::new() });
    }
    let length = announced_length(headers);
    let problem =
        match tokio::time::timeout(limits.duration, read_to_end(payload, length, limits.bytes, &mut body)).await {
            Ok(Ok(())) => return Ok(body.freeze()),
            Ok(Err(problem)) => problem,
            Err(_) => Protocol::TooSlow,
        };
    Err(Unread { problem, seen: body.freeze() })
}

/// The declared body length of a request for a protocol upgrade, whose payload stream does not end after the body.
fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(UPGRADE)?;
    Some(content_length(headers).unwrap_or(0))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read_to_end(
    payload: &mut Payload,
    length: Option<usize>,
    max: usize,
    body: &mut BytesMut,
) -> Result<(), Protocol> {
    while length.is_none_or(|length| body.len() < length) {
        let Some(chunk) = payload.next().await else { return Ok(()) };
        let chunk = chunk.map_err(|error| Protocol::Undecodable(Undecodable::NotThatMessage(error.to_string())))?;
        if body.len() + chunk.len() > max {
            let room = max.saturating_sub(body.len());
            body.extend_from_slice(chunk.get(..room).unwrap_or_default());
            return Err(Protocol::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}
