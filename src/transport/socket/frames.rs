//! The lengths that frames announce (RFC 6455 §5.2), looked at as they come: the codec behind compares a frame's length only
//! once all of it is there, and would keep as much as someone sends.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_http::error::PayloadError;
use actix_web::{dev::Payload, web::Bytes};
use futures_util::Stream;

/// Where in a frame the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before its first byte.
    FrameHead,
    /// Before its second byte, which tells how the length is written.
    Length,
    /// In a length of so many more bytes, with what came of it, and a mask behind it or none.
    Extended { left: u8, so_far: u64, mask: u64 },
    /// In the rest of the frame, of so many bytes.
    Rest(u64),
}

/// Follows the frames of one direction.
struct Frames {
    place: Place,
    max: u64,
}

impl Frames {
    const MASK: u64 = 4;

    /// Whether no frame in these bytes, nor one that begins in them, is longer than it may be.
    fn are_short(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            self.place = match self.place {
                Place::Rest(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(skipped..).unwrap_or_default();
                    match left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX)) {
                        0 => self.place = Place::FrameHead,
                        left => self.place = Place::Rest(left),
                    }
                    continue;
                }
                Place::FrameHead => Place::Length,
                Place::Length => {
                    let mask = if byte & 0x80 == 0 { 0 } else { Self::MASK };
                    match byte & 0x7f {
                        126 => Place::Extended { left: 2, so_far: 0, mask },
                        127 => Place::Extended { left: 8, so_far: 0, mask },
                        length => Self::rest(u64::from(length), mask),
                    }
                }
                Place::Extended { left, so_far, mask } => {
                    let so_far = so_far << 8 | u64::from(byte);
                    match left {
                        0 | 1 if so_far > self.max => return false,
                        0 | 1 => Self::rest(so_far, mask),
                        left => Place::Extended { left: left - 1, so_far, mask },
                    }
                }
            };
            bytes = rest;
        }
        true
    }

    const fn rest(length: u64, mask: u64) -> Place {
        match length + mask {
            0 => Place::FrameHead,
            rest => Place::Rest(rest),
        }
    }
}

/// What comes through a socket, until a frame announces more than `max` bytes.
pub(super) struct Bounded {
    payload: Payload,
    frames: Frames,
}

impl Bounded {
    pub(super) fn new(payload: Payload, max: usize) -> Self {
        let max = u64::try_from(max).unwrap_or(u64::MAX);
        Self { payload, frames: Frames { place: Place::FrameHead, max } }
    }

    /// As actix takes it.
    pub(super) fn into_payload(self) -> Payload {
        Payload::Stream { payload: Box::pin(self) }
    }
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &polled
            && !self.frames.are_short(bytes)
        {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_short(chunks: &[&[u8]]) -> bool {
        let mut frames = Frames { place: Place::FrameHead, max: 1000 };
        chunks.iter().all(|chunk| frames.are_short(chunk))
    }

    #[test]
    fn a_frame_that_announces_too_much_is_seen_at_its_head_however_it_comes() {
        let huge = [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0];
        assert!(!are_short(&[&huge]));
        assert!(!are_short(&huge.chunks(1).collect::<Vec<_>>()));
        assert!(!are_short(&[&[0x81, 0xfe, 0x03, 0xe9]]));
        let small = [&[0x81, 0x83][..], &[1, 2, 3, 4], b"abc"].concat();
        let long = [&[0x81, 0xfe, 0x03, 0xe8][..], &[0; 1004]].concat();
        let empty = [0x81, 0x00];
        let all = [&small[..], &long, &empty, &small].concat();
        assert!(are_short(&[&all]));
        assert!(are_short(&all.chunks(1).collect::<Vec<_>>()));
        assert!(are_short(&all.chunks(7).collect::<Vec<_>>()));
        assert!(!are_short(&[&all, &huge]));
    }
}
