//! Checks the declared length of frames (RFC 6455 §5.2) as their bytes arrive: the codec behind checks a frame's length
//! only once all of it has arrived, and would buffer any amount of data until then.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_http::error::PayloadError;
use actix_web::{dev::Payload, web::Bytes};
use futures_util::Stream;

/// The position of the next byte within a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Before its first byte.
    FrameHead,
    /// Before its second byte, which holds the length or the size of the extended length.
    Length,
    /// In the extended length: the number of bytes left, the value so far, and the length of the mask that follows.
    Extended { left: u8, so_far: u64, mask: u64 },
    /// In the remaining bytes of the frame, of which there are this many.
    Rest(u64),
}

/// Tracks the frames of one direction.
struct Frames {
    position: Position,
    max: u64,
}

impl Frames {
    const MASK: u64 = 4;

    /// Whether every frame that lies in these bytes or begins in them is within the maximum length.
    fn are_within_limit(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            self.position = match self.position {
                Position::Rest(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(skipped..).unwrap_or_default();
                    match left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX)) {
                        0 => self.position = Position::FrameHead,
                        left => self.position = Position::Rest(left),
                    }
                    continue;
                }
                Position::FrameHead => Position::Length,
                Position::Length => {
                    let mask = if byte & 0x80 == 0 { 0 } else { Self::MASK };
                    match byte & 0x7f {
                        126 => Position::Extended { left: 2, so_far: 0, mask },
                        127 => Position::Extended { left: 8, so_far: 0, mask },
                        length => Self::rest(u64::from(length), mask),
                    }
                }
                Position::Extended { left, so_far, mask } => {
                    let so_far = so_far << 8 | u64::from(byte);
                    match left {
                        0 | 1 if so_far > self.max => return false,
                        0 | 1 => Self::rest(so_far, mask),
                        left => Position::Extended { left: left - 1, so_far, mask },
                    }
                }
            };
            bytes = rest;
        }
        true
    }

    const fn rest(length: u64, mask: u64) -> Position {
        match length + mask {
            0 => Position::FrameHead,
            rest => Position::Rest(rest),
        }
    }
}

/// The payload of a socket; fails at the first frame that declares more than `max` bytes.
pub(super) struct Bounded {
    payload: Payload,
    frames: Frames,
}

impl Bounded {
    pub(super) fn new(payload: Payload, max: usize) -> Self {
        let max = u64::try_from(max).unwrap_or(u64::MAX);
        Self { payload, frames: Frames { position: Position::FrameHead, max } }
    }

    pub(super) fn into_payload(self) -> Payload {
        Payload::Stream { payload: Box::pin(self) }
    }
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &polled
            && !self.frames.are_within_limit(bytes)
        {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_within_limit(chunks: &[&[u8]]) -> bool {
        let mut frames = Frames { position: Position::FrameHead, max: 1000 };
        chunks.iter().all(|chunk| frames.are_within_limit(chunk))
    }

    #[test]
    fn an_oversized_frame_is_detected_at_its_head_however_the_bytes_are_split() {
        let huge = [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0];
        assert!(!are_within_limit(&[&huge]));
        assert!(!are_within_limit(&huge.chunks(1).collect::<Vec<_>>()));
        assert!(!are_within_limit(&[&[0x81, 0xfe, 0x03, 0xe9]]));
        let small = [&[0x81, 0x83][..], &[1, 2, 3, 4], b"abc"].concat();
        let long = [&[0x81, 0xfe, 0x03, 0xe8][..], &[0; 1004]].concat();
        let empty = [0x81, 0x00];
        let all = [&small[..], &long, &empty, &small].concat();
        assert!(are_within_limit(&[&all]));
        assert!(are_within_limit(&all.chunks(1).collect::<Vec<_>>()));
        assert!(are_within_limit(&all.chunks(7).collect::<Vec<_>>()));
        assert!(!are_within_limit(&[&all, &huge]));
    }
}
